import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type KeyRing, openKeyRing } from '../../src/keyring/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { DAY, HOUR, keySource, MemoryStore, shape } from './support.ts';

const STALE = 600;
const START = Date.parse('2026-01-01T00:00:00Z');

/** Replicas on one store, the first of which leads until told otherwise, with clocks that differ by up to an hour. */
async function replicas(offsets: readonly number[], maxTtl = DAY) {
  const store = new MemoryStore();
  let leader = 0;
  const source = keySource();
  const all: { readonly clock: FakeClock; readonly ring: KeyRing }[] = [];
  for (const [i, offset] of offsets.entries()) {
    const clock = new FakeClock(START + offset * 1000);
    const mayWrite = () => i === leader;
    const times = { rotateEvery: 5 * DAY, maxTtl, clockSkew: HOUR, signsOn: STALE };
    all.push({ clock, ring: await openKeyRing({ store, clock, ...source, ...times, mayWrite }) });
  }
  return {
    all,
    lead: (i: number) => {
      leader = i;
    },
    /** Lets time pass everywhere; all but those that are cut off look at the store. */
    async pass(seconds: number, cutOff?: KeyRing) {
      for (const { clock } of all) await clock.advance(seconds * 1000);
      for (const { ring } of all) if (ring !== cutOff) await ring.tick();
    },
  };
}

describe('keys among clocks that differ', () => {
  it('a key published by a clock that is behind does not sign until it really was published for an hour', async () => {
    const { all, lead, pass } = await replicas([0, 3600]);
    const [slow, fast] = [all[0]!, all[1]!];
    const { next } = await slow.ring.rotate();
    lead(1);
    await pass(60);
    assert.equal(shape(fast.ring)[1], 'next', 'by the clock that is ahead an hour has passed at once');
    assert.notEqual(fast.ring.active().kid, next!.kid);
    await pass(3600);
    assert.equal(fast.ring.active().kid, next!.kid);
    await slow.ring.tick();
    assert.equal(slow.ring.active().kid, next!.kid);
  });

  it('who was restarted saw a key published for less than its hour: it lets it sign an hour later', async () => {
    const store = new MemoryStore();
    const clock = new FakeClock(START);
    const open = () => openKeyRing({ store, clock, ...keySource(), maxTtl: DAY, clockSkew: HOUR });
    const { next } = await (await open()).rotate();
    await clock.advance(HOUR * 500);
    const again = await open();
    await clock.advance(HOUR * 500);
    await again.tick();
    assert.equal(shape(again)[1], 'next');
    await clock.advance(HOUR * 500);
    await again.tick();
    assert.equal(again.active().kid, next!.kid);
  });

  it('whoever leads, no key signs that was not published for an hour, and no living token loses its key', async () => {
    const step = fc.record({
      seconds: fc.integer({ min: 0, max: DAY }),
      leader: fc.nat(1),
      rotate: fc.boolean(),
      cutOff: fc.boolean(),
    });
    const offset = fc.integer({ min: 0, max: HOUR });
    await fc.assert(
      fc.asyncProperty(offset, offset, fc.array(step, { maxLength: 25 }), async (a, b, steps) => {
        const { all, lead, pass } = await replicas([a, b], 8 * HOUR);
        let real = 0;
        const publishedAt = new Map([[all[0]!.ring.active().kid, Number.NEGATIVE_INFINITY]]);
        /** What was signed by whom, until when. */
        const tokens: { kid: string; exp: number }[] = [];
        const check = () => {
          for (const { clock, ring } of all) {
            const now = clock.now() / 1000;
            for (const { kid } of ring.states()) if (!publishedAt.has(kid)) publishedAt.set(kid, real);
            assert.ok(publishedAt.get(ring.active().kid)! + HOUR <= real, 'signs before verifiers can know it');
            tokens.push({ kid: ring.active().kid, exp: now + 8 * HOUR });
          }
          for (const { clock, ring } of all) {
            const alive = tokens.filter(({ exp }) => clock.now() / 1000 < exp);
            for (const { kid } of alive) assert.ok(ring.knows(kid), 'a living token lost its key');
          }
        };
        for (const { seconds, leader, rotate, cutOff } of steps) {
          lead(leader);
          const { ring } = all[leader]!;
          await pass(0);
          if (rotate) await ring.rotate();
          await pass(0);
          check();
          if (cutOff) {
            // It signs with what it had for as long as it may.
            await pass(STALE, all[1 - leader]!.ring);
            real += STALE;
            const late = all[1 - leader]!;
            tokens.push({ kid: late.ring.active().kid, exp: late.clock.now() / 1000 + 8 * HOUR });
            await pass(0);
          }
          await pass(seconds);
          real += seconds;
          await pass(0);
          check();
        }
      }),
      { numRuns: 60 },
    );
  });
});
