/** One request over TLS to a port of this machine that leads to something with a name of its own. */
import { request } from 'node:https';

export interface Asked {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Question {
  readonly port: number;
  /** Whom its certificate must be for. */
  readonly servername: string;
  /** PEM. */
  readonly ca: string;
  readonly path: string;
  readonly body: object;
  readonly bearer?: string;
}

/** @throws Error if there is no answer, or nobody of that name */
export function askSecurely({ port, servername, ca, path, body, bearer }: Question): Promise<Asked> {
  const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername, ca, path, method: 'POST', headers, agent: false } as const;
    const sent = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Asked['body'] }));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
