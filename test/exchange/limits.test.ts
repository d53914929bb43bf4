import assert from 'node:assert/strict';
import { RateLimiter } from '../../src/exchange/rate-limit.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { API, agent, Delegating, ISSUER, NOTES, OTHER, policy, RULES } from './delegation-support.ts';
import { agents, RESEARCH, refusal, type World, world } from './support.ts';

const LIMITS = { rateLimit: { perSecond: 2, burst: 3 }, failureLimit: { perSecond: 1, burst: 2 } };

describe('limits on exchanges', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([agents([RESEARCH, { ...RESEARCH, name: 'others', match: { serviceAccount: '*' } }])], LIMITS);
  });
  const other = () =>
    w.proof('kubernetes', {
      sub: 'system:serviceaccount:ai-agents:other',
      'kubernetes.io': { namespace: 'ai-agents', serviceaccount: { name: 'other', uid: 'u2' } },
    });

  it('hold for each identity by itself: 429 with a time to come back, then again as told', async () => {
    const proof = await w.proof();
    for (let i = 0; i < 3; i++) assert.ok((await w.exchange(proof)).granted);
    const outcome = await w.exchange(proof);
    assert.ok(!outcome.granted);
    assert.deepEqual([outcome.code, outcome.retryAfter], ['rate_limited', 1]);
    assert.deepEqual(w.record().refused.stage, 'limit');
    assert.ok((await w.exchange(await other())).granted, 'nobody else waits');
    await w.clock.advance(500);
    assert.ok((await w.exchange(proof)).granted);
    assert.ok(!(await w.exchange(proof)).granted);
  });

  it('count an identity whatever address it comes from, and whatever proof it shows', async () => {
    for (let i = 0; i < 3; i++) assert.ok((await w.exchange(await w.proof(), { peer: `192.0.2.${i}` })).granted);
    const said = await refusal(w, await w.proof('kubernetes', { jti: 'new' }), { peer: '192.0.2.9' });
    assert.equal(said.reason, 'rate_limited');
  });

  it('count nothing against an identity whose proof for somebody else is presented here', async () => {
    for (let i = 0; i < 5; i++) {
      const leaked = await w.proof('kubernetes', { aud: 'other', jti: `${i}` });
      assert.equal((await refusal(w, leaked, { peer: `192.0.2.${i}` })).reason, 'wrong_audience');
    }
    for (let i = 0; i < 3; i++) assert.ok((await w.exchange(await w.proof())).granted);
  });

  it('count failed proofs for each address: then not even a good one is looked at', async () => {
    for (let i = 0; i < 2; i++) assert.equal((await refusal(w, 'nonsense')).code, 'invalid_proof');
    const proof = await w.proof();
    assert.deepEqual((await refusal(w, proof)).code, 'rate_limited');
    assert.ok((await w.exchange(proof, { peer: '192.0.2.77' })).granted, 'another address is not blocked');
    await w.clock.advance(1000);
    assert.ok((await w.exchange(proof)).granted);
  });

  it('count what is refused beside a good proof too: another’s client, a delegation that cannot be', async () => {
    const asked: ((d: Delegating) => Promise<object>)[] = [
      async (d) => ({ door: 'jwt_bearer', client: { assertion: await d.proof('b'), isSvid: true } }),
      async () => ({ door: 'token_exchange', audience: ISSUER }),
      async (d) => ({ door: 'token_exchange', delegation: await d.chain('a', 'b'), scopes: ['other:read'] }),
    ];
    for (const ask of asked) {
      const d = new Delegating(await world([API, OTHER, NOTES, policy(RULES)], LIMITS));
      d.w.register(agent('a'), agent('b'));
      const [proof, request] = [await d.proof('a'), await ask(d)];
      for (let i = 0; i < 2; i++)
        assert.notEqual(d.why(await d.w.exchange(proof, request)), 'rate_limited rate_limited');
      assert.equal(d.why(await d.w.exchange(proof, request)), 'rate_limited rate_limited');
    }
  });

  it('count a proof for another audience among the failed ones, but not a refusal by the policies', async () => {
    const denied = await w.proof('kubernetes', {
      sub: 'system:serviceaccount:elsewhere:x',
      'kubernetes.io': { namespace: 'elsewhere', serviceaccount: { name: 'x', uid: 'u' } },
    });
    for (let i = 0; i < 3; i++) assert.equal((await refusal(w, denied)).code, 'no_matching_policy');
    const wrong = await w.proof('kubernetes', { aud: 'other' });
    // The limit on the identity must not be what stops it.
    await w.clock.advance(5000);
    for (let i = 0; i < 2; i++) assert.equal((await refusal(w, wrong)).reason, 'wrong_audience');
    assert.equal((await refusal(w, await other())).code, 'rate_limited');
  });
});

describe('a rate limiter', () => {
  const clock = new FakeClock();

  it('gives the burst at once, then so many a second, and never saves up more than the burst', async () => {
    const limiter = new RateLimiter({ perSecond: 10, burst: 2 }, clock);
    assert.deepEqual([limiter.take('a'), limiter.take('a'), limiter.take('a')], [0, 0, 1]);
    await clock.advance(100);
    assert.deepEqual([limiter.take('a'), limiter.take('a')], [0, 1]);
    await clock.advance(3600_000);
    assert.deepEqual([limiter.take('a'), limiter.take('a'), limiter.take('a')], [0, 0, 1]);
  });

  it('says how many whole seconds to wait', async () => {
    const slow = new RateLimiter({ perSecond: 0.1, burst: 1 }, clock);
    assert.deepEqual([slow.take('a'), slow.take('a'), slow.blocked('a'), slow.blocked('b')], [0, 10, 10, 0]);
    await clock.advance(4500);
    assert.equal(slow.take('a'), 6);
  });

  it('remembers a bounded number of keys: the ones not asked for longest go first', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, clock, 2);
    assert.equal(limiter.take('a'), 0);
    assert.equal(limiter.take('b'), 0);
    assert.equal(limiter.take('a'), 1);
    assert.equal(limiter.take('c'), 0);
    assert.equal(limiter.take('a'), 1, 'b was forgotten, a was not');
    assert.equal(limiter.take('b'), 0);
  });
});
