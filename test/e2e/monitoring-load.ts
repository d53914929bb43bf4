/** Callers of two replicas: workloads that are given tokens, some that are not, and a gateway. Little, but all the time. */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadOrder {
  /** Base URLs of the replicas, https. */
  readonly urls: readonly string[];
  /** PEM. */
  readonly ca: string;
  /** Proofs that are given a token for `resource`, and some that are not. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
  readonly resource: string;
  /** A proof of one of the resource's verifiers. */
  readonly verifier: string;
}

export interface Load {
  /** Correlation ids of all answers to exchanges. */
  readonly ids: ReadonlySet<string>;
  /** Exchanges by status; 0: no answer. */
  readonly statuses: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Milliseconds between two of a caller's requests. */
const PAUSE = 10;

export function startLoad({ urls, ca, good, bad, resource, verifier }: LoadOrder): Load {
  const agent = new Agent({ keepAlive: true, ca, servername: 'localhost' });
  const ids = new Set<string>();
  const statuses = new Map<number, number>();
  const ended = new AbortController();

  async function ask(url: string, path: string, body?: string, bearer?: string): Promise<Answer> {
    await sleep(PAUSE);
    const json = body?.startsWith('{');
    const headers = {
      ...(body !== undefined && { 'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded' }),
      ...(bearer && { authorization: `Bearer ${bearer}` }),
    };
    return new Promise((resolve) => {
      const asked = request(
        `${url}${path}`,
        { method: body === undefined ? 'GET' : 'POST', headers, agent },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
        },
      );
      asked.once('error', () => resolve({ status: 0, body: '' }));
      asked.end(body);
    });
  }
  async function exchange(url: string, proof: string): Promise<string | undefined> {
    const body = JSON.stringify({ credentials: proof, resource });
    const answer = await ask(url, '/api/mint/exchange', body);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 0) return undefined;
    const { correlation_id, token } = JSON.parse(answer.body) as { correlation_id: string; token?: string };
    ids.add(correlation_id);
    return token;
  }
  async function round(url: string, turn: number): Promise<void> {
    const token = await exchange(url, good[turn % good.length]!);
    await exchange(url, bad[turn % bad.length]!);
    await ask(url, '/oauth2/jwks');
    if (token === undefined) return;
    await ask(url, '/api/mint/verify', JSON.stringify({ token, resource }), verifier);
    await ask(url, '/oauth2/introspect', `${new URLSearchParams({ token })}`, verifier);
    if (turn % 20 === 0) await ask(url, '/oauth2/revoke', `${new URLSearchParams({ token })}`);
  }
  const callers = urls.map(async (url) => {
    for (let turn = 0; !ended.signal.aborted; turn += 1) await round(url, turn);
  });
  return {
    ids,
    statuses,
    async stop() {
      ended.abort();
      await Promise.all(callers);
      agent.destroy();
    },
  };
}
