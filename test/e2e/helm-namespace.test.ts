import assert from 'node:assert/strict';
import { eventually, FINALIZER, giving } from './deletion-support.ts';
import { type HelmWorld, NAMESPACE, startHelmWorld, tenants } from './helm-world.ts';
import { TRUST_POLICIES } from './serve-support.ts';

const POLICIES = 1_000;
const CROWD = 'crowd';

describe('the operator’s namespace, deleted without uninstalling', () => {
  let w: HelmWorld;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    await w.install();
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  const policies = async () => (await w.admin.list(TRUST_POLICIES, { namespace: CROWD })).items;

  it('1,000 live policies: the namespace goes by itself, and one command lets the policies go that nobody serves', async () => {
    await w.cluster.kubectl(['create', 'namespace', CROWD]);
    await w.cluster.apply(tenants);
    for (let at = 0; at < POLICIES; at += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => giving(`p${at + n}`, `agent-${at + n}`, {}, CROWD)).map((object) =>
          w.admin.create(TRUST_POLICIES, object, CROWD),
        ),
      );
    await eventually(
      'every finalizer',
      async () => (await policies()).every(({ metadata }) => metadata.finalizers?.includes(FINALIZER)),
      120_000,
    );
    let began = performance.now();
    const since = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
    await w.cluster.kubectl(['delete', 'namespace', NAMESPACE, '--timeout=60s']);
    const namespace = since();

    // What is deleted now waits, by design: kubectl says for what.
    await w.cluster.kubectl(['delete', 'namespace', CROWD, '--wait=false']);
    const why = ['get', 'namespace', CROWD, '-o', 'jsonpath={.status.conditions[*].message}'];
    await eventually('kubectl says why', async () =>
      (await w.cluster.kubectl(why)).includes(`${FINALIZER} in ${POLICIES} resource instances`),
    );
    began = performance.now();
    const { out } = await w.trustmint('uninstall', '-n', NAMESPACE);
    const command = since();
    assert.match(out, new RegExp(`took the finalizer off ${POLICIES + 4} objects\nnothing has the finalizer`));
    await w.cluster.kubectl(['wait', '--for=delete', `namespace/${CROWD}`, '--timeout=60s']);
    console.log(
      `      the operator's namespace went in ${namespace}; ${POLICIES} policies were let go in ${command}, their namespace was gone after ${since()}`,
    );
    assert.equal((await policies()).length, 0);
  }).timeout(300_000);

  it('what is left is found by its label, and the chart can be installed again', async () => {
    const kinds = 'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding';
    const selector = '--selector=app.kubernetes.io/instance=trustmint';
    await w.cluster.kubectl(['delete', kinds, selector]);
    await w.cluster.kubectl(['create', 'namespace', NAMESPACE]);
    await w.install();
    assert.equal((await w.helm('test', 'trustmint', '--timeout=90s')).code, 0);
  }).timeout(180_000);
});
