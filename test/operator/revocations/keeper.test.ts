import assert from 'node:assert/strict';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { changed, policySpec, raw, trustPolicy } from '../support.ts';
import { type Kept, keeping } from './support.ts';

const MINUTE = 60_000;
const kill = (namespace: string, spec: object = { token: 'jti-1' }, metadata = {}) =>
  raw('TokenRevocation', namespace, 'dead', spec, { creationTimestamp: '2026-01-01T00:00:00Z', ...metadata });

describe('what was dead', () => {
  let k: Kept;
  afterEach(() => k.close());

  it('lives again half a minute after a person deleted its TokenRevocation; nothing is written', async () => {
    k = keeping();
    k.namespace('team-a');
    const dead = kill('team-a');
    await k.w.sync({ tokenrevocations: [dead] });
    await k.lead();
    k.w.of('tokenrevocations').remove(dead);
    await k.pass(29_000);
    assert.ok(k.isDead({}));
    await k.pass(5_000);
    assert.ok(!k.isDead({}));
    assert.deepEqual([k.written(), k.records], [[], []]);
  });

  for (const [what, end] of [
    ['is gone', () => k.endNamespace('team-a')],
    ['is being deleted', () => k.namespace('team-a', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['has its name from another by now', () => k.namespace('team-a', { creationTimestamp: '2026-01-01T00:00:01Z' })],
  ] as const) {
    it(`is kept dead, for its tenant alone, when its namespace ${what}`, async () => {
      k = keeping();
      k.namespace('team-a', { creationTimestamp: '2025-01-01T00:00:00Z' });
      const dead = kill('team-a');
      await k.w.sync({ tokenrevocations: [dead] });
      await k.lead();
      end();
      k.w.of('tokenrevocations').remove(dead);
      await k.pass(5 * MINUTE);
      assert.ok(k.isDead({}));
      assert.ok(!k.isDead({ tenant: 'team-b' }));
      const [{ expiresAt, reason, ...spec } = {}, ...more] = k.written();
      assert.deepEqual([spec, more], [{ token: 'jti-1', tenant: 'team-a' }, []]);
      assert.match(reason ?? '', /TokenRevocation\/team-a\/dead went with its namespace/);
      assert.equal(k.records.length, 1);
      assert.equal(k.w.view.lingering?.(), 0, 'what is written covers it');
    });
  }

  it('stays dead while it cannot be asked whether its namespace is there, and is asked about again', async () => {
    let fails = true;
    k = keeping(
      {},
      {
        before(call) {
          if (call.plural === 'namespaces' && fails) throw apiFailure(500, 'InternalError');
        },
      },
    );
    k.namespace('team-a');
    const dead = kill('team-a');
    await k.w.sync({ tokenrevocations: [dead] });
    k.w.of('tokenrevocations').remove(dead);
    await k.pass(10 * MINUTE);
    assert.ok(k.isDead({}));
    assert.match(k.logged.join('\n'), /cannot be found out/);
    fails = false;
    await k.pass(5_000);
    assert.ok(!k.isDead({}));
  });

  it('is kept dead when nobody saw its TokenRevocation go, and loudly when the data are older than they were', async () => {
    for (const how of ['missed', 'restored'] as const) {
      k = keeping();
      k.namespace('team-a');
      const dead = kill('team-a');
      await k.w.sync({ tokenrevocations: [dead] });
      await k.lead();
      k.w.of('tokenrevocations').remove(dead, how);
      await k.pass(10_000);
      assert.equal(k.written().length, 1, how);
      assert.match(k.logged.join('\n'), /^error what was dead is kept dead/m);
      const events = [...k.client.server.objects.values()].filter(({ kind }) => kind === 'Event');
      assert.deepEqual(
        events.map(({ reason }) => reason),
        ['RevocationKept'],
      );
      if (how === 'missed') await k.close();
    }
  });

  it('stays dead when the whole kind is taken away: nobody took back one of them', async () => {
    k = keeping();
    k.namespace('team-a');
    const dead = kill('team-a');
    await k.w.sync({ tokenrevocations: [dead] });
    k.w.of('tokenrevocations').remove(dead);
    k.w.of('tokenrevocations').state = { phase: 'waiting', reason: 'crd_not_installed', lastError: 'x' };
    await k.pass(10_000);
    k.w.of('tokenrevocations').state = { phase: 'watching' };
    await k.pass(10 * MINUTE);
    assert.ok(k.isDead({}));
  });

  it('is kept once the kind is there again, and until then in the replicas that run', async () => {
    let isGoing = true;
    k = keeping(
      {},
      {
        before(call) {
          if (call.plural === 'tokenrevocations' && isGoing) throw apiFailure(405, 'MethodNotAllowed');
        },
      },
    );
    const dead = kill('team-a');
    await k.w.sync({ tokenrevocations: [dead] });
    await k.lead();
    k.w.of('tokenrevocations').remove(dead);
    await k.pass(5 * MINUTE);
    assert.ok(k.isDead({}));
    assert.match(k.logged.join('\n'), /nothing can be kept dead/);
    assert.deepEqual(k.records, []);
    isGoing = false;
    await k.pass(MINUTE);
    assert.equal(k.written().length, 1);
    assert.equal(k.records.length, 1);
  });

  it('is kept dead when a policy goes without its finalizer, though nobody was told that it would', async () => {
    k = keeping();
    k.namespace('team-a');
    const policy = trustPolicy('team-a', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }));
    const drained = trustPolicy('team-a', 'q');
    await k.w.sync({ trustpolicies: [policy, drained] });
    await k.lead();
    k.w.of('trustpolicies').remove(policy);
    k.w.of('trustpolicies').remove(drained);
    await k.pass(10_000);
    assert.deepEqual(
      k.written().map(({ policy: uid }) => uid),
      [policy.metadata.uid],
    );
    assert.ok(k.isDead({ pol: policy.metadata.uid }));
    assert.ok(!k.isDead({ pol: drained.metadata.uid }));
  });

  it('has a TokenRevocation as soon as its policy is Revoked or says revokeIssuedBefore, and one is enough', async () => {
    k = keeping();
    const before = new Date(k.w.clock.now()).toISOString().replace(/\.\d+/, '');
    const policy = trustPolicy('team-a', 'p', policySpec('agent', { revokeIssuedBefore: before }));
    const revoked = trustPolicy('team-a', 'q', policySpec('agent', { state: 'Revoked' }));
    const other = trustPolicy('team-a', 'r');
    await k.w.sync({ trustpolicies: [policy, revoked, other] });
    await k.lead();
    await k.pass(5_000);
    const written = k.written().map(({ policy: uid, issuedBefore }) => [uid, issuedBefore]);
    assert.deepEqual(written, [
      [policy.metadata.uid, before],
      [revoked.metadata.uid, undefined],
    ]);
    k.w.of('trustpolicies').put(changed(revoked, { status: { phase: 'Revoked' } }));
    k.w.of('trustpolicies').put(changed(other, { spec: policySpec('agent', { priority: 1 }) }));
    await k.pass(3 * 3_600_000);
    assert.equal(k.written().length, 2);
    k.w.of('trustpolicies').remove(revoked);
    await k.pass(10_000);
    assert.ok(k.isDead({ pol: revoked.metadata.uid }));
  });

  it('is not written for a policy that was Revoked longer ago than any token lives', async () => {
    k = keeping();
    const long = new Date(k.w.clock.now() - 27 * 3_600_000).toISOString();
    const revoked = trustPolicy('team-a', 'q', policySpec('agent', { state: 'Revoked' }));
    const early = trustPolicy('team-a', 'r', policySpec('agent', { revokeIssuedBefore: long }));
    await k.w.sync({ trustpolicies: [changed(revoked, { status: { revokedAt: long } }), early] });
    await k.lead();
    await k.pass(5_000);
    assert.deepEqual(k.written(), []);
  });

  it('is kept dead when a policy revokes less than it did and nobody edited it; an edit is an undo', async () => {
    k = keeping();
    const revoked = trustPolicy('team-a', 'q', policySpec('agent', { state: 'Revoked' }), { generation: 5 });
    const edited = trustPolicy('team-a', 'r', policySpec('agent', { revokeIssuedBefore: '2030-01-01T00:00:00Z' }));
    await k.w.sync({ trustpolicies: [revoked, edited] });
    k.w.of('trustpolicies').put({
      ...changed(revoked, { spec: policySpec() }, { generation: 2 }),
      metadata: { ...revoked.metadata, generation: 2 },
    });
    k.w.of('trustpolicies').put(changed(edited, { spec: policySpec() }));
    await k.pass(2 * MINUTE);
    assert.ok(k.isDead({ pol: revoked.metadata.uid }));
    assert.ok(!k.isDead({ pol: edited.metadata.uid }));
    await k.lead();
    await k.pass(5_000);
    assert.deepEqual(
      k.written().map(({ policy: uid }) => uid),
      [revoked.metadata.uid],
    );
    assert.match(k.logged.join('\n'), /^error what was dead is kept dead/m);
  });

  it('is told, and kept dead by the TokenRevocation it has, when its policy’s revocation is undone by a restore', async () => {
    k = keeping();
    const revoked = trustPolicy('team-a', 'q', policySpec('agent', { state: 'Revoked' }), { generation: 5 });
    await k.w.sync({ trustpolicies: [revoked] });
    await k.lead();
    await k.pass(5_000);
    assert.equal(k.written().length, 1);
    k.w.of('trustpolicies').put({ ...revoked, metadata: { ...revoked.metadata, generation: 4 }, spec: policySpec() });
    await k.pass(5_000);
    assert.ok(k.isDead({ pol: revoked.metadata.uid }));
    assert.match(k.records[0]?.why ?? '', /TrustPolicy\/team-a\/q revoked more than it does now, and nobody edited it/);
    assert.equal(k.records.length, 1);
    assert.ok([...k.client.server.objects.values()].some(({ kind }) => kind === 'Event'));
  });

  it('goes on being dead when its namespace is given to another tenant', async () => {
    k = keeping({ tenancy: { mode: 'NamespaceLabel' } });
    const label = (tenant: string) => ({
      ...raw('Namespace', undefined, 'team-a', {}, { labels: { 'trustmint.dev/tenant': tenant } }),
    });
    await k.w.sync({ tokenrevocations: [kill('team-a')], namespaces: [label('acme')] });
    await k.lead();
    assert.ok(k.isDead({ tenant: 'acme' }));
    k.w.of('namespaces').put(label('other'));
    await k.pass(10 * MINUTE);
    assert.ok(k.isDead({ tenant: 'acme' }));
    assert.ok(k.isDead({ tenant: 'other' }), 'it is there, and counts for whose the namespace is');
    assert.deepEqual(
      k.written().map(({ tenant }) => tenant),
      ['acme'],
    );
  });
});
