/** Stands between one replica and the API server, and tells of each write, before it is sent and after it is answered. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';
import { OPERATOR } from '../cluster/index.ts';

/** Whether the write goes on; if not, its connection is cut. */
export type OnWrite = (when: 'before' | 'after', what: string) => Promise<'on' | 'cut'> | 'on' | 'cut';

export interface KillingProxy {
  /** Of the operator's account, by way of the proxy. */
  readonly kubeconfig: string;
  onWrite: OnWrite;
  close(): void;
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Not part of what is done for an object: of the Lease, and questions. */
const OTHERS = /\/(leases|tokenreviews|subjectaccessreviews|secrets)(\/|$)/;

export async function killingProxy(cluster: Cluster): Promise<KillingProxy> {
  const { hostname, port } = new URL(cluster.server);
  const agent = new Agent({ keepAlive: true, ca: readFileSync(cluster.ca) });
  const server = createServer({
    cert: readFileSync(join(cluster.dir, 'serving.crt')),
    key: readFileSync(join(cluster.dir, 'serving.key')),
  });
  server.on('tlsClientError', () => {});
  const self = { onWrite: (() => 'on') as OnWrite };

  server.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = asked;
    const path = url.split('?')[0] ?? '';
    const isWrite = WRITES.has(method) && !OTHERS.test(path);
    const what = `${method} ${nameOf(path)}`;
    const cut = () => void asked.socket.destroy();
    asked.on('error', () => {});
    answer.on('error', () => {});
    void (async () => {
      if (isWrite && (await self.onWrite('before', what)) === 'cut') return cut();
      const onward = request({ hostname, port, method, path: url, headers, agent }, (got) => {
        void (async () => {
          got.on('error', cut);
          if (isWrite && (await self.onWrite('after', what)) === 'cut') return cut();
          answer.writeHead(got.statusCode ?? 502, got.headers);
          answer.flushHeaders();
          got.pipe(answer);
        })();
      });
      onward.on('error', cut);
      answer.on('close', () => onward.destroy());
      asked.pipe(onward);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const direct = await cluster.kubeconfigFor(OPERATOR);
  const kubeconfig = `${direct}.proxied`;
  const here = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(kubeconfig, readFileSync(direct, 'utf8').replaceAll(cluster.server, here), { mode: 0o600 });
  return Object.assign(self, {
    kubeconfig,
    close: () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  });
}

/** `team-a/trustpolicies/status`: without the object's name. */
function nameOf(path: string): string {
  const parts = /\/namespaces\/([^/]+)\/([^/]+)(?:\/[^/]+)?(\/status)?$/.exec(path);
  return parts ? `${parts[1]}/${parts[2]}${parts[3] ?? ''}` : path;
}
