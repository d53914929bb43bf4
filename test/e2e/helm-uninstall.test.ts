import assert from 'node:assert/strict';
import { eventually, FINALIZER } from './deletion-support.ts';
import { AGENTS, CHART, type HelmWorld, NAMESPACE, startHelmWorld, tenants } from './helm-world.ts';
import { TRUST_POLICIES } from './serve-support.ts';

const [first, , , last] = AGENTS;

describe('the chart, uninstalled', () => {
  let w: HelmWorld;
  beforeEach(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
  });
  afterEach(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  /** Policies of both deletionPolicies live, each with our finalizer; and one that is Revoked. */
  async function live(): Promise<void> {
    await w.cluster.apply([...tenants, revoked]);
    await eventually('every finalizer', async () => {
      const policies = (await w.ours()).filter(({ kind }) => kind?.endsWith('Policy'));
      return policies.length === AGENTS.length + 1 && policies.every(({ metadata }) => held(metadata));
    });
  }

  const held = ({ finalizers }: { readonly finalizers?: readonly string[] }) =>
    finalizers?.includes(FINALIZER) ?? false;
  const nothingHeld = async () =>
    assert.deepEqual(
      (await w.ours()).filter(({ metadata }) => held(metadata)).map(({ metadata }) => metadata.name),
      [],
    );

  async function namespaceGoes(name: string): Promise<number> {
    const began = performance.now();
    await w.cluster.kubectl(['delete', 'namespace', name, '--timeout=60s']);
    return (performance.now() - began) / 1_000;
  }

  async function clusterScopedLeft(): Promise<string> {
    const kinds = 'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding';
    const names = await w.cluster.kubectl(['get', kinds, '-o', 'name']);
    return names
      .split('\n')
      .filter((name) => name.includes('trustmint'))
      .join(' ');
  }

  it('with live policies: they stay, and nothing waits; installed again, tokens of before are good', async () => {
    await w.install();
    await live();
    const [draining, revoking] = await Promise.all([w.token(first), w.token(last)]);
    const { seconds, out } = await w.helm('uninstall', 'trustmint', '--timeout=120s');
    assert.match(out, /kept due to the resource policy/);
    await nothingHeld();
    assert.equal((await w.ours()).filter(({ kind }) => kind === 'TrustPolicy').length, AGENTS.length + 1);
    assert.equal(await clusterScopedLeft(), '');
    const left = await w.cluster.kubectl(['get', 'all,serviceaccount,role', '-n', NAMESPACE, '-o', 'name']);
    assert.equal(left, 'serviceaccount/default\n');

    await w.install();
    for (const token of [draining, revoking]) await eventually('good', async () => (await w.isActive(token)) === true);
    await eventually('held again', async () => (await w.ours()).some(({ metadata }) => held(metadata)));

    await w.helm('uninstall', 'trustmint', '--timeout=120s');
    const went = [await namespaceGoes('team-a'), await namespaceGoes(NAMESPACE)];
    console.log(
      `      uninstalled in ${seconds.toFixed(1)} s; then the tenant's namespace went in ${went[0]!.toFixed(1)} s, the operator's in ${went[1]!.toFixed(1)} s`,
    );
    assert.ok(seconds < 60 && Math.max(...went) < 30);
  }).timeout(300_000);

  it('with crds.keep=false: each object has its last record, and all is gone, keys too', async () => {
    await w.install();
    await live();
    await w.helm('upgrade', 'trustmint', CHART, '--reset-then-reuse-values', '--set=crds.keep=false');
    const policies = (await w.ours()).filter(({ kind }) => kind === 'TrustPolicy');
    const { seconds } = await w.helm('uninstall', 'trustmint', '--timeout=120s');
    // Helm does not wait for what it deletes.
    const crds = () => w.cluster.kubectl(['get', 'crd', '-o', 'name']);
    await eventually('no CRD of ours', async () => !/trustmint/.test(await crds()), 30_000);
    const records = (await w.records()).filter(({ kind, action }) => kind === 'policy' && action === 'deleted');
    for (const { metadata } of policies) {
      const mine = records.filter((record) => JSON.stringify(record).includes(metadata.uid));
      assert.equal(mine.length, 1, metadata.name);
    }
    const left = await w.cluster.kubectl(['get', 'secret,lease', '-n', NAMESPACE, '-o', 'name']);
    assert.doesNotMatch(left, /trustmint-keys|lease/);
    assert.equal(await clusterScopedLeft(), '');
    console.log(`      ${policies.length} policies and the CRDs with them in ${seconds.toFixed(1)} s`);
    // What is installed now knows nothing of before, its tokens least of all.
    await namespaceGoes('team-a');
  }).timeout(240_000);

  it('when the operator is dead already, and a policy waits for it', async () => {
    await w.install();
    await live();
    await w.cluster.kubectl(['scale', 'deployment', 'trustmint', '-n', NAMESPACE, '--replicas=0']);
    await w.cluster.kubectl([
      'wait',
      '--for=delete',
      'pod',
      '-l=app.kubernetes.io/component=operator',
      '-n',
      NAMESPACE,
    ]);
    await w.cluster.kubectl(['delete', 'tpol', first!, '-n', 'team-a', '--wait=false']);
    assert.ok((await w.admin.get(TRUST_POLICIES, first!, 'team-a')).metadata.deletionTimestamp);
    const { seconds } = await w.helm('uninstall', 'trustmint', '--timeout=120s');
    await nothingHeld();
    assert.equal(
      (await w.ours()).some(({ metadata }) => metadata.name === first),
      false,
    );
    console.log(
      `      uninstalled in ${seconds.toFixed(1)} s, the namespace went in ${(await namespaceGoes('team-a')).toFixed(1)} s`,
    );
  }).timeout(240_000);

  it('when its image cannot run any more: the Job says so, and the documented way leads out', async () => {
    await w.install();
    await live();
    await w.helm(
      'upgrade',
      'trustmint',
      'charts/trustmint',
      '--set=image.repository=gone',
      '--set=uninstall.timeout=5s',
    );
    const failed = await w.tryHelm('uninstall', 'trustmint', '--timeout=5s');
    assert.notEqual(failed.code, 0);
    await w.helm('uninstall', 'trustmint', '--no-hooks', '--timeout=60s');
    await w.trustmint('uninstall', '-n', NAMESPACE);
    await nothingHeld();
    await namespaceGoes('team-a');
  }).timeout(240_000);
});

const revoked = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'TrustPolicy',
  metadata: { name: 'revoked', namespace: 'team-a' },
  spec: {
    provider: 'kubernetes',
    audience: 'satgate',
    state: 'Revoked',
    trustRules: [{ name: 'r', match: { serviceAccount: 'nobody' }, issue: { ttl: '1h' } }],
  },
};
