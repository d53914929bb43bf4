import assert from 'node:assert/strict';
import { Impairments, SETTLE } from './impairments.ts';
import { judgeExchange, judgeOutage, judgeToken } from './judge.ts';
import { fate, GRACE, type Killer, Killers } from './killers.ts';
import { climb, HELD, held, type Life, leastSquares } from './memory.ts';
import { chance } from './random.ts';
import { accountSlot } from './slots.ts';
import type { Soak } from './soak-types.ts';
import { Tally } from './tally.ts';
import { NOTHING, Timeline } from './timeline.ts';
import { type Remembered, Tokens } from './tokens.ts';

const facts = { jti: 'j', gid: 'g', pol: 'p', tenant: 't', iat: 100, digests: ['d', 'e'] };
const revoked = { by: 'token', value: 'j', tenant: null, issuedBefore: null, why: 'test' } as const;
const later = SETTLE + 1;
const NO_MORE = { heapTotalMiB: 0, externalMiB: 0, rssMiB: 0 };

describe('The model of a soak', () => {
  let impairments: Impairments;
  beforeEach(() => {
    impairments = new Impairments();
  });

  describe('when a replica must know', () => {
    it('two seconds after the answer, where nothing is wrong, or another replica is', () => {
      impairments.begin(1, 'cut', 0);
      assert.equal(impairments.settledBy(0, 1_000), 1_000 + SETTLE);
    });

    it('not while something is wrong with it, and two seconds after it has recovered', () => {
      const one = impairments.begin(0, 'cut', 2_000);
      assert.equal(impairments.settledBy(0, 1_000), Number.POSITIVE_INFINITY);
      one.until = 9_000;
      assert.equal(impairments.settledBy(0, 1_000), 9_000 + SETTLE);
      assert.equal(impairments.settledBy(0, 9_500), 9_500 + SETTLE, 'what is written afterwards has its own time');
    });

    it('one thing after another that is wrong counts as one', () => {
      impairments.note(0, 'cut', 2_000, 9_000);
      impairments.note(0, 'freeze', 10_500, 20_000);
      impairments.note(0, 'freeze', 30_000, 40_000);
      assert.equal(impairments.settledBy(0, 1_000), 20_000 + SETTLE);
    });
  });

  describe('what an exchange may give', () => {
    it('old and new while the write is on its way, then the new alone', () => {
      const timeline = new Timeline();
      const change = timeline.begin({ edition: 1 }, 'made', 10_000);
      assert.deepEqual(timeline.allowed(0, 9_000, 9_001, impairments), [NOTHING]);
      assert.equal(timeline.allowed(0, 9_000, 10_001, impairments).length, 2);
      change.happened(10_500, 'u');
      assert.equal(timeline.allowed(0, 10_500 + SETTLE, 20_000, impairments).length, 2);
      assert.deepEqual(timeline.allowed(0, 10_500 + later, 20_000, impairments), [{ edition: 1, uid: 'u' }]);
    });

    it('of two writes in a row all three until the second is settled', () => {
      const timeline = new Timeline();
      timeline.begin({ edition: 1 }, 'made', 10_000).happened(10_100);
      timeline.begin({ edition: 2 }, 'edited', 10_200).happened(10_300);
      assert.equal(timeline.allowed(0, 10_400, 10_500, impairments).length, 3);
      assert.deepEqual(timeline.allowed(0, 10_300 + later, 20_000, impairments), [{ edition: 2 }]);
    });

    it('nothing of a write that never was', () => {
      const timeline = new Timeline();
      timeline.begin({ edition: 1 }, 'made', 10_000).never();
      assert.deepEqual(timeline.allowed(0, 20_000, 20_001, impairments), [NOTHING]);
    });
  });

  describe('what may be said of a token', () => {
    const at = (killer: Killer, asked: number) => fate([killer], 0, asked, asked + 1, impairments);
    const killed = (): Killer => ({ ...new Killers().add(revoked, 1_000), answered: 1_500 });

    it('alive, then either, then dead for good', () => {
      const killer = killed();
      assert.deepEqual(
        [900, 1_200, 1_500 + SETTLE, 1_500 + later, 1e9].map((asked) => at(killer, asked)),
        ['alive', 'either', 'either', 'dead', 'dead'],
      );
    });

    it('taken back: either until the grace is over, then alive', () => {
      const killer = { ...killed(), undoFrom: 50_000, undone: 50_100 };
      assert.equal(at(killer, 49_000), 'dead');
      assert.equal(at(killer, 50_100 + GRACE), 'either');
      assert.equal(at(killer, 50_100 + GRACE + 10_000), 'alive');
    });

    it('taken back while a replica could not see it: either, for it may be kept', () => {
      impairments.note(2, 'cut', 51_000, 52_000);
      assert.equal(at({ ...killed(), undoFrom: 50_000, undone: 50_100 }, 1e9), 'either');
    });

    it('what a replica may believe that missed an edit: either, if one missed any', () => {
      const killer = { ...killed(), onlyIf: { from: 5_000, to: 6_000 } };
      assert.equal(at(killer, 90_000), 'alive');
      impairments.note(1, 'close', 5_500, 70_000);
      assert.equal(at(killer, 90_000), 'either');
    });

    it('by token, grant, policy and every signature it was made from; not of another tenant, nor issued later', () => {
      const killers = new Killers();
      killers.add({ ...revoked, by: 'grant', value: 'g' }, 0);
      killers.add({ ...revoked, by: 'policy', value: 'p', issuedBefore: 100 }, 0);
      killers.add({ ...revoked, by: 'derivedFrom', value: 'd', tenant: 't' }, 0);
      killers.add({ ...revoked, tenant: 'another' }, 0);
      killers.add({ ...revoked, issuedBefore: 99 }, 0);
      assert.deepEqual(
        killers.of(facts).map(({ by }) => by),
        ['grant', 'policy', 'derivedFrom'],
      );
    });
  });

  describe('an answer against it is a violation, with its story', () => {
    const slot = accountSlot('t', 'one');
    const token: Remembered = {
      token: '',
      facts,
      kid: 'k',
      expiresAt: 1e12,
      slot: slot.name,
      mintedAt: 0,
      mintedBy: 0,
    };
    const asked = { replica: 0, from: 10_000, to: 10_001 };
    let soak: Soak;
    const found = () => soak.tally.violations.map(({ what }) => what.replace(/[:(].*/, '').trim());
    beforeEach(() => {
      const parts = { impairments, killers: new Killers(), tally: new Tally(() => {}), tokens: new Tokens(chance(1)) };
      soak = { ...parts, slots: [slot], replicas: [] } as unknown as Soak;
    });

    it('a dead token that is accepted, and a living one that is refused', () => {
      soak.killers.add(revoked, 1_000).answered = 1_100;
      judgeToken(soak, token, asked, { active: true, how: 'verify' });
      const other = { ...token, facts: { ...facts, jti: 'another' } };
      judgeToken(soak, other, asked, { active: false, reason: 'revoked', how: 'verify' });
      judgeToken(soak, other, asked, { active: false, reason: 'unknown_key', how: 'verify' });
      assert.deepEqual(found(), ['A DEAD TOKEN IS ACCEPTED', 'a living token is dead', 'refused as unknown_key']);
      assert.match(soak.tally.violations[0]?.story.join('\n') ?? '', /killed by test: 1\.000–1\.100/);
    });

    it('an expired token that is accepted', () => {
      judgeToken(soak, { ...token, expiresAt: 1_000 }, asked, { active: true, how: 'verify' });
      assert.deepEqual(found(), ['an expired token is accepted']);
    });

    it('a refusal where a policy gives, and a token where none does', () => {
      const answer = (status: number) => ({ status, body: { token: 'AgE', caveats: [] }, at: 10_001 });
      judgeExchange(soak, slot, asked, answer(403));
      judgeExchange(soak, slot, asked, answer(500));
      slot.timeline.begin({ edition: 1 }, 'made', 1_000).happened(1_100, 'u');
      judgeExchange(soak, slot, asked, answer(403));
      assert.deepEqual(found(), ['an exchange is answered with 500', 'refused though a policy gives']);
    });

    it('no answer, and one to come back later, where nothing explains it', () => {
      judgeOutage(soak, 'exchange', asked, '503');
      impairments.note(0, 'cut', 9_000, 11_000);
      judgeOutage(soak, 'exchange', asked, '503');
      judgeOutage(soak, 'verify', asked, '503');
      judgeOutage(soak, 'verify', asked, 'nothing');
      impairments.begin(0, 'kill', 9_000, true).until = 11_000;
      for (const what of ['503', 'nothing']) judgeOutage(soak, 'verify', asked, what);
      assert.equal(soak.tally.violationCount, 3);
    });
  });

  describe('the line through the memory', () => {
    const minutes = Array.from({ length: 24 }, (_, i) => i / 2);
    const life = (heapMiB: readonly number[]): Life => {
      const looks = heapMiB.map((one, i) => ({ at: (minutes[i] ?? 0) * 60_000, heapMiB: one }));
      return { replica: 0, pid: 1, began: 0, looks: looks.map((one) => ({ ...one, ...NO_MORE })) };
    };

    it('climbs where what is held grows, and not where it only goes up and down', () => {
      const noise = chance(3);
      const level = minutes.map(() => 50 + noise.between(-1, 1));
      assert.equal(climb(life(level), held, HELD), undefined);
      assert.ok(climb(life(level.map((one, i) => one + 2 * (minutes[i] ?? 0))), held, HELD));
      const step = level.map((one, i) => one + (i < 10 ? 0 : 20));
      assert.equal(climb(life(step), held, HELD), undefined, 'a step, once, is no climb');
    });

    it('is the one of least squares', () => {
      const { slope, error, rise } = leastSquares([0, 1, 2, 3], [1, 3, 5, 7]);
      assert.ok(Math.abs(slope - 2) < 1e-9 && error < 1e-9 && Math.abs(rise - 6) < 1e-9);
    });
  });

  it('the same seed draws the same, and parts of it do not disturb each other', () => {
    const [one, other] = [chance(5), chance(5)];
    const [part] = [one.split(), other.split()];
    part.next();
    assert.deepEqual([one.next(), one.below(100), one.is(0.5)], [other.next(), other.below(100), other.is(0.5)]);
  });
});
