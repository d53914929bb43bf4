import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { AGENTS, type HelmWorld, HOST, NAMESPACE, startHelmWorld, tenants } from './helm-world.ts';

describe('the chart, installed with its defaults', () => {
  let w: HelmWorld;
  before(async function () {
    this.timeout(180_000);
    w = await startHelmWorld();
    const { err, out } = await w.install();
    assert.doesNotMatch(err + out, /would violate|warning/i);
  });
  after(async function () {
    this.timeout(60_000);
    await w?.stop();
  });

  it('is Available with two ready Pods on two nodes, in a namespace that enforces `restricted`', async () => {
    const deployment = ['get', 'deployment', 'trustmint', '-n', NAMESPACE, '-o'];
    const available = 'jsonpath={.status.conditions[?(@.type=="Available")].status} {.status.readyReplicas}';
    assert.equal(await w.cluster.kubectl([...deployment, available]), 'True 2');
    const pods = await w.cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'wide', '--no-headers']);
    assert.equal(pods.trim().split('\n').length, 2);
    assert.match(pods, /1\/1 +Running +0 /);
    assert.match(pods, /node-a/);
    assert.match(pods, /node-b/);
  });

  it('helm test passes: a Pod has a token, by the Service’s name and under the CA of the ConfigMap', async () => {
    const { out } = await w.helm('test', 'trustmint', '--logs', '--timeout=90s');
    assert.match(out, /Phase: +Succeeded/);
    assert.match(out, new RegExp(`location +https://${HOST}:8443\n`));
    assert.match(out, /tenant += trustmint-test/);
    // No more than what the token says.
    assert.doesNotMatch(out, /eyJ|AgE[A-Za-z0-9_-]{20}/);
    assert.deepEqual(
      (await w.ours()).map(({ metadata }) => metadata.name),
      [],
      'nothing of it stays',
    );
  }).timeout(120_000);

  it('a policy is applied, and its account has tokens that its gateway takes', async () => {
    await w.cluster.apply(tenants);
    assert.equal(await w.isActive(await w.token(AGENTS[0])), true);
    const { status } = await w.post('/api/mint/exchange', { credentials: await w.proof('other', 'team-b') });
    assert.equal(status, 403);
  }).timeout(60_000);

  it('kubectl shows what there is', async () => {
    await w.cluster.kubectl(['wait', '--for=condition=Ready', 'tpol', '--all', '-n', 'team-a', '--timeout=60s']);
    const policies = await w.cluster.kubectl(['get', 'trustmint', '-n', 'team-a']);
    for (const name of AGENTS) assert.match(policies, new RegExp(`/${name} +True `));
    const events = await w.cluster.kubectl(['get', 'events', '-n', 'team-a', '--no-headers']);
    assert.match(events, /Normal +Accepted +trustpolicy\/a0/);
    const log = await w.cluster.kubectl(['logs', '-n', NAMESPACE, 'deployment/trustmint', '--tail=5']);
    assert.match(log, /^\{"time":/);
  }).timeout(90_000);

  it('the account that uninstalls has no more rights than that takes, and of a policy changes the finalizer alone', async () => {
    const { out } = await w.helm('get', 'hooks', 'trustmint');
    const rights = parseAllDocuments(out)
      .map((one) => one.toJS() as { kind: string; metadata: { name: string } })
      .filter(({ kind, metadata }) => /Account|Role/.test(kind) && metadata.name.startsWith('trustmint-uninstall'));
    assert.equal(rights.length, 5);
    await w.cluster.apply(rights);
    const kubeconfig = await w.cluster.kubeconfigFor({ namespace: NAMESPACE, serviceAccount: 'trustmint-uninstall' });
    const patch = (operation: object) => {
      const args = ['-n', 'team-a', 'patch', 'tpol', AGENTS[0], '--type=json', '-p', JSON.stringify([operation])];
      return w.cluster.tryKubectl(args, { kubeconfig });
    };
    for (const operation of [
      { op: 'replace', path: '/spec/audience', value: 'mine' },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    ])
      assert.match((await patch(operation)).err, /changes its own finalizer/);
    assert.equal((await patch({ op: 'remove', path: '/metadata/finalizers/0' })).code, 0);
    for (const args of [
      ['delete', 'tpol', AGENTS[0], '-n', 'team-a'],
      ['get', 'secrets', '-n', NAMESPACE],
      ['delete', 'secret', 'trustmint-keys', '-n', NAMESPACE],
      ['delete', 'deployment', 'trustmint', '-n', NAMESPACE],
      ['get', 'pods', '-n', 'team-a'],
    ])
      assert.match((await w.cluster.tryKubectl(args, { kubeconfig })).err, /forbidden/i, args.join(' '));
    await w.cluster.kubectl(['delete', 'serviceaccount', 'trustmint-uninstall', '-n', NAMESPACE]);
  }).timeout(60_000);

  it('a Pod that is killed comes back, and exchanges go on at the other one', async () => {
    const name = (await w.cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'name'])).split('\n')[0]!;
    await w.cluster.kubectl(['delete', '-n', NAMESPACE, name]);
    await w.token(AGENTS[1]);
    const ready = ['rollout', 'status', '-n', NAMESPACE, 'deployment/trustmint', '--timeout=60s'];
    assert.match(await w.cluster.kubectl(ready), /successfully rolled out/);
  }).timeout(120_000);
});
