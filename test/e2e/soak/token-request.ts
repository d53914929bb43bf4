/** Proofs of service accounts by the hundred: TokenRequest, without a kubectl process for each. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';

export interface TokenRequests {
  /** A token of the account, good for an hour. @throws Error where there is none */
  token(namespace: string, serviceAccount: string, audience: string): Promise<string>;
  close(): void;
}

const SECONDS = 3_600;
const DEADLINE = 15_000;

/** As the administrator. */
export function tokenRequests(cluster: Pick<Cluster, 'server' | 'ca' | 'dir'>): TokenRequests {
  const file = (name: string) => readFileSync(join(cluster.dir, name));
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(cluster.ca),
    cert: file('admin.crt'),
    key: file('admin.key'),
  });
  return {
    token(namespace, serviceAccount, audience) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const spec = { audiences: [audience], expirationSeconds: SECONDS };
      const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const asked = request(new URL(path, cluster.server), { method: 'POST', agent, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          if (answer.statusCode !== 201) return reject(new Error(`TokenRequest: ${answer.statusCode} ${text}`));
          resolve((JSON.parse(text) as { status: { token: string } }).status.token);
        });
      });
      asked.on('error', reject);
      asked.setTimeout(DEADLINE, () => asked.destroy(new Error('TokenRequest: no answer')));
      asked.end(body);
      return promise;
    },
    close: () => agent.destroy(),
  };
}
