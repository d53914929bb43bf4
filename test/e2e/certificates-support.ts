/** Replicas with a certificate of their own, and clients that have nothing but the ConfigMap. */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type Cluster, OPERATOR, type Operator, startOperator } from './cluster/index.ts';
import { type Asked, askSecurely } from './secure-ask.ts';

export const CONFIG_MAP = 'trustmint-ca';
export const SECRET = 'trustmint-tls';

/** What somebody makes in a namespace whose workloads are to find the CA. */
export const caFor = (namespace: string) => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CONFIG_MAP, namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: CONFIG_MAP, namespace },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [CONFIG_MAP], verbs: ['get', 'update'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: CONFIG_MAP, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: CONFIG_MAP },
    subjects: [{ kind: 'ServiceAccount', name: OPERATOR.serviceAccount, namespace: OPERATOR.namespace }],
  },
];

export type Data = Readonly<Record<string, string>>;

/** As `kubectl get` says: of a Secret in base64. */
export async function dataOf(cluster: Cluster, kind: 'secret' | 'configmap', namespace: string, name: string) {
  const { code, out } = await cluster.tryKubectl(['-n', namespace, 'get', kind, name, '-o', 'json']);
  return code === 0 ? ((JSON.parse(out) as { data?: Data }).data ?? {}) : undefined;
}

export const bundleIn = async (cluster: Cluster, namespace: string): Promise<string> =>
  (await dataOf(cluster, 'configmap', namespace, CONFIG_MAP))?.['ca.crt'] ?? '';

export async function startSecure(cluster: Cluster, flags: readonly string[]): Promise<Operator> {
  const operator = await startOperator(cluster, { flags });
  return { ...operator, url: operator.url.replace('http:', 'https:') };
}

/** A replica whose wall clock a test sets. No other process may be started meanwhile. */
export async function startClocked(cluster: Cluster, flags: readonly string[]) {
  const file = join(cluster.dir, 'clock');
  const setClock = (offsetMs: number) => writeFileSync(file, String(offsetMs));
  setClock(0);
  process.env.TEST_CLOCK_JUMP = file;
  process.env.NODE_OPTIONS = `--import=${join(import.meta.dirname, 'bad-days/clock-jump.ts')}`;
  try {
    return { ...(await startSecure(cluster, flags)), setClock };
  } finally {
    delete process.env.NODE_OPTIONS;
    delete process.env.TEST_CLOCK_JUMP;
  }
}

/** What a replica shows whoever connects; undefined while there is nothing. */
export function shown({ url }: Pick<Operator, 'url'>): Promise<X509Certificate | undefined> {
  return new Promise((resolve) => {
    const port = Number(new URL(url).port);
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
    socket.on('secureConnect', () => resolve(new X509Certificate(socket.end().getPeerCertificate().raw)));
    socket.on('error', () => resolve(undefined));
  });
}

/** An exchange by somebody who knows the server by this name and trusts this CA alone. */
export function exchangeOver({ url }: Operator, proof: string, ca: string, servername: string): Promise<Asked> {
  const port = Number(new URL(url).port);
  return askSecurely({ port, servername, ca, path: '/api/mint/exchange', body: { credentials: proof } });
}
