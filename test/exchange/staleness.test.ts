import assert from 'node:assert/strict';
import { agents, RESEARCH, refusal, type World, world } from './support.ts';

/** Seconds, as flags give them. */
const EXCHANGE = 600;
const VERIFY = 1800;

describe('A view that grows old', () => {
  let w: World;
  let token: string;
  let proof: string;
  beforeEach(async () => {
    w = await world([agents([RESEARCH])]);
    ({ token } = await w.granted());
    proof = await w.proof();
  });

  const exchange = async () => ((await w.exchange(proof)).granted ? 'ok' : w.record().refused.reason);
  const verify = () => {
    const answer = w.verify(token);
    return 'code' in answer ? answer.code : answer.active;
  };
  const feed = () => {
    const answer = w.engine.revocations('default');
    return 'code' in answer ? answer.code : 'ok';
  };
  const freshness = () => w.engine.readiness().find(({ name }) => name === 'freshness')!;

  it('stops each thing just beyond its own limit, and not at it', async () => {
    const OUT = 'temporarily_unavailable';
    for (const [stale, exchanged, fed, verified, ready] of [
      [0, 'ok', 'ok', true, true],
      [EXCHANGE, 'ok', 'ok', true, true],
      [EXCHANGE + 0.001, 'stale', OUT, true, false],
      [VERIFY, 'stale', OUT, true, false],
      [VERIFY + 0.001, 'stale', OUT, OUT, false],
      [Number.POSITIVE_INFINITY, 'stale', OUT, OUT, false],
    ] as const) {
      w.view.stale = stale;
      assert.deepEqual(
        [await exchange(), feed(), verify(), freshness().ok],
        [exchanged, fed, verified, ready],
        `${stale}`,
      );
    }
    w.view.stale = 0;
    assert.deepEqual(
      [await exchange(), feed(), verify(), freshness().ok],
      ['ok', 'ok', true, true],
      'and all is as before',
    );
  });

  it('is said to verifiers in whole seconds, while they are answered', () => {
    for (const stale of [0, 59.9, EXCHANGE, VERIFY]) {
      w.view.stale = stale;
      const answer = w.verify(token);
      assert.ok('staleSeconds' in answer);
      assert.equal(answer.staleSeconds, Math.floor(stale));
    }
  });

  it('says in readiness which kind is the oldest, and which limit comes next', () => {
    const at = (stale: number) => {
      w.view.stale = stale;
      w.view.kinds = [
        { kind: 'TrustPolicy', staleSeconds: 1 },
        { kind: 'TokenRevocation', staleSeconds: stale },
        { kind: 'ProtectedResource', staleSeconds: 2 },
      ];
      return freshness();
    };
    assert.equal(
      at(42.7).detail,
      'TokenRevocation (the oldest kind): no sign of life for 42 s; exchanges and the feed stop after 600 s',
    );
    assert.equal(at(42.7).message, undefined, 'it is no warning');
    assert.match(at(601).message!, /exchanges and the feed have stopped; verifying stops after 1800 s$/);
    assert.match(at(1801).message!, /^TokenRevocation .* 1801 s; verifying has stopped too$/);
    assert.equal(at(Number.POSITIVE_INFINITY).message, 'nothing was read yet; verifying has stopped too');
  });

  it('is in numbers for who watches over it, with what is revoked', () => {
    w.view.stale = 12;
    w.revoke(
      { by: 'token', value: 'a' },
      { by: 'token', value: 'b', expiresAt: w.clock.now() / 1000 },
      { by: 'token', value: 'c', expiresAt: w.clock.now() / 1000 - 1 },
      { by: 'policy', value: 'p' },
    );
    const { revocations, ownKeys, ...vitals } = w.engine.vitals();
    assert.deepEqual(vitals, {
      maxStaleness: EXCHANGE,
      maxVerifyStaleness: VERIFY,
      kinds: [{ kind: 'TrustPolicy', staleSeconds: 12 }],
      lingering: 0,
      ownKeyAgeSeconds: 0,
    });
    assert.deepEqual(Object.fromEntries(ownKeys), { next: 0, active: 1, retired: 0 });
    assert.deepEqual(Object.fromEntries(revocations), { token: 2, derivedFrom: 0, grant: 0, agent: 0, policy: 1 });
  });
});

describe('A clock that is wrong', () => {
  it('stops exchange, verify and the feed with 503, whatever the proof or token; and nothing once it is right', async () => {
    let wrong = false;
    const w = await world([agents([RESEARCH])], { clockIsWrong: () => wrong, clockAhead: () => 3600 });
    const { token } = await w.granted();
    const proof = await w.proof();
    wrong = true;
    const said = await refusal(w, proof);
    assert.deepEqual([said.code, said.stage, said.reason], ['temporarily_unavailable', 'view', 'clock']);
    assert.equal((await refusal(w, 'no.proof.atall')).code, 'temporarily_unavailable');
    for (const answer of [w.verify(token), w.engine.revocations('default')]) {
      assert.equal('code' in answer && answer.code, 'temporarily_unavailable');
    }
    assert.equal(w.engine.vitals().clockSkewSeconds, 3600);
    wrong = false;
    assert.ok((await w.exchange(proof)).granted);
    const verified = w.verify(token);
    assert.equal('active' in verified && verified.active, true);
  });

  it('is set right by minutes: tokens are of the time of all replicas, so that what is revoked up to now is dead', async () => {
    for (const ahead of [240, -240]) {
      let skew = 0;
      const w = await world([agents([RESEARCH])], { clockAhead: () => skew });
      const time = w.clock.now() / 1000;
      const proof = await w.proof('kubernetes', { iat: time - 300, exp: time + 3000 });
      skew = ahead;
      w.clock.jump((time + ahead) * 1000);
      const outcome = await w.exchange(proof);
      assert.ok(outcome.granted);
      assert.equal(outcome.expiresAt, time + 8 * 3600);
      const verified = () => {
        const answer = w.verify(outcome.token);
        assert.ok('active' in answer);
        return answer;
      };
      const alive = verified();
      assert.ok(alive.active);
      assert.equal(alive.issuedAt, time);
      w.revoke({ by: 'policy', value: alive.policy, issuedBefore: time });
      assert.equal(verified().active, false, 'what was issued up to now is dead');
      w.revoke();
      await w.clock.advance((8 * 3600 - 1) * 1000);
      assert.equal(verified().active, true, 'by the time of all, it has a second left');
      await w.clock.advance(1_000);
      assert.equal(verified().active, false);
    }
  });

  it('is left alone for a few seconds, which may be a mistake', async () => {
    const w = await world([agents([RESEARCH])], { clockAhead: () => 4.9 });
    assert.equal((await w.granted()).expiresAt, w.clock.now() / 1000 + 8 * 3600);
  });

  it('mints nothing of another hour where it was set wrong while the proof was verified', async () => {
    let looks = 0;
    const w = await world([agents([RESEARCH])], { clockIsWrong: () => ++looks > 1 });
    const said = await refusal(w, await w.proof());
    assert.deepEqual([said.code, said.reason], ['temporarily_unavailable', 'clock']);
  });
});
