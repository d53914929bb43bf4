import assert from 'node:assert/strict';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { policySpec, raw, trustPolicy } from '../support.ts';
import { type Kept, keeping } from './support.ts';

const MINUTE = 60_000;

describe('what was dead, and the leader did not see', () => {
  let k: Kept;
  afterEach(() => k.close());

  it('stays dead in a replica that does not lead, however long it takes until somebody can keep it', async () => {
    let isDown = true;
    k = keeping(
      {},
      {
        before(call) {
          if (call.verb === 'create' && isDown) throw apiFailure(500, 'InternalError');
        },
      },
    );
    const dead = raw('TokenRevocation', 'team-a', 'dead', { token: 'jti-1' });
    await k.w.sync({ tokenrevocations: [dead] });
    k.w.of('tokenrevocations').remove(dead);
    await k.pass(20 * MINUTE);
    assert.ok(k.isDead({}));
    assert.match(k.logged.join('\n'), /^warn what was dead cannot be kept dead/m);
    isDown = false;
    await k.lead();
    await k.pass(5_000);
    assert.equal(k.written().length, 1, 'who leads next does what is left to be done');
  });

  it('is kept by a replica that does not lead when the leader has not in ten seconds, and may never have seen it', async () => {
    k = keeping();
    const policy = trustPolicy('team-a', 'p', policySpec('agent', { state: 'Revoked' }));
    await k.w.sync({ trustpolicies: [policy] });
    k.w.of('trustpolicies').remove(policy);
    await k.pass(9_000);
    assert.deepEqual(k.written(), [], "till then it is the leader's");
    await k.pass(3_000);
    const uid = policy.metadata.uid;
    assert.deepEqual(
      k.written().map(({ policy }) => policy),
      [uid],
    );
    assert.ok(k.isDead({ pol: uid }));
    assert.equal(k.records.length, 1);
    await k.pass(5 * MINUTE);
    assert.equal(k.records.length, 1, 'once');
  });

  it('is tried to be kept every few seconds by a replica that does not lead', async () => {
    let fails = 3;
    k = keeping(
      {},
      {
        before(call) {
          if (call.verb !== 'create') return;
          fails -= 1;
          if (fails >= 0) throw apiFailure(500, 'InternalError');
        },
      },
    );
    const policy = trustPolicy('team-a', 'p', policySpec('agent', { state: 'Revoked' }));
    await k.w.sync({ trustpolicies: [policy] });
    k.w.of('trustpolicies').remove(policy);
    await k.pass(40_000);
    assert.equal(k.written().length, 1);
  });

  it('is not kept by a replica that neither leads nor saw its TokenRevocation go: another may have seen a person delete it', async () => {
    k = keeping();
    k.namespace('team-a');
    const dead = raw('TokenRevocation', 'team-a', 'dead', { token: 'jti-1' });
    await k.w.sync({ tokenrevocations: [dead] });
    k.w.of('tokenrevocations').remove(dead, 'missed');
    await k.pass(MINUTE);
    assert.ok(k.isDead({}));
    await k.pass(5 * MINUTE);
    assert.ok(!k.isDead({}));
    assert.deepEqual(k.written(), []);
  });

  it('is not kept for a policy with deletionPolicy: Revoke whose going it missed, and with it, perhaps, an edit to Drain', async () => {
    for (const how of ['missed', 'told'] as const) {
      k = keeping();
      const policy = trustPolicy('team-a', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }));
      await k.w.sync({ trustpolicies: [policy] });
      k.w.of('trustpolicies').remove(policy, how);
      await k.pass(MINUTE);
      assert.equal(k.written().length, how === 'told' ? 1 : 0, how);
      assert.ok(k.isDead({ pol: policy.metadata.uid }), 'here it is dead in any case');
      if (how === 'missed') await k.close();
    }
  });
});

describe('what was dead twice', () => {
  let k: Kept;
  afterEach(() => k.close());

  for (const leads of [true, false]) {
    const who = leads ? 'the leader' : 'who does not lead';
    it(`stays dead for ${who} when a person takes back one, and the other is a policy that is gone`, async () => {
      k = keeping();
      k.namespace('trustmint');
      const policy = trustPolicy('team-a', 'p', policySpec('agent', { state: 'Revoked' }));
      const pol = policy.metadata.uid;
      const dead = raw('TokenRevocation', 'trustmint', 'dead', { policy: pol });
      await k.w.sync({ trustpolicies: [policy], tokenrevocations: [dead] });
      if (leads) await k.lead();
      await k.pass(5_000);
      k.w.of('trustpolicies').remove(policy);
      await k.pass(1_000);
      k.w.of('tokenrevocations').remove(dead);
      await k.pass(5 * MINUTE);
      assert.ok(k.isDead({ pol }));
      assert.equal(k.written().length, 1);
    });
  }
});
