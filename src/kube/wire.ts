/** One request on the wire: connections, credentials, caps. No retries, no deadlines, no meaning. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { CredentialSource, Credentials } from './credentials.ts';
import { errorOfStatus, type KubeApiError, networkError, ownError } from './errors.ts';
import { orAbort } from './waits.ts';

export interface Call {
  /** The request for messages: `list trustpolicies`. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly accept?: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Bytes of the answer at most. */
  readonly maxBytes: number;
}

type OnStatus = (status: number) => void;

interface Agents {
  readonly for: Credentials;
  readonly requests: Agent;
  readonly watches: Agent;
}

const ERROR_BYTES = 65_536;

export class Wire {
  readonly #source: CredentialSource;
  readonly #userAgent: string;
  readonly #onDate: (() => (date: string | undefined) => void) | undefined;
  #agents: Agents | undefined;

  /** @param onDate called as a request is sent; what it returns, with the `Date` of the server's answer */
  constructor(source: CredentialSource, userAgent: string, onDate?: () => (date: string | undefined) => void) {
    this.#source = source;
    this.#userAgent = userAgent;
    this.#onDate = onDate;
  }

  /**
   * @param onStatus told of each answer
   * @returns the body of a 2xx
   * @throws KubeApiError
   */
  async send(call: Call, signal: AbortSignal, onStatus: OnStatus): Promise<string> {
    const answer = await this.#ask(call, 'requests', signal, onStatus);
    return text(call, answer, call.maxBytes);
  }

  /**
   * Opens a watch: its body is the caller's to read.
   * @throws KubeApiError
   */
  open(call: Call, signal: AbortSignal, onStatus: OnStatus): Promise<IncomingMessage> {
    return this.#ask(call, 'watches', signal, onStatus);
  }

  /** Ends all connections, watches too. */
  close(): void {
    this.#agents?.requests.destroy();
    this.#agents?.watches.destroy();
    this.#agents = undefined;
  }

  /** Refused credentials are read again, once: nothing was done with the request. */
  async #ask(
    call: Call,
    pool: 'requests' | 'watches',
    signal: AbortSignal,
    onStatus: OnStatus,
  ): Promise<IncomingMessage> {
    // A kubeconfig may name a program to ask, which may hang.
    const credentials = await orAbort(this.#source.current(), signal);
    let answer = await this.#exchange(call, credentials, pool, signal);
    onStatus(answer.statusCode ?? 0);
    if (answer.statusCode === 401) {
      const fresh = await orAbort(this.#source.renew(credentials), signal);
      if (!sameIdentity(fresh, credentials)) {
        answer.resume();
        answer = await this.#exchange(call, fresh, pool, signal);
        onStatus(answer.statusCode ?? 0);
      }
    }
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return answer;
    throw await errorOf(call, status, answer);
  }

  #exchange(
    call: Call,
    credentials: Credentials,
    pool: 'requests' | 'watches',
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const agent = this.#agentsFor(credentials)[pool];
    const { server } = credentials;
    const body = call.body === undefined ? undefined : Buffer.from(call.body);
    const dated = this.#onDate?.();
    return new Promise((resolve, reject) => {
      const req = request(
        {
          agent,
          signal,
          method: call.method,
          host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: server.port || 443,
          path: `${server.pathname.replace(/\/$/, '')}${call.path}`,
          headers: {
            ...credentials.headers,
            accept: call.accept ?? 'application/json',
            'user-agent': this.#userAgent,
            // Node states no length for a DELETE: the server would not see the preconditions in its body.
            ...(call.method !== 'GET' && { 'content-length': body?.length ?? 0 }),
            ...(body && { 'content-type': call.contentType ?? 'application/json' }),
          },
        },
        (res) => {
          // An abort after the headers must not be an uncaught error where nobody reads the body.
          res.on('error', () => {});
          // A 5xx may be of a proxy before it.
          if ((res.statusCode ?? 500) < 500) dated?.(res.headers.date);
          resolve(res);
        },
      );
      req.on('error', (cause) => reject(networkError(call.what, cause)));
      req.end(body);
    });
  }

  /** Connections are of one CA and one certificate; when those change, none of the old ones goes on. */
  #agentsFor(credentials: Credentials): Agents {
    const old = this.#agents;
    if (old && (old.for === credentials || sameConnection(old.for, credentials))) return old;
    this.#agents = { for: credentials, requests: agentFor(credentials, 32), watches: agentFor(credentials, Infinity) };
    if (old) {
      old.watches.destroy();
      // Requests under way may end: a write that is cut has an unknown outcome.
      old.requests.maxFreeSockets = 0;
      for (const socket of Object.values(old.requests.freeSockets).flat()) socket?.destroy();
    }
    return this.#agents;
  }
}

function agentFor({ ca, cert, key, servername }: Credentials, maxSockets: number): Agent {
  return new Agent({
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    // Said, for NODE_TLS_REJECT_UNAUTHORIZED would undo the default.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxSockets,
    // Below the 90 s after which the server closes an idle connection.
    timeout: 60_000,
  });
}

function sameConnection(a: Credentials, b: Credentials): boolean {
  const pairs = [
    [a.ca, b.ca],
    [a.cert, b.cert],
    [a.key, b.key],
  ] as const;
  return a.server.href === b.server.href && a.servername === b.servername && pairs.every(([x, y]) => sameBytes(x, y));
}

function sameIdentity(a: Credentials, b: Credentials): boolean {
  return sameConnection(a, b) && a.headers.Authorization === b.headers.Authorization;
}

function sameBytes(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.from(a).equals(Buffer.from(b));
}

async function text(call: Call, answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw networkError(call.what, cause);
  }
  if (size > maxBytes) {
    answer.destroy();
    throw ownError(call.what, 'TooLarge', `more than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function errorOf(call: Call, status: number, answer: IncomingMessage): Promise<KubeApiError> {
  const { 'retry-after': after } = answer.headers;
  let body: unknown;
  try {
    body = JSON.parse(await text(call, answer, ERROR_BYTES));
  } catch {
    // The status says enough.
  }
  return errorOfStatus(call.what, status, body, after);
}
