import assert from 'node:assert/strict';
import { FINALIZER } from '../../../src/operator/index.ts';
import { policySpec, raw } from '../support.ts';
import { Deletions, STALE } from './support.ts';

const BEFORE = '2025-12-31T12:00:00Z';
const all = (['TrustPolicy', 'ClusterTrustPolicy'] as const).flatMap((kind) =>
  [undefined, 'Drain', 'Revoke'].flatMap((deletionPolicy) =>
    ['Active', 'Suspended', 'Revoked'].flatMap((state) =>
      [undefined, BEFORE].map((revokeIssuedBefore) => ({ kind, deletionPolicy, state, revokeIssuedBefore })),
    ),
  ),
);
type Case = (typeof all)[number];

function scene({ kind, ...spec }: Case) {
  const d = new Deletions();
  const namespace = kind === 'TrustPolicy' ? 'ai' : undefined;
  const one = raw(kind, namespace, 'p', policySpec('agent', spec), { finalizers: [FINALIZER] });
  d.put(one);
  const killsAll = spec.state === 'Revoked' || spec.deletionPolicy === 'Revoke';
  const killsOld = killsAll || spec.revokeIssuedBefore !== undefined;
  const { uid } = one.metadata;
  /** Whether a token of the policy is dead that was issued at that time. */
  const isDead = (iat: number) => {
    const token = { jti: 'j', gid: 'g', pol: uid, agt: null, tenant: 'ai', iat, derivedFrom: () => [] };
    return d.dead().check(token, Math.floor(d.clock.now() / 1_000)) !== undefined;
  };
  const old = Date.parse(BEFORE) / 1_000 - 60;
  const held = () => {
    assert.equal(isDead(old), killsOld, 'what was issued before');
    assert.equal(isDead(old + 120), killsAll, 'what was issued after');
  };
  return { d, one, held, killsAll, killsOld };
}

async function run(of: Case, kill?: { readonly when: 'before' | 'after'; readonly step: number }) {
  const { d, one, held, killsAll, killsOld } = scene(of);
  await d.delete(one);
  const wrong: unknown[] = [];
  d.onServer = () => {
    try {
      held();
    } catch (error) {
      wrong.push(error);
    }
  };
  const first = d.lead();
  first.onStep = (when, step) => {
    if (when === kill?.when && step === kill.step) first.kill();
  };
  await d.pass(1_500);
  if (kill) {
    d.lead();
    await d.pass(3_000);
  }
  const what = `${JSON.stringify(of)} killed ${JSON.stringify(kill)}: ${first.did}`;
  assert.equal(d.get(one), undefined, `still there: ${what}`);
  held();
  assert.deepEqual(wrong, [], what);
  assert.equal(d.tombstones().length, killsOld ? 1 : 0, what);
  assert.ok(d.ends.length >= 1 && d.ends.length <= 2, `${d.ends.length} audit records: ${what}`);
  const [end] = d.ends;
  assert.equal(end!.action, 'deleted');
  const [tombstone] = d.tombstones();
  assert.equal(end!.tombstone, tombstone ? `TokenRevocation/trustmint-system/${tombstone.metadata.name}` : null);
  const now = Date.parse('2026-01-01T00:00:00Z') / 1_000;
  assert.equal(end!.tokens_valid_until, killsAll ? now + 1_800 : now + STALE + 3_600);
  assert.deepEqual(d.events(one), ['Deleted'], what);
  return first.did;
}

describe('a deletion whose leader is killed', () => {
  it('goes on with the next leader, whichever request it was at, for every policy: nothing revives, nothing hangs', async () => {
    let killed = 0;
    for (const of of all) {
      const steps = await run(of);
      assert.deepEqual(steps.slice(-4), [
        `patch ${of.kind === 'TrustPolicy' ? 'trustpolicies' : 'clustertrustpolicies'}/status`,
        'create events',
        'audit',
        `patch ${of.kind === 'TrustPolicy' ? 'trustpolicies' : 'clustertrustpolicies'}`,
      ]);
      for (const step of steps.keys())
        for (const when of ['before', 'after'] as const) {
          await run(of, { when, step });
          killed += 1;
        }
    }
    assert.ok(killed > 300, `${killed}`);
  }).timeout(60_000);
});
