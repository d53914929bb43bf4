import assert from 'node:assert/strict';
import { eventually, FINALIZER, giving } from './deletion-support.ts';
import { AGENTS, CHART, type HelmWorld, startHelmWorld, tenants } from './helm-world.ts';
import { namespaceNamed, TRUST_POLICIES } from './serve-support.ts';

const OTHER = 'other-system';
const POLICIES = 100;

describe('two installations in one cluster', () => {
  let w: HelmWorld;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.cluster.apply([namespaceNamed(OTHER, { 'pod-security.kubernetes.io/enforce': 'restricted' })]);
    await w.install();
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  const inOther = (...args: string[]) => w.tryHelm(...args, `--namespace=${OTHER}`);
  const areHeld = async () => {
    const { items } = await w.admin.list(TRUST_POLICIES, { namespace: 'team-a' });
    const held = items.filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER));
    return held.length === POLICIES + AGENTS.length;
  };

  it('a second one is refused while it would take the first one’s kinds over', async () => {
    const { code, err } = await inOther('install', 'second', CHART);
    assert.notEqual(code, 0);
    assert.match(err, /trustmint\.dev" in namespace "" exists and cannot be imported/);
  });

  it('that serve the same policies: one is uninstalled, and the other one goes on as it was', async () => {
    const beside = [
      'crds.enabled',
      'admissionPolicies.namespaceLabels.enabled',
      'admissionPolicies.agentLabels.enabled',
    ];
    const off = `--set=${beside.map((value) => `${value}=false`).join()}`;
    const installed = await inOther('install', 'second', CHART, off, '--wait', '--timeout=90s');
    assert.equal(installed.code, 0, installed.err);
    await w.cluster.apply(tenants);
    for (let n = 0; n < POLICIES; n += 1)
      await w.admin.create(TRUST_POLICIES, giving(`p${n}`, `agent-${n}`, {}, 'team-a'), 'team-a');
    await eventually('every finalizer', areHeld, 60_000);
    const token = await w.token(AGENTS[0]);

    const gone = await inOther('uninstall', 'second', '--timeout=60s');
    assert.equal(gone.code, 0, gone.err);
    console.log(`      one of two uninstalled in ${gone.seconds.toFixed(1)} s`);
    assert.equal(await w.cluster.kubectl(['get', 'pods,jobs', '-n', OTHER, '-o', 'name']), '');
    assert.equal(await w.isActive(token), true);
    await eventually('held by the one that is left', areHeld, 60_000);
    await w.cluster.kubectl(['delete', 'tpol', 'p0', '-n', 'team-a', '--timeout=20s']);
  }).timeout(240_000);
});
