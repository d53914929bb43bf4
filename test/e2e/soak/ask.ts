/** One HTTP request on a kept connection, and when its answer was there. */
import { Agent, request } from 'node:http';

export interface Question {
  /** Base URL. */
  readonly url: string;
  readonly path: string;
  /** Sent as JSON with POST; absent: GET. */
  readonly body?: object;
  readonly bearer?: string;
  /** Milliseconds; default 30,000. */
  readonly within?: number;
}

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of this process's monotonic clock, milliseconds: when the answer was there. */
  readonly at: number;
}

const GIVE_UP = 30_000;
const AGENT = new Agent({ keepAlive: true, maxSockets: 64 });

/** @throws Error if there is no answer in time, or none in JSON */
export function ask(question: Question): Promise<Answered> {
  const { url, path, body, bearer, within = GIVE_UP } = question;
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
  const options = { method: text === undefined ? 'GET' : 'POST', headers, agent: AGENT };
  const asked = request(new URL(path, url), options, (answer) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    answer.on('error', reject);
    answer.on('end', () => {
      const at = performance.now();
      try {
        const read = JSON.parse(Buffer.concat(parts).toString()) as Answered['body'];
        resolve({ status: answer.statusCode ?? 0, body: read, at });
      } catch {
        reject(new Error(`${url} answers ${answer.statusCode} without JSON`));
      }
    });
  });
  asked.on('error', (error: NodeJS.ErrnoException) => {
    // The server ended a kept connection that nobody used: no answer to this question.
    if (asked.reusedSocket && error.code === 'ECONNRESET') resolve(ask(question));
    else reject(error);
  });
  const timer = setTimeout(() => asked.destroy(new Error(`${url} does not answer within ${within} ms`)), within);
  asked.on('close', () => clearTimeout(timer));
  asked.end(text);
  return promise;
}
