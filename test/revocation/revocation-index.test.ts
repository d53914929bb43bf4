import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type RevocationEntry, RevocationIndex, type TokenFacts } from '../../src/revocation/index.ts';

const NOW = 1_800_000_000;

const token: TokenFacts = {
  jti: 'jti-1',
  gid: 'gid-1',
  pol: 'pol-1',
  agt: 'agt-1',
  tenant: 'acme',
  iat: NOW - 100,
  derivedFrom: () => ['digest-0', 'digest-1'],
};

function entry(over: Partial<RevocationEntry> & Pick<RevocationEntry, 'by' | 'value'>): RevocationEntry {
  return { tenant: 'acme', issuedBefore: null, expiresAt: null, source: 'TokenRevocation/ns/name', ...over };
}

const check = (entries: RevocationEntry[], facts: TokenFacts = token, now = NOW) =>
  RevocationIndex.from(entries).check(facts, now);

describe('revocation index', () => {
  for (const [by, value, other] of [
    ['token', 'jti-1', 'jti-2'],
    ['derivedFrom', 'digest-1', 'digest-2'],
    ['grant', 'gid-1', 'gid-2'],
    ['agent', 'agt-1', 'agt-2'],
    ['policy', 'pol-1', 'pol-2'],
  ] as const) {
    it(`kills by ${by}, and only what it names`, () => {
      assert.deepEqual(check([entry({ by, value })]), entry({ by, value }));
      assert.equal(check([entry({ by, value: other })]), undefined);
    });
  }

  it('does not take one kind of id for another', () => {
    const values = ['jti-1', 'digest-1', 'gid-1', 'agt-1', 'pol-1'];
    const right = { token: 'jti-1', derivedFrom: 'digest-1', grant: 'gid-1', agent: 'agt-1', policy: 'pol-1' };
    for (const by of Object.keys(right) as (keyof typeof right)[]) {
      for (const value of values) {
        assert.equal(check([entry({ by, value })]) !== undefined, value === right[by], `${by} ${value}`);
      }
    }
  });

  it('P34: kills only tokens of its own tenant, unless it is for any', () => {
    assert.equal(check([entry({ by: 'token', value: 'jti-1', tenant: 'evil' })]), undefined);
    assert.ok(check([entry({ by: 'token', value: 'jti-1', tenant: null })]));
  });

  it('kills what was issued up to issuedBefore, that second included, and nothing later', () => {
    const entries = [entry({ by: 'policy', value: 'pol-1', issuedBefore: NOW - 100 })];
    assert.ok(check(entries, { ...token, iat: NOW - 101 }));
    assert.ok(check(entries, { ...token, iat: NOW - 100 }));
    assert.equal(check(entries, { ...token, iat: NOW - 99 }), undefined);
  });

  it('is inert once expired', () => {
    const entries = [entry({ by: 'grant', value: 'gid-1', expiresAt: NOW })];
    assert.ok(check(entries, token, NOW));
    assert.equal(check(entries, token, NOW + 1), undefined);
  });

  it('P33: several revocations of one thing combine by the most restrictive, in any order', () => {
    const weak = entry({ by: 'policy', value: 'pol-1', issuedBefore: NOW - 1000 });
    const strong = entry({ by: 'policy', value: 'pol-1', issuedBefore: NOW - 50 });
    const brief = entry({ by: 'policy', value: 'pol-1', expiresAt: NOW - 1 });
    const foreign = entry({ by: 'policy', value: 'pol-1', tenant: 'other' });
    for (const order of [
      [weak, strong, brief, foreign],
      [foreign, brief, strong, weak],
      [strong, foreign, weak, brief],
    ]) {
      assert.deepEqual(check(order), strong);
      const younger = { ...token, iat: NOW - 10 };
      assert.deepEqual(check(order, younger, NOW - 1), brief);
      assert.equal(check(order, younger, NOW), undefined);
    }
  });

  it('lists every entry it was made of, also those that another covers', () => {
    const all = [
      entry({ by: 'token', value: 'a' }),
      entry({ by: 'token', value: 'a', issuedBefore: 1, source: 'other' }),
    ];
    assert.deepEqual(RevocationIndex.from(all).entries(), all);
    assert.equal(RevocationIndex.from(all).feed(NOW).entries.length, 1);
  });

  it('asks for derivations only if some entry is by derivation', () => {
    const costly = { ...token, derivedFrom: () => assert.fail('computed in vain') };
    assert.equal(check([entry({ by: 'token', value: 'x' })], costly), undefined);
  });

  it('a token without an agent is never killed by one', () => {
    assert.equal(check([entry({ by: 'agent', value: 'null' })], { ...token, agt: null }), undefined);
  });

  it('P26: names like __proto__ are values like any other', () => {
    assert.equal(check([], { ...token, jti: '__proto__', gid: 'constructor', pol: 'toString' }), undefined);
    assert.ok(check([entry({ by: 'token', value: '__proto__' })], { ...token, jti: '__proto__' }));
  });

  const few = (...values: string[]) => fc.constantFrom(...values);
  const times = fc.option(fc.integer({ min: NOW - 3, max: NOW + 3 }));
  const anyEntry = fc.record({
    by: fc.constantFrom('token', 'derivedFrom', 'grant', 'agent', 'policy'),
    value: few('a', 'b'),
    tenant: fc.option(few('t', 'u')),
    issuedBefore: times,
    expiresAt: times,
    source: fc.constant('s'),
  }) as fc.Arbitrary<RevocationEntry>;
  const anyToken = fc.record({
    jti: few('a', 'b', 'c'),
    gid: few('a', 'b', 'c'),
    pol: few('a', 'b', 'c'),
    agt: fc.option(few('a', 'b', 'c')),
    tenant: few('t', 'u', 'v'),
    iat: fc.integer({ min: NOW - 4, max: NOW + 4 }),
    derivedFrom: fc.array(few('a', 'b', 'c'), { maxLength: 3 }).map((digests) => () => digests),
  });

  /** The rule as the architecture states it, entry by entry. */
  function kills(e: RevocationEntry, f: TokenFacts, now: number): boolean {
    const named = { token: [f.jti], derivedFrom: f.derivedFrom(), grant: [f.gid], agent: [f.agt], policy: [f.pol] }[
      e.by
    ];
    return (
      named.includes(e.value) &&
      (e.tenant === null || e.tenant === f.tenant) &&
      (e.issuedBefore === null || f.iat <= e.issuedBefore) &&
      (e.expiresAt === null || now <= e.expiresAt)
    );
  }

  it('P33: answers as a linear scan, and its feed read by a verifier answers the same', () => {
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 12 }),
        anyToken,
        fc.integer({ min: NOW - 4, max: NOW + 4 }),
        (all, f, now) => {
          const dead = all.some((e) => kills(e, f, now));
          const index = RevocationIndex.from(all);
          assert.equal(index.check(f, now) !== undefined, dead);
          assert.equal(
            index.feed(now).entries.some((e) => kills({ ...e, source: '' }, f, now)),
            dead,
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('made step by step answers as made at once, and the steps before it as they did', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 4 }), { maxLength: 6 }), anyToken, (parts, f) => {
        let index = RevocationIndex.from([]);
        for (const [i, part] of parts.entries()) {
          const before = index;
          const { hash } = before.feed(NOW);
          index = before.with(part);
          const whole = RevocationIndex.from(parts.slice(0, i + 1).flat());
          assert.deepEqual(index.check(f, NOW), whole.check(f, NOW));
          assert.deepEqual(
            [index.feed(NOW), index.size, index.entries()],
            [whole.feed(NOW), whole.size, whole.entries()],
          );
          assert.equal(
            before.feed(NOW + 1_000_000).entries.length,
            RevocationIndex.from(before.entries()).feed(NOW + 1_000_000).entries.length,
          );
          assert.equal(before.feed(NOW).hash, hash);
        }
      }),
      { numRuns: 500 },
    );
    let index = RevocationIndex.from([]);
    for (let i = 0; i < 1_000; i += 1) index = index.with([entry({ by: 'token', value: `v-${i}` })]);
    assert.equal(index.size, 1_000);
    for (const jti of ['v-0', 'v-500', 'v-999']) assert.ok(index.check({ ...token, jti }, NOW), jti);
  });

  it('adding a revocation never revives a token, and removing one never kills', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 8 }), anyEntry, anyToken, (all, more, f) => {
        const dead = check(all, f) !== undefined;
        const deader = check([more, ...all], f) !== undefined;
        assert.ok(!dead || deader);
      }),
      { numRuns: 1000 },
    );
  });

  it('costs nothing noticeable with ten thousand entries', () => {
    const entries = Array.from({ length: 10_000 }, (_, i) =>
      entry({ by: (['token', 'grant', 'policy'] as const)[i % 3]!, value: `v-${i}` }),
    );
    const index = RevocationIndex.from(entries);
    assert.equal(index.size, 10_000);
    const started = process.cpuUsage();
    for (let i = 0; i < 100_000; i++) index.check(token, NOW);
    const { user, system } = process.cpuUsage(started);
    // A scan of the entries would make a thousand million comparisons.
    assert.ok(user + system < 1_000_000, `${user + system} µs for 100,000 checks`);
  });
});

describe('revocation feed', () => {
  const a = entry({ by: 'token', value: 'a' });
  const b = entry({ by: 'policy', value: 'b', expiresAt: NOW + 10 });
  const c = entry({ by: 'token', value: 'b', tenant: null });

  it('is sorted, says nothing of its sources, and has one hash for one content', () => {
    const feed = RevocationIndex.from([b, c, a]).feed(NOW);
    const seen = feed.entries.map((e) => [e.by, e.value]);
    assert.deepEqual(seen, [
      ['token', 'a'],
      ['token', 'b'],
      ['policy', 'b'],
    ]);
    assert.deepEqual(Object.keys(feed.entries[0]!), ['by', 'value', 'tenant', 'issuedBefore', 'expiresAt']);
    assert.equal(RevocationIndex.from([a, b, c]).feed(NOW + 5).hash, feed.hash);
    assert.notEqual(RevocationIndex.from([a, b]).feed(NOW).hash, feed.hash);
  });

  it('changes when an entry expires, and is not computed anew before', () => {
    const index = RevocationIndex.from([a, b]);
    const feed = index.feed(NOW);
    assert.equal(index.feed(NOW + 10), feed);
    const later = index.feed(NOW + 11);
    assert.deepEqual(
      later.entries.map((e) => e.value),
      ['a'],
    );
    assert.notEqual(later.hash, feed.hash);
    assert.equal(index.feed(NOW).hash, feed.hash, 'the clock went back');
  });
});
