import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Claim, type RevocationEntry, RevocationLedger } from '../../src/revocation/index.ts';

const NOW = 1_800_000_000;
const HOUR = 3_600;

const UIDS = ['u1', 'u2', 'u3'];
const anyClaim = fc
  .record({
    uid: fc.constantFrom(...UIDS),
    kind: fc.constantFrom('TokenRevocation', 'TrustPolicy'),
    value: fc.constantFrom('a', 'b'),
    tenant: fc.constantFrom(null, 'acme', 'other'),
    issuedBefore: fc.constantFrom(null, NOW - 20, NOW, NOW + 50),
    expiresAt: fc.constantFrom(null, NOW + 20, NOW + 60, NOW + 26 * HOUR),
    standing: fc.boolean(),
    generation: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ uid, kind, standing, generation, ...entry }): Claim => {
    const by = 'policy' as const;
    return { kind, uid, name: uid, generation, standing, entry: { by, source: `${kind}/ns/${uid}`, ...entry } };
  });
type Step =
  | { readonly do: 'update'; readonly claims: readonly Claim[]; readonly how: 'deleted' | 'missed' | 'restored' }
  | { readonly do: 'settle'; readonly ms: number; readonly lag: number }
  | { readonly do: 'judge'; readonly verdict: 'undo' | 'keep' };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('update' as const),
    claims: fc.uniqueArray(anyClaim, { maxLength: 2, selector: ({ uid }) => uid }),
    how: fc.constantFrom('deleted', 'missed', 'restored'),
  }),
  fc.record({ do: fc.constant('settle' as const), ms: fc.integer({ min: 0, max: 40_000 }), lag: fc.nat(20_000) }),
  fc.record({ do: fc.constant('judge' as const), verdict: fc.constantFrom('undo', 'undo', 'keep') }),
);

/** Whether `a` kills all that `b` kills, as long as there are tokens of before `at`. */
const covers = (a: RevocationEntry, b: RevocationEntry, at: number) =>
  a.value === b.value &&
  (a.tenant === null || a.tenant === b.tenant) &&
  (a.issuedBefore ?? Infinity) >= (b.issuedBefore ?? Infinity) &&
  (a.expiresAt ?? Infinity) >= Math.min(b.expiresAt ?? Infinity, at + 25 * HOUR);

describe('laws of the ledger', () => {
  it('no entry leaves it but by its end, by cover, or by a verdict and the grace of which all is known', () => {
    const left = { over: 0, covered: 0, lapsed: 0 };
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25, size: 'max' }), (steps) => {
        const ledger = new RevocationLedger();
        let ms = 0;
        const seconds = () => NOW + Math.floor(ms / 1000);
        let standing: readonly RevocationEntry[] = [];
        for (const step of steps) {
          const inForce = ledger.index.entries();
          const lingered = ledger.lingering().map((one) => ({ ...one, verdict: ledger.verdictOn(one) }));
          let known = Number.NEGATIVE_INFINITY;
          if (step.do === 'update') {
            const there = new Map(step.claims.map(({ uid, generation }) => [uid, generation]));
            const gone = new Map(UIDS.map((uid) => [uid, step.how]));
            ledger.update(step.claims, { gone, generationOf: (uid) => there.get(uid) }, { ms, seconds: seconds() });
            standing = step.claims.flatMap((one) => (one.standing ? [one.entry] : []));
          } else if (step.do === 'settle') {
            ms += step.ms;
            known = ms - step.lag;
            ledger.settle({ ms, seconds: seconds() }, known);
          } else for (const one of ledger.lingering()) ledger.judge(one, step.verdict);
          const now = new Set(ledger.index.entries());
          for (const entry of inForce.filter((one) => !now.has(one))) {
            const old = lingered.filter(({ claim }) => claim.entry === entry);
            const at = old[0]?.at ?? seconds();
            const graces = old.map(({ verdict, how, since }) =>
              verdict === 'undo' ? since + 30_000 : how === 'missed' ? since + 300_000 : Infinity,
            );
            if (seconds() > (entry.expiresAt ?? at + 26 * HOUR)) left.over += 1;
            else if (standing.some((one) => covers(one, entry, at))) left.covered += 1;
            else if (graces.some((end) => known >= end)) left.lapsed += 1;
            else assert.fail(`${JSON.stringify(entry)} left`);
          }
        }
      }),
      { numRuns: 600 },
    );
    for (const [why, count] of Object.entries(left)) assert.ok(count > 10, `${why}: ${count}`);
  });

  it('what stands is in force, whatever lingers', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15 }), (steps) => {
        const ledger = new RevocationLedger();
        let standing: readonly RevocationEntry[] = [];
        for (const step of steps) {
          const now = { ms: 0, seconds: NOW };
          if (step.do === 'update') {
            const there = new Map(step.claims.map(({ uid, generation }) => [uid, generation]));
            ledger.update(step.claims, { gone: new Map(), generationOf: (uid) => there.get(uid) }, now);
            standing = step.claims.flatMap((one) => (one.standing ? [one.entry] : []));
          } else ledger.settle(now, 0);
          const inForce = new Set(ledger.index.entries());
          for (const entry of standing) assert.ok(inForce.has(entry));
          const claimed = [...standing, ...ledger.lingering().map(({ claim }) => claim.entry)];
          assert.deepEqual([...ledger.index.entries()], claimed);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes one more beside ten thousand at next to no cost', () => {
    const claimOf = (i: number): Claim => {
      const entry = { by: 'token', value: `v-${i}`, tenant: 'acme', issuedBefore: null, expiresAt: null } as const;
      const source = `TokenRevocation/ns/r-${i}`;
      return {
        kind: 'TokenRevocation',
        uid: `u-${i}`,
        name: `r-${i}`,
        generation: 1,
        standing: true,
        entry: { ...entry, source },
      };
    };
    const ledger = new RevocationLedger();
    const claims = Array.from({ length: 10_000 }, (_, i) => claimOf(i));
    const objects = { gone: new Map(), generationOf: () => undefined };
    ledger.update(claims, objects, { ms: 0, seconds: NOW });
    const started = process.cpuUsage();
    for (let i = 0; i < 100; i += 1) {
      claims.push(claimOf(10_000 + i));
      ledger.update([...claims], objects, { ms: 0, seconds: NOW });
    }
    const { user, system } = process.cpuUsage(started);
    assert.equal(ledger.index.size, 10_100);
    // Made anew each time it would be seconds.
    assert.ok(user + system < 1_000_000, `${user + system} µs for 100 changes`);
  });
});
