import assert from 'node:assert/strict';
import { eventually, FINALIZER, giving } from './deletion-support.ts';
import { AGENTS, type HelmWorld, NAMESPACE, startHelmWorld, tenants } from './helm-world.ts';

describe('the chart, installed for one namespace', () => {
  let w: HelmWorld;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.install('--set=watchNamespaces={team-a}');
    await w.cluster.apply(tenants);
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  it('serves that namespace, and no other', async () => {
    assert.equal(await w.isActive(await w.token(AGENTS[0])), true);
    await w.cluster.apply([giving('other', 'other', {}, 'team-b')]);
    const { status } = await w.post('/api/mint/exchange', { credentials: await w.proof('other', 'team-b') });
    assert.equal(status, 403);
    assert.equal(await w.cluster.kubectl(['get', 'tpol', 'other', '-n', 'team-b', '-o', 'jsonpath={.status}']), '');
  }).timeout(90_000);

  it('asks for nothing that it has no right to', async () => {
    const log = await w.nodes.logs(NAMESPACE, 'trustmint-');
    assert.doesNotMatch(log, /Forbidden|may not/);
  });

  it('helm test passes', async () => {
    await w.helm('test', 'trustmint', '--timeout=90s');
  }).timeout(120_000);

  it('is uninstalled within its rights: nothing is stuck', async () => {
    await w.cluster.apply([guardrail]);
    await eventually('its finalizer', async () =>
      (await w.ours()).some(
        ({ kind, metadata }) => kind === 'ClusterTrustPolicy' && metadata.finalizers?.includes(FINALIZER),
      ),
    );
    await w.helm('uninstall', 'trustmint', '--timeout=120s');
    const held = (await w.ours()).filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER));
    assert.deepEqual(held, []);
    await w.cluster.kubectl(['delete', 'namespace', 'team-a', NAMESPACE, '--timeout=60s']);
  }).timeout(180_000);
});

const guardrail = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ClusterTrustPolicy',
  metadata: { name: 'guardrail' },
  spec: {
    provider: 'kubernetes',
    audience: 'satgate',
    trustRules: [{ name: 'none', match: { namespace: 'team-a', serviceAccount: 'default' }, deny: true }],
  },
};
