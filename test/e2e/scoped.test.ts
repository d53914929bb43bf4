import assert from 'node:assert/strict';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { describeChart } from '../chart/support.ts';
import type { Operator } from './cluster/index.ts';
import { CLUSTER_POLICIES, eventually, FINALIZER, giving, REVOCATIONS } from './deletion-support.ts';
import { clusterPolicy, dead, OTHER, OWN, resource, type Scoped, startScoped } from './scoped-support.ts';
import {
  account,
  eventually as answers,
  exchange,
  get,
  namespaceNamed,
  proofOf,
  TRUST_POLICIES,
} from './serve-support.ts';

const WATCHED = ['team-a', 'team-b', 'team-d'];
const MINUTE = 60_000;

describeChart('installations of some namespaces, with rights there and nowhere else', () => {
  let s: Scoped;
  let replicas: Operator[];

  before(async function () {
    this.timeout(300_000);
    s = await startScoped(['team-a', 'team-b', 'team-c']);
    await s.cluster.apply([
      resource,
      ...['team-a', 'team-b', 'team-c'].map((name) => giving('agents', 'agent', {}, name)),
      clusterPolicy('everybody', 'helper'),
      ...['team-b', 'team-c'].map((name) => account(name, 'helper')),
    ]);
    // There is no team-d yet.
    await s.grant(OWN, ['team-a', 'team-b']);
    replicas = [await s.start(OWN, WATCHED), await s.start(OWN, WATCHED)];
    for (const one of replicas) await one.ready();
  });
  after(async function () {
    this.timeout(MINUTE);
    await s?.stop();
  });

  const ask = async (namespace: string, name = 'agent', at = replicas[0]!) =>
    exchange(at, await proofOf(s.cluster, namespace, name), { resource: 'api' });
  const token = async (namespace: string) => (await answers(200, () => ask(namespace))).body.token;
  const statusOf = async (type: ResourceType, name: string, namespace?: string) =>
    ((await s.admin.get(type, name, namespace)) as KubeObject & { status?: Record<string, unknown> }).status;
  const kept = async () => (await s.admin.list(REVOCATIONS, { namespace: OWN })).items;
  const isReported = async (type: ResourceType, name: string, namespace?: string) =>
    (await statusOf(type, name, namespace))?.observedGeneration !== undefined;
  const died = (what: string, given: unknown) =>
    eventually(what, async () =>
      (await Promise.all(replicas.map((one) => s.verify(one, given)))).every((is) => is === false),
    );

  it('give tokens there, and none to accounts of other namespaces, whoever wrote the policy', async () => {
    for (const at of replicas) {
      assert.equal((await ask('team-a', 'agent', at)).status, 200);
      assert.equal((await ask('team-b', 'helper', at)).status, 200);
      for (const name of ['agent', 'helper']) {
        const { status, body } = await ask('team-c', name, at);
        assert.deepEqual([status, body.error], [403, 'no_matching_policy']);
      }
    }
    assert.match(replicas[0]!.process.log(100_000), /"reason":"namespace_not_watched"/);
  });

  it('report there, signed, and on what belongs to no namespace; nothing is written elsewhere', async () => {
    await eventually('statuses', async () => {
      const all = [isReported(TRUST_POLICIES, 'agents', 'team-a'), isReported(TRUST_POLICIES, 'agents', 'team-b')];
      return (await Promise.all([...all, isReported(CLUSTER_POLICIES, 'everybody')])).every(Boolean);
    });
    assert.equal((await statusOf(TRUST_POLICIES, 'agents', 'team-a'))?.reportedBy, OWN);
    assert.equal(await statusOf(TRUST_POLICIES, 'agents', 'team-c'), undefined);
    await eventually('a finalizer where nobody can take the right away', async () =>
      ((await s.admin.get(CLUSTER_POLICIES, 'everybody')).metadata.finalizers ?? []).includes(FINALIZER),
    );
    assert.equal((await s.admin.get(TRUST_POLICIES, 'agents', 'team-a')).metadata.finalizers, undefined);
  });

  it('kill by TokenRevocations of those and of their own; others are nobody’s', async () => {
    const given = await token('team-a');
    const uid = (await s.admin.get(TRUST_POLICIES, 'agents', 'team-a')).metadata.uid;
    await s.cluster.apply([dead('team-c', 'stranger', { policy: uid })]);
    assert.equal(await s.verify(replicas[1]!, given), true);
    await s.cluster.apply([
      dead('team-a', 'mine', { policy: uid, issuedBefore: new Date().toISOString().replace(/\..*/, 'Z') }),
    ]);
    await died('dead on every replica', given);
  });

  it('keep dead what a deleted policy gave that is to die with it, though it has no finalizer', async () => {
    await s.cluster.apply([
      giving('short', 'short', { deletionPolicy: 'Revoke' }, 'team-a'),
      account('team-a', 'short'),
    ]);
    const { body } = await answers(200, () => ask('team-a', 'short'));
    const { uid } = (await s.admin.get(TRUST_POLICIES, 'short', 'team-a')).metadata;
    await s.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'short', '--timeout=10s']);
    await died('dead on every replica', body.token);
    await eventually('it is kept', async () =>
      (await kept()).some(({ spec }) => (spec as { policy?: string }).policy === uid),
    );
  });

  it('say of a namespace that there is not, and serve it once it is made and they have the right', async () => {
    assert.equal(await s.says(replicas[0]!, 'scope'), 'there is no namespace team-d, or it is being deleted');
    await s.cluster.apply([
      namespaceNamed('team-d'),
      account('team-d', 'agent'),
      giving('agents', 'agent', {}, 'team-d'),
    ]);
    await eventually('a right is missing, and where', async () =>
      /cannot be read: team-d \(rbac_missing\)/.test((await s.says(replicas[0]!, 'scope')) ?? ''),
    );
    assert.equal((await ask('team-a')).status, 200, 'the others go on');
    await s.grant(OWN, WATCHED);
    await answers(200, () => ask('team-d'), MINUTE);
    await eventually('nothing to say', async () => (await s.says(replicas[0]!, 'scope')) === undefined);
  });

  it('a namespace goes with its policies and revocations; what was dead stays dead, and one of its name is another', async () => {
    const [alive, given] = [await token('team-a'), await token('team-b')];
    const uid = (await s.admin.get(TRUST_POLICIES, 'agents', 'team-b')).metadata.uid;
    await s.cluster.apply([dead('team-b', 'gone-with-it', { policy: uid })]);
    await died('revoked', given);
    await s.cluster.kubectl(['delete', 'namespace', 'team-b', '--timeout=60s']);
    await eventually('it is kept', async () =>
      (await kept()).some(({ spec }) => (spec as { policy?: string }).policy === uid),
    );
    for (const one of replicas) assert.equal(await s.verify(one, given), false);
    assert.equal(await s.verify(replicas[0]!, alive), true);
    await s.cluster.apply([namespaceNamed('team-b'), account('team-b', 'agent')]);
    await s.grant(OWN, WATCHED);
    await s.cluster.apply([giving('anew', 'agent', {}, 'team-b')]);
    await answers(200, () => ask('team-b'), MINUTE);
    for (const one of replicas) assert.equal(await s.verify(one, given), false);
  });

  it('a replica that starts without the right to one namespace serves nothing, and says which', async () => {
    await s.cluster.kubectl(['-n', 'team-a', 'delete', 'rolebinding', 'trustmint-served']);
    const late = await s.start(OWN, WATCHED);
    await eventually('it says so', async () =>
      /RBAC missing: may not list and watch trustpolicies\S* in namespace team-a/.test(
        (await s.says(late, 'policies')) ?? '',
      ),
    );
    assert.deepEqual(
      [(await get(`${late.ops}/readyz`)).status, (await ask('team-d', 'agent', late)).status],
      [503, 503],
    );
    assert.equal((await ask('team-d')).status, 200, 'who has read it goes on, for --max-staleness');
    await s.grant(OWN, WATCHED);
    await late.ready();
    await late.process.stop();
  });

  it('started for fewer, and for all of them again, revive nothing and kill nothing', async () => {
    const [alive, given] = [await token('team-b'), await token('team-d')];
    const { uid } = (await s.admin.get(TRUST_POLICIES, 'agents', 'team-d')).metadata;
    await s.cluster.apply([dead('team-d', 'by-a-person', { policy: uid })]);
    await died('dead on every replica', given);
    const before = new Set((await kept()).map(({ metadata }) => metadata.uid));
    for (const watched of [['team-a'], WATCHED]) {
      // One after the other, as a Deployment is rolled.
      const next = await s.start(OWN, watched);
      await next.ready();
      for (const one of replicas) await one.process.stop();
      replicas = [next];
      await eventually('it leads', async () => / info leads /.test(next.process.log(100_000)), MINUTE);
      assert.deepEqual([await s.verify(next, alive), await s.verify(next, given)], [true, false], watched.join());
      assert.equal((await ask('team-b')).status, watched.length === 1 ? 403 : 200);
    }
    const made = (await kept()).filter(({ metadata }) => !before.has(metadata.uid));
    assert.deepEqual(
      made.map(({ spec }) => [(spec as Record<string, string>).policy, (spec as Record<string, string>).tenant]),
      [[uid, 'team-d']],
      'what a person wrote where nobody looks any more, and nothing else',
    );
  });

  it('of two with namespaces of their own, one reports on what belongs to none, and they do not write over each other', async () => {
    await s.grant(OTHER, ['team-c']);
    const two = await s.start(OTHER, ['team-c']);
    await two.ready();
    await eventually('its own is reported', () => isReported(TRUST_POLICIES, 'agents', 'team-c'), MINUTE);
    assert.equal((await statusOf(TRUST_POLICIES, 'agents', 'team-c'))?.reportedBy, OTHER);
    assert.deepEqual(
      [(await ask('team-c', 'helper', two)).status, (await ask('team-a', 'agent', two)).status],
      [200, 403],
    );
    await s.cluster.kubectl(['patch', 'ctpol', 'everybody', '--type=merge', '-p', '{"spec":{"priority":-1}}']);
    await eventually(
      'the news is said',
      async () => (await statusOf(CLUSTER_POLICIES, 'everybody'))?.observedGeneration === 2,
    );
    assert.equal((await statusOf(CLUSTER_POLICIES, 'everybody'))?.reportedBy, OWN);
    assert.deepEqual([await s.says(two, 'scope'), await s.says(replicas[0]!, 'scope')], [undefined, undefined]);
    await two.process.stop();
  });

  it('one that watches what another one does says so, and leaves the statuses to it', async () => {
    await s.grant(OTHER, ['team-c', 'team-d']);
    const two = await s.start(OTHER, ['team-c', 'team-d']);
    await two.ready();
    await eventually(
      'it says so',
      async () => (await s.says(two, 'scope')) === `namespace team-d is watched by the installation in ${OWN} too`,
      MINUTE,
    );
    assert.equal((await statusOf(TRUST_POLICIES, 'agents', 'team-d'))?.reportedBy, OWN);
    await two.process.stop();
  });

  it('P46: asked for nothing elsewhere, and for nothing that the chart’s rights do not give', () => {
    const everything = s.asked();
    assert.ok(everything.length > 200, String(everything.length));
    const ours: Record<string, readonly string[]> = {
      [`system:serviceaccount:${OWN}:trustmint`]: [OWN, ...WATCHED],
      [`system:serviceaccount:${OTHER}:two-trustmint`]: [OTHER, 'team-c', 'team-d'],
    };
    const CLUSTER =
      /^(clustertrustpolicies|protectedresources|namespaces|tokenreviews|subjectaccessreviews)(\/status)?$|^$/;
    const foreign = everything.filter(({ user, namespace, resource }) =>
      // A namespace that is asked for is itself one of the cluster's.
      namespace === undefined || resource === 'namespaces' ? !CLUSTER.test(resource) : !ours[user]?.includes(namespace),
    );
    assert.deepEqual(foreign, []);
    // Taken away, or not given yet, by these tests.
    const refused = everything.filter(
      ({ code, namespace }) => code === 403 && !['team-a', 'team-b', 'team-d'].includes(namespace ?? ''),
    );
    assert.deepEqual(refused, []);
    const written = new Set(
      everything
        .filter(({ verb, code }) => /create|update|patch|delete/.test(verb) && code < 300)
        .map(({ resource }) => resource),
    );
    assert.ok(!written.has('trustpolicies') && !written.has('agentregistrations'), [...written].join());
  });
});
