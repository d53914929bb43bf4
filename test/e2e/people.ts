/** People and programs with rights of their own, and what they try to write. */
import { type Cluster, OPERATOR, until } from './cluster/index.ts';

export const KINDS = [
  'trustpolicies',
  'clustertrustpolicies',
  'agentregistrations',
  'protectedresources',
  'tokenrevocations',
];

const trusting = {
  provider: 'kubernetes',
  audience: 'satgate',
  trustRules: [{ name: 'r', match: { serviceAccount: 'worker' }, issue: { ttl: '1h' } }],
};
const object = (kind: string, name: string, spec: object, namespace?: string) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  spec,
});

/** What each kind looks like, so that what is refused is refused for the right and not for the shape. */
export const samples = (namespace: string) => [
  object('TrustPolicy', 'sample', trusting, namespace),
  object('ClusterTrustPolicy', 'sample', {
    ...trusting,
    trustRules: [{ ...trusting.trustRules[0], match: { namespace: 'team-a', serviceAccount: 'worker' } }],
  }),
  object(
    'AgentRegistration',
    'sample',
    { agentType: 'worker', userId: 'alice', identity: { serviceAccount: { namespace: 'team-a', name: 'worker' } } },
    namespace,
  ),
  object('ProtectedResource', 'sample', { audience: 'sample', tokenType: 'Macaroon' }),
  object('TokenRevocation', 'sample', { token: 'sample' }, namespace),
];

/** A namespace as JSON. */
export const namespaceOf = (name: string, labels: object) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });

/** `kubectl auth can-i`. */
export async function mayDo(cluster: Cluster, kubeconfig: string, args: readonly string[]): Promise<boolean> {
  return (await cluster.tryKubectl(['auth', 'can-i', ...args], { kubeconfig })).out.trim() === 'yes';
}

/**
 * Binds the roles that are shipped, and waits until they are in force.
 *
 * @returns kubeconfigs by who they are: viewer, editor and admin of team-a alone; the platform team and its GitOps
 * account; who may explain; who may write namespaces and no more; the operator
 */
export async function people(cluster: Cluster) {
  const create = (...args: string[]) => cluster.kubectl(['create', ...args]);
  const bind = (name: string, role: string, ...to: string[]) =>
    create('clusterrolebinding', name, `--clusterrole=${role}`, ...to);
  for (const namespace of ['team-a', 'team-b', 'flux']) await create('namespace', namespace);
  await create('serviceaccount', 'applier', '-n', 'flux');
  for (const [name, role] of Object.entries({ viewer: 'view', editor: 'edit', admin: 'admin' }))
    await create('rolebinding', name, '-n', 'team-a', `--clusterrole=${role}`, `--group=team-a:${name}`);
  const namespaces = '--resource=namespaces,namespaces/status,namespaces/finalize';
  await create('clusterrole', 'namespaces', '--verb=*', namespaces);
  const platform = ['--group=platform', '--serviceaccount=flux:applier'];
  await bind('platform', 'trustmint-platform', ...platform);
  await bind('namespaces', 'namespaces', ...platform, '--user=creator');
  await bind('explainer', 'trustmint-explain', '--user=explainer');

  const ofTeam = (user: string) => cluster.kubeconfigFor({ user, groups: [`team-a:${user}`] });
  const who = {
    viewer: await ofTeam('viewer'),
    editor: await ofTeam('editor'),
    admin: await ofTeam('admin'),
    platform: await cluster.kubeconfigFor({ user: 'pia', groups: ['platform'] }),
    explainer: await cluster.kubeconfigFor({ user: 'explainer' }),
    creator: await cluster.kubeconfigFor({ user: 'creator' }),
    gitops: await cluster.kubeconfigFor({ namespace: 'flux', serviceAccount: 'applier' }),
    operator: await cluster.kubeconfigFor(OPERATOR),
  };
  const inTeamA = ['trustpolicies', '-n', 'team-a'];
  await until(30_000, () => mayDo(cluster, who.editor, ['create', ...inTeamA]));
  await until(30_000, () => mayDo(cluster, who.viewer, ['get', ...inTeamA]));
  // A new admission policy is enforced a moment after it is answered.
  const input = namespaceOf('probe', { 'trustmint.dev/tenant': 'x' });
  const tries = ['create', '--dry-run=server', '-f', '-'];
  await until(30_000, async () => (await cluster.tryKubectl(tries, { kubeconfig: who.creator, input })).code !== 0);
  return who;
}
