/** A cluster whose installations serve some namespaces, under the rights that the chart gives them, and what they ask. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/types.ts';
import { render } from '../chart/support.ts';
import { type Cluster, type Operator, OWN_ISSUER, startCluster, startOperator } from './cluster/index.ts';
import { account, administrator, get, namespaceNamed, post } from './serve-support.ts';

/** Of the release `trustmint`. */
export const OWN = 'trustmint-system';
/** Of the release `two`. */
export const OTHER = 'mint-two';
const ACCOUNTS = { [OWN]: 'trustmint', [OTHER]: 'two-trustmint' };
const ROOT = join(import.meta.dirname, '../..');
const RIGHTS = /^(ServiceAccount|(Cluster)?Role(Binding)?|ValidatingAdmissionPolicy(Binding)?)$/;

export const clusterPolicy = (name: string, serviceAccount: string) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ClusterTrustPolicy',
  metadata: { name },
  spec: {
    provider: 'kubernetes',
    audience: 'satgate',
    trustRules: [{ name: 'all', match: { serviceAccount }, issue: { ttl: '1h', resources: ['api'] } }],
  },
});
export const resource = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: 'api' },
  spec: {
    audience: 'api-aud',
    grantableFrom: { namespaces: ['*'] },
    verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
  },
};
export const dead = (namespace: string, name: string, spec: object) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'TokenRevocation',
  metadata: { namespace, name },
  spec,
});

/** A request of one of the operators, as the API server noted it. */
export interface Asked {
  readonly verb: string;
  readonly user: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly code: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface Scoped {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  /** Gives an installation what the chart gives it for these namespaces. */
  grant(installation: typeof OWN | typeof OTHER, namespaces: readonly string[]): Promise<void>;
  start(installation: typeof OWN | typeof OTHER, namespaces: readonly string[]): Promise<Operator>;
  /** The message of a readiness check; undefined: there is none. */
  says(operator: Operator, check: string): Promise<string | undefined>;
  verify(operator: Operator, token: unknown): Promise<unknown>;
  asked(): Asked[];
  stop(): Promise<void>;
}

export async function startScoped(namespaces: readonly string[]): Promise<Scoped> {
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-audit-'));
  const [policy, log] = [join(dir, 'policy.json'), join(dir, 'audit.log')];
  const users = Object.entries(ACCOUNTS).map(([namespace, name]) => `system:serviceaccount:${namespace}:${name}`);
  writeFileSync(
    policy,
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata', users }, { level: 'None' }],
    }),
  );
  const apiserverFlags = [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, '--audit-log-mode=blocking'];
  // Ending a namespace is a controller's work.
  const cluster = await startCluster({ controllerManager: true, apiserverFlags });
  const admin = await administrator(cluster);
  let bearer: Promise<string> | undefined;
  const scoped: Scoped = {
    cluster,
    admin,
    async grant(installation, watched) {
      const release = installation === OWN ? 'trustmint' : 'two';
      const flags = [
        `--namespace=${installation}`,
        `--set=watchNamespaces={${watched.join(',')}}`,
        '--set=crds.enabled=false',
      ];
      const objects = (await render(flags, 'helm', release)).filter(
        ({ kind, metadata }) => RIGHTS.test(kind) && !metadata.annotations?.['helm.sh/hook'],
      );
      await cluster.apply(objects);
    },
    async start(installation, watched) {
      const kubeconfig = await cluster.kubeconfigFor({
        namespace: installation,
        serviceAccount: ACCOUNTS[installation],
      });
      const flags = [`--namespace=${installation}`, `--watch-namespaces=${watched.join(',')}`];
      return await startOperator(cluster, { kubeconfig, flags });
    },
    async says(operator, check) {
      const { body } = await get(`${operator.ops}/readyz/${check}`);
      return (body.checks as { message?: string }[])[0]?.message;
    },
    async verify(operator, token) {
      bearer ??= cluster.token({ namespace: 'gateway', serviceAccount: 'proxy', audience: OWN_ISSUER, duration: '1h' });
      return (await post(`${operator.url}/api/mint/verify`, { token, resource: 'api' }, await bearer)).body.active;
    },
    asked: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const { verb, user, objectRef, responseStatus, requestReceivedTimestamp } = JSON.parse(line);
          return {
            verb,
            user: user.username,
            resource: [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/'),
            namespace: objectRef?.namespace,
            code: responseStatus?.code ?? 0,
            at: Date.parse(requestReceivedTimestamp),
          };
        }),
    async stop() {
      admin.close();
      await cluster.stop();
      rmSync(dir, { recursive: true });
    },
  };
  try {
    await cluster.kubectl(['apply', '-k', join(ROOT, 'config/crd')]);
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', join(ROOT, 'crds')]);
    await cluster.apply([
      ...[OWN, OTHER, 'gateway', ...namespaces].map((name) => namespaceNamed(name)),
      ...namespaces.map((name) => account(name, 'agent')),
      account('gateway', 'proxy'),
    ]);
    return scoped;
  } catch (error) {
    await scoped.stop();
    throw error;
  }
}
