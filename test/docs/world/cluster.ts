/**
 * The world `cluster`: a real API server, with the operator as a process under its own account and RBAC, at
 * https://trustmint.trustmint-system.svc:8443 (ops: 127.0.0.1:8444). There is no node: Pods are made and do not run.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { install, OPERATOR, startCluster, until } from '../../e2e/cluster/index.ts';
import { ROOT } from '../support.ts';
import { atEnd, put, serveWorld, trusting, WORK } from './inside.ts';
import { cloneIn } from './namespace.ts';

const ISSUER = 'https://trustmint.trustmint-system.svc:8443';

/** A policy that says too much, and what people of the pages are. */
const MORE = `
apiVersion: trustmint.dev/v1alpha1
kind: TrustPolicy
metadata: { name: wrong, namespace: ai-agents }
spec:
  provider: kubernetes
  audience: satgate
  trustRules: [{ name: other, match: { namespace: other, serviceAccount: x }, issue: {} }]
---
apiVersion: v1
kind: Namespace
metadata: { name: platform }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: platform }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: trustmint-explain }
subjects: [{ kind: ServiceAccount, name: reader, namespace: platform }]
`;

/** What the workload gets for its proof, once its policy is served. */
async function tokenFor(credentials: string): Promise<string> {
  let token = '';
  await until(30_000, async () => {
    const args = ['-s', '--cacert', join(WORK, 'tls.crt'), `${ISSUER}/api/mint/exchange`];
    const body = ['-H', 'content-type: application/json', '-d', JSON.stringify({ credentials })];
    const { stdout } = await promisify(execFile)('/usr/bin/curl', [...args, ...body]);
    token = (JSON.parse(stdout) as { token?: string }).token ?? '';
    return token !== '';
  });
  return token;
}

cloneIn(WORK);
const cluster = await startCluster({ controllerManager: true });
atEnd(() => cluster.stop());
await install(cluster);
await cluster.run({
  name: 'operator',
  path: process.execPath,
  flags: [
    ...[join(ROOT, 'src/main.ts'), 'serve', '--kubeconfig', await cluster.kubeconfigFor(OPERATOR)],
    ...['--namespace', OPERATOR.namespace, '--issuer', ISSUER],
    // Not loopback: there the ops listener speaks no TLS.
    ...['--listen', '127.0.0.1:8443', '--ops-listen', '0.0.0.0:8444'],
    ...['--tls-self-signed', 'trustmint.trustmint-system.svc,localhost'],
  ],
  readyUrl: 'https://127.0.0.1:8444/readyz',
});
await until(60_000, async () => {
  const ca = ['-n', OPERATOR.namespace, 'get', 'configmap', 'trustmint-ca', '-o', 'jsonpath={.data.ca\\.crt}'];
  return put('tls.crt', await cluster.kubectl(ca)) !== '';
});
await cluster.kubectl(['apply', '-f', join(ROOT, 'examples/kubernetes/research-agent.yaml')]);
await cluster.apply(MORE);
await cluster.kubectl(['config', 'set-context', '--current', '--namespace=ai-agents']);
for (const policy of ['research', 'wrong']) {
  const phase = ['get', 'tpol', policy, '-n', 'ai-agents', '-o', 'jsonpath={.status.phase}'];
  await until(30_000, async () => (await cluster.kubectl(phase)) !== '');
}
// The leader says so seconds after it leads.
const summary = [
  'get',
  'lease',
  'trustmint',
  '-n',
  OPERATOR.namespace,
  '-o',
  'jsonpath={.metadata.annotations.trustmint\\.dev/keys}',
];
await until(60_000, async () => (await cluster.kubectl(summary)) !== '');
const workload = { namespace: 'ai-agents', serviceAccount: 'research-agent', audience: 'satgate' };
const proof = put('proof', await cluster.token(workload));
put('token.txt', await tokenFor(proof));
await serveWorld({
  ...trusting(join(WORK, 'tls.crt')),
  KUBECONFIG: cluster.adminKubeconfig,
  PROOF: proof,
});
