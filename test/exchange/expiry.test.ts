import assert from 'node:assert/strict';
import { agents, cluster, refusal, resource, type World, world } from './support.ts';

const rule = (issue: object) => agents([{ match: { serviceAccount: '*' }, issue }]);

describe('how long a token lives', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([rule({ ttl: '8h' })]);
  });

  it('is the rule’s ttl from now, also beyond the proof’s own end', async () => {
    const grant = await w.granted();
    assert.equal(grant.expiresAt, Math.floor(w.clock.now() / 1000) + 8 * 3600);
  });

  it('is an hour where the rule says nothing', async () => {
    w.serve(rule({}));
    assert.equal((await w.granted()).expiresIn, 3600);
  });

  it('is capped by the resource, and a request over that cap exceeds the policy', async () => {
    w.serve(resource('default', { audience: 'default', limits: { maxTtl: '10m' } }), rule({ ttl: '8h' }));
    assert.equal((await w.granted()).expiresIn, 600);
    assert.equal((await refusal(w, await w.proof(), { ttl: 601 })).message, 'ttl: at most 600 seconds');
  });

  it('P35: ends with the proof where the rule says ttlFromProof, and never later than its ttl', async () => {
    w.serve(rule({ ttl: '8h', ttlFromProof: true }));
    assert.equal((await w.granted()).expiresIn, 540);
    assert.equal((await w.granted({ ttl: 60 })).expiresIn, 60);
    const long = await w.granted({}, 'kubernetes', { exp: Math.floor(w.clock.now() / 1000) + 80_000 });
    assert.equal(long.expiresIn, 8 * 3600);
  });

  it('is said to end where the caller’s own caveat ends it, and never later than the rule says', async () => {
    const earlier = await w.granted({ caveats: ['time < 2026-01-01T01:00:00Z', 'time < 2026-01-01T00:30:00Z'] });
    assert.equal(earlier.expiresIn, 1800);
    assert.equal(earlier.expiresAt, Math.floor(w.clock.now() / 1000) + 1800);
    const { ttl, expires_at } = w.record().granted;
    assert.deepEqual([ttl, expires_at], [1800, earlier.expiresAt]);
    assert.equal((await w.granted({ caveats: ['time < 2099-01-01T00:00:00Z'] })).expiresIn, 8 * 3600);
  });

  it('is never over before it began: a caveat that says so is refused', async () => {
    const said = await refusal(w, await w.proof(), { caveats: ['time < 2026-01-01T00:00:00Z'] });
    assert.deepEqual([said.code, said.stage, said.reason], ['invalid_request', 'request', 'never_holds']);
    assert.match(said.message, /expired already.*2026-01-01T00:00:00Z/);
  });

  it('is over at the very second that the token states', async () => {
    const { token } = await w.granted({ ttl: 60 });
    await w.clock.advance(59_999);
    assert.ok((w.verify(token) as { active: boolean }).active);
    await w.clock.advance(1);
    const verdict = w.verify(token);
    assert.ok('active' in verdict && !verdict.active);
    assert.equal(verdict.reason, 'expired');
    assert.equal(verdict.caveat, 'time < 2026-01-01T00:01:00Z');
  });
});

describe('P9: how old a proof may be', () => {
  it('is the policy’s maxProofAge, to the second', async () => {
    const w = await world([agents([{ match: { serviceAccount: '*' }, issue: {} }], { maxProofAge: '5m' })]);
    const now = Math.floor(w.clock.now() / 1000);
    await w.granted({}, 'kubernetes', { iat: now - 300 });
    const said = await refusal(w, await w.proof('kubernetes', { iat: now - 301 }));
    assert.deepEqual([said.code, said.stage, said.reason], ['invalid_proof', 'proof', 'proof_too_old']);
  });

  it('is ten minutes for a workflow run, though its token be valid for longer', async () => {
    const w = await world([
      cluster('github', [{ match: { repository: 'acme-corp/ai-pipeline' }, issue: {} }], { tenant: 'acme' }),
    ]);
    const now = Math.floor(w.clock.now() / 1000);
    await w.granted({}, 'github', { iat: now - 600, exp: now + 3000 });
    assert.equal(
      (await refusal(w, await w.proof('github', { iat: now - 601, exp: now + 3000 }))).reason,
      'proof_too_old',
    );
  });

  it('a proof from the future is refused beyond a minute of leeway', async () => {
    const w = await world([agents([{ match: { serviceAccount: '*' }, issue: {} }])]);
    const now = Math.floor(w.clock.now() / 1000);
    await w.granted({}, 'kubernetes', { iat: now + 60 });
    assert.equal((await refusal(w, await w.proof('kubernetes', { iat: now + 61 }))).reason, 'not_yet_valid');
  });
});
