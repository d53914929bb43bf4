import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Call, RevocationFeedEntry } from '../../src/exchange/index.ts';
import { chainDigest, chainValues } from '../../src/macaroon/chain.ts';
import { attenuateMacaroon, decodeMacaroon, encodeMacaroon, type Identifier } from '../../src/macaroon/index.ts';
import { call, caveatText, factText, NOW, time, WORDS } from '../caveat/arbitrary.ts';
import { agents, RESEARCH, type World, world } from '../exchange/support.ts';
import { forge } from '../macaroon/support.ts';
import { type Caller, verify } from './support.ts';

const word = fc.constantFrom(...WORDS);
const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const END = 'time < 2026-02-02T02:40:10Z'; // NOW + 10 s

/** Mostly what a mint writes; sometimes what only somebody with its key could. */
const issued = fc.record({
  identifier: fc.record({
    ...{ v: fc.constant(1 as const), kid: fc.constant(''), aud: fc.constant('default'), sub: fc.constant('somebody') },
    ...{ jti: word, gid: word, pol: word, agt: orNull(word) },
    ten: word,
    iat: time,
    n: fc.constant(0),
  }),
  bounds: fc.oneof(
    { weight: 9, arbitrary: fc.constant<string[]>([END, 'aud = default', 'tenant']) },
    { weight: 1, arbitrary: fc.subarray([END, 'aud = default', 'aud = other', 'tenant']) },
  ),
  more: fc.array(fc.oneof(factText, caveatText), { maxLength: 2 }),
  later: fc.array(fc.oneof({ weight: 8, arbitrary: caveatText }, { weight: 1, arbitrary: fc.string() }), {
    maxLength: 3,
  }),
});

type Issued = typeof issued extends fc.Arbitrary<infer T> ? T : never;

const revocation = fc.record({
  by: fc.constantFrom('token', 'grant', 'agent', 'policy', 'derivedFrom'),
  value: fc.oneof(word, fc.nat(4)),
  tenant: orNull(word),
  issuedBefore: orNull(time),
  expiresAt: orNull(time),
});

/** Changes that a holder, or the way, could make to the text. */
const damage = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }) }) },
);

describe('The gateway of the examples and POST /api/mint/verify', () => {
  let w: World;
  before(async () => {
    w = await world([agents([RESEARCH])]);
  });

  /** What the mint says, in the words of the gateway. */
  function online(token: string, asked: Call): unknown {
    const answer = w.verify(token, { call: asked });
    assert.ok('active' in answer);
    if (!answer.active) return (answer.reason ?? 'other_resource').replace(/^caveat_.*/, 'caveat');
    const { subject, tenant, attributes, accounts } = answer;
    return { subject, tenant, attributes, accounts };
  }

  /** With what the mint gives verifiers at the same moment. */
  function offline(token: string, asked: Call): unknown {
    const [feed, keys] = [w.engine.revocations('default'), w.engine.keys('default')];
    assert.ok('entries' in feed && 'keys' in keys);
    const now = w.clock.now() / 1000;
    const given = { keys: keys.keys, revocations: feed.entries, now, audience: 'default', call: asked };
    try {
      const { attributes, ...caller }: Caller = verify(token, given);
      return { ...caller, attributes: Object.fromEntries(attributes) };
    } catch (error) {
      return (error as { code?: string }).code ?? error;
    }
  }

  function tokenOf({ identifier, bounds, more, later }: Issued) {
    const { kid } = w.keyring.active();
    const issuers = [...bounds.map((text) => (text === 'tenant' ? `tenant = ${identifier.ten}` : text)), ...more];
    const id: Identifier = { ...identifier, kid, n: Math.max(1, issuers.length) };
    const texts = [...issuers, ...later.filter((text) => text.length > 0)];
    const rootKey = w.keyring.rootKey(kid, 'default')!;
    const token = forge(id, texts, Uint8Array.from(rootKey));
    const raw = decodeMacaroon(token);
    const values = chainValues(
      rootKey,
      raw.identifier,
      raw.caveats.map((caveat) => caveat.id),
    );
    return { token, digests: values.map((value) => chainDigest(value)) };
  }

  it('never disagree, whatever the token, the call, what is revoked and the fraction of a second', () => {
    const verdicts = new Map<string, number>();
    const asked = fc.tuple(issued, fc.array(revocation, { maxLength: 3 }), call, fc.nat(3_000), damage);
    fc.assert(
      fc.property(asked, ([given, entries, theCall, ms, broken]) => {
        const { token, digests } = tokenOf(given);
        w.clock.jump(NOW * 1000 + ms);
        w.revoke(
          ...entries.map((entry) => {
            const value = typeof entry.value === 'number' ? digests[entry.value % digests.length]! : entry.value;
            return { ...entry, value } as RevocationFeedEntry;
          }),
        );
        const bytes = Buffer.from(token, 'base64url');
        if (broken) bytes[broken.at % bytes.length]! ^= broken.byte;
        const shown = broken ? bytes.toString('base64url') : token;
        const verdict = online(shown, theCall);
        // A broken one may happen to be another form of macaroon, which only the mint reads.
        assert.deepEqual(offline(shown, theCall), verdict);
        const kind = typeof verdict === 'string' ? verdict : 'active';
        verdicts.set(kind, (verdicts.get(kind) ?? 0) + 1);
      }),
      { numRuns: 4_000 },
    );
    // It was not one answer four thousand times.
    for (const kind of [
      'active',
      'revoked',
      'caveat',
      'no_match',
      'not_carried',
      'over_budget',
      'not_a_fact',
      'unbounded',
    ]) {
      assert.ok((verdicts.get(kind) ?? 0) > 10, `${kind}: ${verdicts.get(kind)}`);
    }
  });

  it('agree to the second about when a token and a revocation end', async () => {
    const { token } = await w.granted({ ttl: 60 });
    const end = Math.floor(w.clock.now() / 1000) + 60;
    w.revoke({ by: 'policy', value: 'uid-research', expiresAt: end - 30 });
    for (const at of [end - 31, end - 30, end - 29, end - 1, end]) {
      for (const ms of [0, 1, 999]) {
        w.clock.jump(at * 1000 + ms);
        assert.deepEqual(offline(token, {}), online(token, {}), `${at - end} s ${ms} ms`);
      }
    }
    w.revoke();
  });

  it('agree throughout a rotation of the keys', async () => {
    w.clock.jump(NOW * 1000);
    const { token: old } = await w.granted();
    await w.keyring.rotate({ now: true });
    const { token: fresh } = await w.granted();
    for (const token of [old, fresh]) assert.notEqual(offline(token, {}), 'unknown_key');
    for (let hours = 0; hours < 30; hours += 1) {
      for (const token of [old, fresh]) assert.deepEqual(offline(token, {}), online(token, {}));
      await w.clock.advance(3600_000);
      await w.keyring.tick();
    }
    assert.equal(offline(old, {}), 'unknown_key', 'it went');
  });

  it('a form that the mint reads and the gateway does not is refused, never the other way round', async () => {
    const { token } = await w.granted();
    const { location, identifier, caveats, signature } = decodeMacaroon(attenuateMacaroon(token, ['note = x']));
    const same = encodeMacaroon({ ...(location && { location }), identifier, caveats, signature });
    const padded = Buffer.from(same, 'base64url').toString('base64');
    for (const form of [same, padded]) assert.deepEqual(offline(form, {}), online(form, {}));
    const json = JSON.stringify({
      ...{ v: 2, i: Buffer.from(identifier).toString(), s64: Buffer.from(signature).toString('base64url') },
      c: caveats.map(({ id }) => ({ i: Buffer.from(id).toString() })),
    });
    assert.notEqual(typeof online(json, {}), 'string');
    assert.equal(offline(json, {}), 'malformed');
  });
});
