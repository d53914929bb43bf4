/** One HTTP request on a kept connection, and when its answer was there. */
import { Agent, request } from 'node:http';

export interface Question {
  /** Base URL. */
  readonly url: string;
  readonly path: string;
  /** Sent as JSON with POST; absent: GET. */
  readonly body?: object;
  readonly bearer?: string;
}

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of this process's monotonic clock, milliseconds: when the answer was there. */
  readonly at: number;
}

const GIVE_UP = 30_000;
const AGENT = new Agent({ keepAlive: true, maxSockets: 64 });

/** @throws Error if there is no answer within 30 s, or none in JSON */
export function ask({ url, path, body, bearer }: Question): Promise<Answered> {
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
  asked.on('error', reject);
  asked.setTimeout(GIVE_UP, () => asked.destroy(new Error(`${url} does not answer`)));
  asked.end(text);
  return promise;
}
