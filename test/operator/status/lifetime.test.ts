import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { FINALIZER } from '../../../src/operator/index.ts';
import { changed, policySpec, trustPolicy } from '../support.ts';
import { type Reported, reported } from './support.ts';

/** The clock's start. */
const START = Date.parse('2026-01-01T00:00:00Z');
const STALE = 600;

async function leading(...objects: KubeObject[]): Promise<Reported> {
  const r = reported();
  await r.w.sync();
  await r.lead();
  await r.apply(...objects);
  return r;
}

const times = (r: Reported, one: KubeObject) => {
  const { revokedAt, effectiveEverywhereBy, tokensValidUntil } = r.status(one) as Record<string, string | undefined>;
  return { revokedAt, effectiveEverywhereBy, tokensValidUntil };
};
/** Seconds since the start. */
const at = (time: unknown) => (Date.parse(String(time)) - START) / 1_000;
const none = { revokedAt: undefined, effectiveEverywhereBy: undefined, tokensValidUntil: undefined };
const withState = (one: KubeObject, state: string, more: object = {}) =>
  changed(one, { spec: policySpec('agent', { state, ...more }) });

describe('what a status says of time', () => {
  it('Suspended: by when nothing is issued anywhere, and until when tokens are good; it goes with Active', async () => {
    const one = trustPolicy('ai', 'p');
    const r = await leading(one);
    assert.deepEqual(times(r, one), none);
    await r.pass(60_000);
    const suspended = withState(one, 'Suspended');
    await r.apply(suspended);
    const first = times(r, one);
    const by = at(first.effectiveEverywhereBy);
    assert.ok(by >= 60 + STALE && by <= 62 + STALE, `${by}`);
    assert.equal(at(first.tokensValidUntil), by + 3_600);
    assert.equal(first.revokedAt, undefined);
    await r.pass(700_000);
    assert.deepEqual(times(r, one), first, 'since then');
    await r.apply(withState(suspended, 'Active'));
    assert.deepEqual(times(r, one), none);
  });

  it('state: Revoked: since when, kept for good, also by the next leader; dead everywhere 30 min later', async () => {
    const one = trustPolicy('ai', 'p');
    const r = reported();
    await r.w.sync();
    const end = await r.lead();
    await r.apply(one);
    await r.pass(60_000);
    const revoked = withState(one, 'Revoked');
    await r.apply(revoked);
    const first = times(r, one);
    const since = at(first.revokedAt);
    assert.ok(since >= 60 && since <= 62);
    assert.deepEqual([at(first.effectiveEverywhereBy), at(first.tokensValidUntil)], [since + 1_800, since + 1_800]);
    await end();
    await r.pass(60_000);
    await r.lead();
    await r.apply(changed(revoked, { spec: policySpec('other', { state: 'Revoked' }) }));
    await r.pass(700_000);
    assert.deepEqual(times(r, one), first);
    assert.deepEqual(
      r.ends.map(({ action, uid, why }) => [action, uid, why]),
      [['revoked', one.metadata.uid, 'state: Revoked']],
    );
    assert.equal(r.ends[0]?.tokens_valid_until, START / 1_000 + since + 1_800);
    assert.equal(r.events(one).filter((event) => event.startsWith('Revoked')).length, 1);
  });

  it('longestTtl: of all that its rules ever gave, for a ttl that is lowered shortens no token', async () => {
    const rules = (...ttls: (string | undefined)[]) => ({
      trustRules: ttls.map((ttl, n) => ({
        name: `r${n}`,
        match: { serviceAccount: `a${n}` },
        ...(ttl === undefined ? { deny: true } : { issue: { ttl } }),
      })),
    });
    const one = trustPolicy('ai', 'p', policySpec('agent', rules('90m', undefined, '8h')));
    const r = await leading(one);
    assert.equal(r.status(one).longestTtl, '8h');
    let now = changed(one, { spec: policySpec('agent', rules('5m')) });
    await r.apply(now);
    assert.equal(r.status(one).longestTtl, '8h');
    now = changed(now, { spec: policySpec('agent', { ...rules('5m'), state: 'Suspended' }) });
    await r.apply(now);
    const { effectiveEverywhereBy, tokensValidUntil } = times(r, one);
    assert.equal(at(tokensValidUntil) - at(effectiveEverywhereBy), 8 * 3_600);
    now = changed(now, { spec: policySpec('agent', rules('8h', '10h1s')) });
    await r.apply(now);
    assert.equal(r.status(one).longestTtl, '10h1s');
  });

  it('a policy that only denies gave nothing; what cannot be read may have given anything', async () => {
    const deny = { trustRules: [{ name: 'd', match: { serviceAccount: 'x' }, deny: true }] };
    const [denies, alien] = [
      trustPolicy('ai', 'd', policySpec('agent', deny)),
      trustPolicy('ai', 'a', { ...policySpec(), trustRules: 'all' }),
    ];
    const r = await leading(denies, alien);
    assert.equal(r.status(denies).longestTtl, undefined);
    assert.equal(r.status(alien).longestTtl, '24h');
  });

  it('an audit that takes nothing keeps no status from those who wait for it', async () => {
    const one = trustPolicy('ai', 'p');
    const r = await leading(one);
    r.auditFails = true;
    await r.apply(withState(one, 'Revoked'));
    assert.equal(r.condition(one, 'Revoked').status, 'True');
    assert.match(r.logged.join(), /an audit record cannot be written/);
  });

  it('deleted under the finalizer of another alone: the truth, written once; with ours it is the work of who takes ours off', async () => {
    const one = trustPolicy('ai', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }));
    const r = await leading(one);
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z', generation: 2 };
    const both = changed(one, {}, { ...going, finalizers: ['example.com/a', FINALIZER] });
    await r.apply(both);
    assert.equal(r.status(one).phase, 'Active');
    await r.apply(changed(both, {}, { finalizers: ['example.com/a'] }));
    await r.pass(700_000);
    assert.equal(r.status(one).phase, 'Revoked');
    assert.equal(r.condition(one, 'Revoked').reason, 'Deleted');
    assert.deepEqual(times(r, one), {
      revokedAt: '2026-01-01T00:00:00Z',
      effectiveEverywhereBy: '2026-01-01T00:30:00Z',
      tokensValidUntil: '2026-01-01T00:30:00Z',
    });
    const written = r.writes().length;
    await r.pass(700_000);
    assert.equal(r.writes().length, written);
    assert.equal(r.events(one).filter((event) => event.startsWith('Deleted')).length, 1);
  });
});
