/** Requests of the administrator that a client of collections does not know. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import type { Cluster } from '../cluster/index.ts';

export class RawError extends Error {
  readonly status: number;
  constructor(what: string, status: number, said: string) {
    super(`${what}: ${status} ${said.slice(0, 300)}`);
    this.status = status;
  }
}

export type Raw = (method: 'POST' | 'DELETE', path: string, body: object) => Promise<Record<string, unknown>>;

export async function rawApi({ server, adminKubeconfig }: Cluster): Promise<Raw & { close(): void }> {
  const { clusters, users } = parse(await readFile(adminKubeconfig, 'utf8'));
  const files = [clusters[0].cluster['certificate-authority'], users[0].user['client-certificate']];
  const [ca, cert, key] = await Promise.all([...files, users[0].user['client-key']].map((file) => readFile(file)));
  const agent = new Agent({ keepAlive: true, ca, cert, key });
  const raw: Raw = (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) };
      const asked = request(`${server}${path}`, { method, agent, headers, timeout: 10_000 }, async (answer) => {
        const said = await text(answer).catch(() => '');
        const status = answer.statusCode ?? 0;
        if (status >= 300) reject(new RawError(`${method} ${path}`, status, said));
        else resolve(JSON.parse(said));
      });
      asked.once('timeout', () => asked.destroy(new Error('no answer')));
      asked.once('error', reject);
      asked.end(sent);
    });
  return Object.assign(raw, { close: () => agent.destroy() });
}
