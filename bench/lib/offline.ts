/** An offline verifier: what it knows is what it polled last. It judges by examples/gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../test/e2e/soak/ask.ts';
import { type GatewayContext, indexRevocations, verify } from '../../test/e2e/soak/gateway.ts';

export interface OfflineVerifier {
  /** When the verifier first refused the token as revoked. */
  refused(token: string): Promise<number>;
  /** How long each poll took, with the judging of nothing: milliseconds. */
  readonly polls: readonly number[];
  close(): Promise<void>;
}

export interface OfflineSettings {
  /** Base URLs, in turn. */
  readonly mints: readonly string[];
  readonly resource: string;
  readonly bearer: string;
  /** Milliseconds between two polls. */
  readonly interval: number;
}

export function pollOffline({ mints, resource, bearer, interval }: OfflineSettings): OfflineVerifier {
  const controller = new AbortController();
  const pending = new Map<string, (at: number) => void>();
  const polls: number[] = [];
  const read = async (url: string, what: 'keys' | 'revocations') => {
    const { status, body } = await ask({ url, path: `/api/mint/${what}?resource=${resource}`, bearer });
    if (status !== 200) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const poll = async (url: string) => {
    const began = performance.now();
    const { keys } = (await read(url, 'keys')) as { keys: { kid: string; key: string }[] };
    const { entries } = (await read(url, 'revocations')) as { entries: object[] };
    polls.push(performance.now() - began);
    const now = Date.now() / 1000;
    const revocations = indexRevocations(entries);
    for (const [token, resolve] of pending) {
      if (!isRevoked(token, { audience: resource, keys, revocations, now, call: {} })) continue;
      pending.delete(token);
      resolve(performance.now());
    }
  };
  const polling = (async () => {
    for (let i = 0; !controller.signal.aborted; i += 1) {
      await poll(mints[i % mints.length] as string);
      await sleep(interval, undefined, { signal: controller.signal }).catch(() => {});
    }
  })();
  polling.catch((error: unknown) => console.error('the offline verifier failed', error));
  return {
    refused: (token) => new Promise((resolve) => pending.set(token, resolve)),
    polls,
    async close() {
      controller.abort();
      await polling;
    },
  };
}

/** @throws Error if it is refused for anything else: then nothing was measured */
function isRevoked(token: string, context: GatewayContext): boolean {
  try {
    verify(token, context);
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== 'revoked') throw error;
    return true;
  }
}
