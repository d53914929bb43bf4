import assert from 'node:assert/strict';
import type { KubeObject } from '../../src/kube/types.ts';
import { OPERATOR, type Operator, until } from './cluster/index.ts';
import {
  CLUSTER_POLICIES,
  condition,
  type Ending,
  eventually,
  FINALIZER,
  giving,
  lastOf,
  SOON,
  startEnding,
  statusOf,
} from './deletion-support.ts';
import { AUDIENCE, exchange, proofOf, TRUST_POLICIES } from './serve-support.ts';

const at = (time: string | undefined) => Date.parse(time ?? '') / 1_000;

describe('deleting a policy in a cluster', () => {
  let e: Ending;
  before(async function () {
    this.timeout(300_000);
    e = await startEnding(2);
  });
  after(async function () {
    this.timeout(120_000);
    await e?.stop();
  });

  const remove = (name: string, ...more: string[]) =>
    e.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', name, '--wait=false', ...more]);
  const everywhere = async (holds: (one: Operator) => Promise<boolean>) =>
    (await Promise.all(e.replicas.map(holds))).every(Boolean);
  const isDead = (token: string) => everywhere(async (one) => (await e.isActive(token, one)) === false);

  async function deleted(name: string, seen: { object: KubeObject; type: string }[], uid: string): Promise<KubeObject> {
    await e.gone(name);
    await until(SOON, async () => seen.some(({ type, object }) => type === 'DELETED' && object.metadata.uid === uid));
    return lastOf(seen, uid)!;
  }

  it('says before the object goes: phase, conditions, since when and until when; an Event, an audit record', async () => {
    await e.cluster.apply([giving('drains', 'agent', { trustRules: [rule('agent', '8h')] })]);
    const { metadata } = await e.held('drains');
    const token = await e.token('agent');
    const seen = await e.watch('team-a');
    await remove('drains');
    const last = await deleted('drains', seen, metadata.uid);
    const { deletionTimestamp } = last.metadata;
    const { conditions, ...status } = statusOf(last);
    const by = at(deletionTimestamp) + 600;
    assert.deepEqual(status, {
      observedGeneration: 2,
      phase: 'Revoked',
      rules: 0,
      longestTtl: '8h',
      revokedAt: deletionTimestamp,
      effectiveEverywhereBy: iso(by),
      tokensValidUntil: iso(by + 8 * 3_600),
    });
    assert.deepEqual(
      conditions
        .filter(({ type }) => type !== 'Accepted' && type !== 'ResolvedRefs')
        .map(({ type, status: is, reason }) => [type, is, reason]),
      [
        ['Ready', 'False', 'Deleting'],
        ['Revoked', 'True', 'Deleted'],
      ],
    );
    const told = await e.events(metadata.uid);
    assert.equal(told.filter(({ reason }) => reason === 'Deleted').length, 1);
    const [record, ...others] = e.audited(metadata.uid);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [record?.action, record?.policy_kind, record?.namespace, record?.name, record?.tombstone],
      ['deleted', 'TrustPolicy', 'team-a', 'drains', null],
    );
    assert.equal(record?.tokens_valid_until, by + 8 * 3_600);
    assert.ok(
      await everywhere(async (one) => (await e.isActive(token, one)) === true),
      'what it gave runs out by itself',
    );
    assert.deepEqual(await e.tombstones(metadata.uid), []);
  });

  it('stops what it gives at once on every replica, and with deletionPolicy: Revoke what it gave is dead for good', async () => {
    await e.cluster.apply([giving('revokes', 'second', { deletionPolicy: 'Revoke' })]);
    const { metadata } = await e.held('revokes');
    const token = await e.token('second');
    const proof = await proofOf(e.cluster, 'team-a', 'second');
    assert.ok(await everywhere(async (one) => (await e.isActive(token, one)) === true));
    const seen = await e.watch('team-a');
    await remove('revokes');
    await eventually('dead everywhere', () => isDead(token));
    const last = await deleted('revokes', seen, metadata.uid);
    assert.equal(statusOf(last).tokensValidUntil, iso(at(last.metadata.deletionTimestamp) + 1_800));
    assert.match(condition(last, 'Revoked')!.message, /what was issued is dead/);
    for (let n = 0; n < 20; n += 1) assert.ok(await isDead(token), 'it stays dead');
    for (const one of e.replicas)
      assert.match(String((await exchange(one, proof, { resource: 'api' })).status), /^40[13]$/);
    const [tombstone, ...more] = await e.tombstones(metadata.uid);
    assert.deepEqual(more, []);
    assert.equal(tombstone?.metadata.namespace, OPERATOR.namespace);
    assert.equal(
      e.audited(metadata.uid)[0]?.tombstone,
      `TokenRevocation/${OPERATOR.namespace}/${tombstone?.metadata.name}`,
    );
  });

  it('a ClusterTrustPolicy has the same', async () => {
    const spec = {
      provider: 'kubernetes',
      audience: AUDIENCE,
      deletionPolicy: 'Revoke',
      trustRules: [{ name: 'r', match: { namespace: 'team-b', serviceAccount: 'x' }, issue: { ttl: '2h' } }],
    };
    const kind = { apiVersion: 'trustmint.dev/v1alpha1', kind: 'ClusterTrustPolicy' };
    await e.cluster.apply([{ ...kind, metadata: { name: 'wide' }, spec }]);
    let uid = '';
    await eventually('the finalizer', async () => {
      const { metadata } = await e.admin.get(CLUSTER_POLICIES, 'wide');
      uid = metadata.uid;
      return metadata.finalizers?.includes(FINALIZER) ?? false;
    });
    await e.cluster.kubectl(['delete', 'ctpol', 'wide', '--timeout=30s']);
    assert.equal((await e.tombstones(uid)).length, 1);
    const [event] = (await e.events(uid)).filter(({ reason }) => reason === 'Deleted');
    assert.equal(event?.metadata.namespace, 'default');
    assert.equal(e.audited(uid)[0]?.namespace, null);
  });

  it('state: Revoked: kubectl wait sees it; since when is kept when the policy is deleted; told and recorded once', async () => {
    await e.cluster.apply([giving('ends', 'third')]);
    const { metadata } = await e.held('ends');
    const token = await e.token('third');
    await e.cluster.apply([giving('ends', 'third', { state: 'Revoked' })]);
    await e.cluster.kubectl(['-n', 'team-a', 'wait', '--for=condition=Revoked', '--timeout=20s', 'tpol/ends']);
    await eventually('dead everywhere', () => isDead(token));
    const revoked = await e.admin.get(TRUST_POLICIES, 'ends', 'team-a');
    const { revokedAt, tokensValidUntil, effectiveEverywhereBy, phase } = statusOf(revoked);
    assert.equal(condition(revoked, 'Revoked')?.reason, 'StateRevoked');
    assert.deepEqual(
      [phase, tokensValidUntil, effectiveEverywhereBy],
      ['Revoked', iso(at(revokedAt) + 1_800), iso(at(revokedAt) + 1_800)],
    );
    const seen = await e.watch('team-a');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await remove('ends');
    const last = await deleted('ends', seen, metadata.uid);
    assert.equal(statusOf(last).revokedAt, revokedAt);
    assert.equal(condition(last, 'Revoked')?.reason, 'Deleted');
    assert.ok(await isDead(token));
    assert.deepEqual(
      e.audited(metadata.uid).map(({ action }) => action),
      ['revoked', 'deleted'],
    );
    const reasons = (await e.events(metadata.uid)).map(({ reason }) => reason);
    assert.deepEqual(
      ['Revoked', 'Deleted'].map((one) => reasons.filter((reason) => reason === one).length),
      [1, 1],
    );
  });

  it('another finalizer beside ours: ours goes, the object stays with the truth in its status, and goes when that goes', async () => {
    await e.cluster.apply([giving('kept', 'fourth', { deletionPolicy: 'Revoke' })]);
    await e.held('kept');
    const patch = (op: object) =>
      e.admin.patch(TRUST_POLICIES, 'kept', 'team-a', 'json', [{ path: '/metadata/finalizers/0', ...op }]);
    await patch({ op: 'add', value: 'example.com/theirs' });
    const token = await e.token('fourth');
    await remove('kept');
    let now: KubeObject | undefined;
    await eventually('ours goes', async () => {
      now = await e.admin.get(TRUST_POLICIES, 'kept', 'team-a');
      return !now.metadata.finalizers?.includes(FINALIZER);
    });
    assert.deepEqual(now!.metadata.finalizers, ['example.com/theirs']);
    assert.match(await e.cluster.kubectl(['-n', 'team-a', 'get', 'tpol', 'kept']), /\nkept +False +Revoked /);
    assert.ok(await isDead(token));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const later = await e.admin.get(TRUST_POLICIES, 'kept', 'team-a');
    assert.equal(later.metadata.resourceVersion, now!.metadata.resourceVersion, 'nobody writes it again');
    await patch({ op: 'remove' });
    await e.gone('kept');
    assert.ok(await isDead(token));
  });

  it('deleted and made anew by its name in the same second: the new one serves, the dead stay dead', async () => {
    await e.cluster.apply([giving('again', 'agent', { deletionPolicy: 'Revoke' })]);
    const old = await e.held('again');
    const dead = await e.token('agent');
    await e.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'again', '--timeout=30s']);
    await e.cluster.apply([giving('again', 'agent')]);
    const fresh = await e.admin.get(TRUST_POLICIES, 'again', 'team-a');
    assert.notEqual(fresh.metadata.uid, old.metadata.uid);
    const alive = await e.token('agent');
    for (let n = 0; n < 10; n += 1) {
      assert.ok(await isDead(dead), 'the old one');
      assert.ok(await everywhere(async (one) => (await e.isActive(alive, one)) === true), 'the new one');
    }
    await eventually(
      'its own status',
      async () => statusOf(await e.admin.get(TRUST_POLICIES, 'again', 'team-a')).phase === 'Active',
    );
  });

  it('a ProtectedResource that goes: the policies that name it say ResolvedRefs=False, and an Event tells it', async () => {
    const resource = {
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'ProtectedResource',
      metadata: { name: 'fleeting' },
    };
    await e.cluster.apply([{ ...resource, spec: { audience: 'fleeting', grantableFrom: { namespaces: ['*'] } } }]);
    const rules = [{ ...rule('agent'), issue: { resources: ['api', 'fleeting'] } }];
    await e.cluster.apply([giving('refers', 'agent', { trustRules: rules })]);
    const wait = (what: string) =>
      e.cluster.kubectl(['-n', 'team-a', 'wait', `--for=${what}`, '--timeout=20s', 'tpol/refers']);
    await wait('condition=ResolvedRefs');
    await e.cluster.kubectl(['delete', 'pres', 'fleeting']);
    await wait('condition=ResolvedRefs=False');
    const { metadata, status } = await e.admin.get(TRUST_POLICIES, 'refers', 'team-a');
    assert.match(JSON.stringify(status), /fleeting.*ResourceNotFound/);
    await eventually('the Event', async () =>
      (await e.events(metadata.uid)).some(({ reason }) => reason === 'UnresolvedRefs'),
    );
  });
});

const rule = (serviceAccount: string, ttl = '1h') => ({
  name: 'agents',
  match: { serviceAccount },
  issue: { ttl, resources: ['api'] },
});

const iso = (seconds: number) => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
