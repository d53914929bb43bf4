import assert from 'node:assert/strict';
import {
  type Claim,
  type Going,
  type RevocationEntry,
  RevocationLedger,
  type TokenFacts,
} from '../../src/revocation/index.ts';

const NOW = 1_800_000_000;
const HOUR = 3_600;

function claim(over: Partial<Claim> & { entry?: RevocationEntry } = {}): Claim {
  const { kind = 'TokenRevocation', uid = 'u1' } = over;
  const by = kind === 'TokenRevocation' ? 'token' : 'policy';
  const entry = {
    by,
    value: uid,
    tenant: 'acme',
    issuedBefore: null,
    expiresAt: null,
    source: `${kind}/ns/n`,
  } as const;
  return { kind, uid, name: 'n', namespace: 'ns', generation: 1, standing: true, entry, ...over };
}

const facts = (uid: string): TokenFacts => ({
  jti: uid,
  gid: 'g',
  pol: uid,
  agt: null,
  tenant: 'acme',
  iat: NOW - 10,
  derivedFrom: () => [],
});

/** A ledger, and time. */
function scene() {
  const ledger = new RevocationLedger();
  let ms = 1_000;
  const now = () => ({ ms, seconds: NOW + Math.floor(ms / 1000) });
  return {
    ledger,
    pass(more: number) {
      ms += more;
    },
    update(
      claims: readonly Claim[],
      how: 'deleted' | 'missed' | 'restored' = 'deleted',
      there = new Map<string, number>(),
    ) {
      const known = new Map([...claims.map(({ uid, generation }) => [uid, generation] as const), ...there]);
      const gone = new Map(['u1', 'u2', 'u3'].map((uid) => [uid, how] as const));
      ledger.update(claims, { gone, generationOf: (uid) => known.get(uid) }, now());
    },
    settle: (knownUntil = ms) => ledger.settle(now(), knownUntil),
    dead: (uid = 'u1') => ledger.index.check(facts(uid), now().seconds) !== undefined,
    hows: () => ledger.lingering().map(({ how }) => how),
    verdicts: () => ledger.lingering().map((one) => ledger.verdictOn(one)),
  };
}

describe('what an object killed, once the object is gone', () => {
  it('stays dead until somebody says that it was taken back, and then for half a minute of which all is known', () => {
    const s = scene();
    s.update([claim()]);
    s.update([]);
    s.pass(3_600_000);
    s.settle();
    assert.ok(s.dead(), 'nobody judged it');
    const [one] = s.ledger.lingering();
    s.ledger.judge(one!, 'undo');
    assert.equal(s.settle(one!.since + 29_999), false);
    assert.ok(s.dead());
    assert.equal(s.settle(one!.since + 30_000), true);
    assert.ok(!s.dead());
    assert.deepEqual(s.ledger.lingering(), []);
  });

  it('stays dead where it was not taken back, until its tokens have run out', () => {
    const s = scene();
    s.update([claim()]);
    s.update([]);
    s.ledger.judge(s.ledger.lingering()[0]!, 'keep');
    s.ledger.judge(s.ledger.lingering()[0]!, 'undo');
    assert.deepEqual(s.verdicts(), ['keep'], 'whoever found more out is believed');
    s.pass(25 * HOUR * 1000);
    s.settle();
    assert.ok(s.dead());
    s.pass(2 * HOUR * 1000);
    s.settle();
    assert.deepEqual(s.ledger.lingering(), []);
  });

  it('lingers no more once something covers it: the same again, or a copy that outlives every token', () => {
    const { entry } = claim();
    const at = NOW + 1;
    for (const [other, covers] of [
      [{ ...entry }, true],
      [{ ...entry, tenant: null }, true],
      [{ ...entry, tenant: 'other' }, false],
      [{ ...entry, issuedBefore: at }, false],
      [{ ...entry, expiresAt: at + 25 * HOUR }, true],
      [{ ...entry, expiresAt: at + 24 * HOUR }, false],
      [{ ...entry, value: 'u9' }, false],
    ] as const) {
      const s = scene();
      s.update([claim()]);
      s.update([]);
      s.update([claim({ uid: 'u2', entry: other })]);
      assert.equal(s.ledger.lingering().length, covers ? 0 : 1, JSON.stringify(other));
      assert.ok(s.dead());
    }
  });

  it('is told apart by how it went', () => {
    const policy = claim({ kind: 'TrustPolicy' });
    const cases: [string, Claim, Parameters<ReturnType<typeof scene>['update']>, Going, string | undefined][] = [
      ['a deletion that was seen is to be looked into', claim(), [[], 'deleted'], 'deleted', undefined],
      ['nobody saw it go', claim(), [[], 'missed'], 'missed', 'keep'],
      ['an older backup', claim(), [[], 'restored'], 'restored', 'keep'],
      ['its namespace is another tenant’s', claim(), [[], 'deleted', new Map([['u1', 1]])], 'moved', 'keep'],
      ['a policy without its tombstone', policy, [[], 'deleted'], 'deleted', 'keep'],
      ['a policy that somebody edited', policy, [[], 'deleted', new Map([['u1', 2]])], 'edited', 'undo'],
      ['a policy that nobody edited', policy, [[], 'deleted', new Map([['u1', 1]])], 'reverted', 'keep'],
      ['a policy of an older backup', policy, [[], 'deleted', new Map([['u1', 0]])], 'reverted', 'keep'],
    ];
    for (const [what, before, after, how, verdict] of cases) {
      const s = scene();
      s.update([before]);
      s.update(...after);
      assert.deepEqual([s.hows(), s.verdicts()], [[how], [verdict]], what);
      assert.ok(s.dead(), what);
    }
  });

  it('is said to be reverted also where something else covers it, but not where the object says it again', () => {
    const policy = claim({ kind: 'TrustPolicy' });
    const tombstone = claim({ uid: 'u2', entry: policy.entry });
    const s = scene();
    s.update([policy, tombstone]);
    s.update([{ ...policy }, tombstone]);
    assert.deepEqual(s.ledger.reverted(), []);
    s.update([tombstone], 'deleted', new Map([['u1', 1]]));
    assert.deepEqual(s.ledger.lingering(), []);
    assert.deepEqual(
      s.ledger.reverted().map((one) => one.claim.uid),
      ['u1'],
    );
  });

  it('that nobody saw go is given up after five minutes, for another replica may have seen it taken back', () => {
    const s = scene();
    s.update([claim()]);
    s.update([], 'missed');
    s.pass(299_000);
    assert.equal(s.settle(), false);
    s.pass(1_000);
    assert.equal(s.settle(), true);
    const other = scene();
    other.update([claim()]);
    other.update([], 'restored');
    other.pass(3_600_000);
    assert.equal(other.settle(), false, 'a restore is no doubt');
  });

  it('is dead from then on where it dies with its object, and only then', () => {
    const will = claim({ kind: 'TrustPolicy', standing: false });
    const s = scene();
    s.update([will]);
    assert.ok(!s.dead());
    s.update([], 'deleted', new Map([['u1', 2]]));
    assert.ok(!s.dead(), 'somebody took the will back');
    s.update([will]);
    s.update([]);
    assert.ok(s.dead());
    assert.deepEqual(s.verdicts(), ['keep']);
  });

  it('that had run out is not remembered', () => {
    const s = scene();
    s.update([claim({ entry: { ...claim().entry, expiresAt: NOW - 5 } })]);
    s.update([]);
    assert.deepEqual(s.ledger.lingering(), []);
  });
});
