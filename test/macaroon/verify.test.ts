import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { chainValues } from '../../src/macaroon/chain.ts';
import { attenuateMacaroon, decodeMacaroon, encodeIdentifier, verifyMacaroon } from '../../src/macaroon/index.ts';
import { BOUNDS, forge, IDENTIFIER, mint, NOW, oracle, ROOT_KEY, reasonOf, verify } from './support.ts';

describe('verifying a macaroon', () => {
  const token = mint(['scope in a,b', 'budget_credits <= 10', 'department = research']);

  it('accepts it for a call that satisfies every caveat', () => {
    const outcome = verify(token, { scope: 'a', cost: 10 });
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.caveats, [...BOUNDS, 'scope in a,b', 'budget_credits <= 10', 'department = research']);
  });

  it('names the caveat that does not hold, and expiry as a reason of its own', () => {
    assert.deepEqual(verify(token, { scope: 'c' }), {
      ok: false,
      reason: 'caveat',
      caveat: 'scope in a,b',
      denial: 'no_match',
    });
    assert.deepEqual(verify(token, { scope: 'a' }, NOW + 8 * 3600), {
      ok: false,
      reason: 'expired',
      caveat: BOUNDS[0],
      denial: 'expired',
    });
    const future = attenuateMacaroon(token, ['time >= 2026-02-02T02:40:01Z']);
    assert.equal(reasonOf(future, { scope: 'a' }), 'not_yet_valid');
    assert.equal(reasonOf(future, { scope: 'a' }, NOW + 1), 'verified');
  });

  it('tells a token of another resource apart, whatever its state', () => {
    assert.deepEqual(verify(token, {}, NOW, 'other'), { ok: false, reason: 'other_resource' });
    assert.equal(reasonOf(mint([], { rootKey: new Uint8Array(32) }), {}, NOW, 'satgate.example'), 'other_resource');
  });

  it('asks for the key of the kid and audience that the identifier names, and refuses without it', () => {
    const asked: string[][] = [];
    const outcome = verifyMacaroon(token, {
      rootKey: (...key) => void asked.push(key),
      audience: 'satgate',
      now: NOW,
      call: {},
    });
    assert.deepEqual(asked, [['k1', 'satgate']]);
    assert.deepEqual(outcome, { ok: false, reason: 'unknown_key' });
    const short = { rootKey: () => new Uint8Array(0), audience: 'satgate', now: NOW, call: {} };
    assert.deepEqual(verifyMacaroon(token, short), { ok: false, reason: 'unknown_key' });
  });

  it('P39: what the key of one audience signs is worth nothing at another', () => {
    const keys = new Map([
      ['satgate', ROOT_KEY],
      ['bank', new Uint8Array(32).fill(1)],
    ]);
    const toBank = { ...IDENTIFIER, aud: 'bank' };
    const forged = forge(toBank, [BOUNDS[0]!, 'aud = bank', BOUNDS[2]!], keys.get('satgate'));
    const input = { rootKey: (_: string, aud: string) => keys.get(aud), audience: 'bank', now: NOW, call: {} };
    assert.deepEqual(verifyMacaroon(forged, input), { ok: false, reason: 'signature' });
  });

  it('MA-1: looks at no caveat before the chain holds', () => {
    for (const caveats of [['time < 1970-01-01T00:00:00Z'], ['nonsense'], ['aud = other', 'tenant = x']]) {
      const identifier = { ...IDENTIFIER, n: caveats.length };
      assert.equal(reasonOf(forge(identifier, caveats, new Uint8Array(32))), 'signature');
      assert.notEqual(reasonOf(forge(identifier, caveats)), 'signature');
    }
  });

  it('MA-2: a caveat that no checker knows denies', () => {
    for (const caveat of ['expires = 9999999999', 'max_calls < 5', 'x', '', 'foo = bar', '\u0000\u001b[31m']) {
      assert.equal(reasonOf(forge(IDENTIFIER, [...BOUNDS, caveat])), 'caveat');
    }
    const outcome = verify(forge(IDENTIFIER, [...BOUNDS, Buffer.from([0x1b, 0xff])]));
    assert.deepEqual(outcome, { ok: false, reason: 'caveat', caveat: '\\x1b\\xff', denial: 'caveat_character' });
  });

  it('MA-3: P40: a macaroon that its issuer did not bound is refused, though its chain holds', () => {
    for (let mask = 0; mask < 7; mask++) {
      const kept = BOUNDS.filter((_, i) => mask & (1 << i));
      const issuer = [...kept, 'note = x'];
      assert.equal(reasonOf(forge({ ...IDENTIFIER, n: issuer.length }, issuer)), 'unbounded', `mask ${mask}`);
    }
    // What a holder appends does not count as the issuer's.
    assert.equal(reasonOf(forge({ ...IDENTIFIER, n: 1 }, ['note = x', ...BOUNDS])), 'unbounded');
    assert.equal(reasonOf(forge({ ...IDENTIFIER, n: 3 }, [])), 'identifier');
  });

  it('refuses issuer caveats that its identifier contradicts', () => {
    const [time, aud, tenant] = BOUNDS as [string, string, string];
    assert.equal(reasonOf(forge(IDENTIFIER, [time, 'aud = other', tenant])), 'identifier');
    assert.equal(reasonOf(forge(IDENTIFIER, [time, aud, 'tenant = other'])), 'identifier');
    assert.equal(reasonOf(forge({ ...IDENTIFIER, n: 4 }, BOUNDS)), 'identifier');
    assert.equal(reasonOf(forge({ ...IDENTIFIER, n: 4 }, [...BOUNDS, tenant])), 'caveat');
    assert.equal(reasonOf(forge({ ...IDENTIFIER, n: 4 }, [...BOUNDS, 'a in 1,2'])), 'caveat');
  });

  it('refuses an identifier that is not ours', () => {
    for (const identifier of ['keyid', '', '{}', `${encodeIdentifier(IDENTIFIER)} `]) {
      assert.equal(reasonOf(forge(identifier, BOUNDS)), 'identifier');
    }
  });

  it('MA-4: refuses what is not exactly one macaroon, or too large', () => {
    const bytes = Buffer.from(token, 'base64url');
    assert.equal(reasonOf(Buffer.concat([bytes, bytes]).toString('base64url')), 'malformed');
    assert.equal(reasonOf('x'.repeat(8193)), 'too_large');
    assert.equal(reasonOf(''), 'malformed');
    assert.equal(reasonOf('eyJhbGciOiJub25lIn0.e30.'), 'malformed');
  });

  it('MA-1: refuses a third-party caveat, wherever it stands', () => {
    const theirs = oracle.importMacaroon(JSON.parse(JSON.stringify(oracle.importMacaroon(token).exportJSON())));
    theirs.addThirdPartyCaveat(new Uint8Array(24), 'is alice', 'https://auth.example');
    assert.equal(reasonOf(JSON.stringify(theirs.exportJSON()), { scope: 'a' }), 'third_party');
  });

  it('accepts its own token in every form a library may have turned it into', () => {
    const padded = token + '='.repeat((4 - (token.length % 4)) % 4);
    const forms = [
      padded,
      token.replaceAll('-', '+').replaceAll('_', '/'),
      JSON.stringify(oracle.importMacaroon(token).exportJSON()),
    ];
    for (const form of forms) assert.equal(reasonOf(form, { scope: 'a' }), 'verified');
  });

  it('refuses it after any change of any bit', () => {
    const bytes = Buffer.from(mint(['scope in a,b'], { location: '' }), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        assert.notEqual(reasonOf(changed.toString('base64url'), { scope: 'a' }), 'verified', `byte ${at} bit ${bit}`);
      }
    }
  });

  it('refuses it with any caveat taken away, swapped or replaced', () => {
    const raw = decodeMacaroon(token);
    const texts = raw.caveats.map((caveat) => Buffer.from(caveat.id).toString());
    const resigned = (caveats: readonly string[]) => {
      const bytes = Buffer.from(forge({ ...IDENTIFIER, n: 6 }, caveats), 'base64url');
      bytes.set(raw.signature, bytes.length - 32);
      return bytes.toString('base64url');
    };
    assert.equal(reasonOf(resigned(texts), { scope: 'a' }), 'verified');
    for (let i = 0; i < texts.length; i++) {
      assert.equal(reasonOf(resigned(texts.toSpliced(i, 1)), { scope: 'a' }), 'signature');
      assert.equal(reasonOf(resigned(texts.toSpliced(i, 1, 'note = x')), { scope: 'a' }), 'signature');
      if (i > 0)
        assert.equal(
          reasonOf(resigned(texts.toSpliced(i - 1, 2, texts[i]!, texts[i - 1]!)), { scope: 'a' }),
          'signature',
        );
    }
  });

  it('never throws, whatever the token', () => {
    const bytes = Buffer.from(token, 'base64url');
    const cut = fc.tuple(fc.nat(bytes.length), fc.uint8Array({ maxLength: 40 }), fc.nat(bytes.length));
    const spliced = cut.map(([from, insert, to]) =>
      Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(to)]).toString('base64url'),
    );
    fc.assert(
      fc.property(fc.oneof(spliced, fc.string({ unit: 'binary' }), fc.json()), (text) => {
        assert.ok(text === token || reasonOf(text, { scope: 'a' }) !== 'verified');
      }),
      { numRuns: 1000 },
    );
  });

  it('lets no value of the chain out, in success or failure', () => {
    const raw = decodeMacaroon(token);
    const values = chainValues(
      ROOT_KEY,
      raw.identifier,
      raw.caveats.map((caveat) => caveat.id),
    );
    const outcomes = [verify(token, { scope: 'a' }), verify(token, { scope: 'c' }), verify(token, {}, NOW + 1e6)];
    assert.ok(outcomes[0]?.ok);
    const shown = outcomes
      .map((outcome) => inspect(outcome, { depth: 9, showHidden: true }) + JSON.stringify(outcome))
      .join();
    const digests = outcomes[0].derivedFromDigests().join();
    for (const value of values) {
      for (const encoding of ['hex', 'base64url', 'base64'] as const) {
        assert.ok(!shown.includes(value.toString(encoding).slice(0, 20)));
        assert.ok(!digests.includes(value.toString(encoding).slice(0, 20)));
      }
    }
  });

  it("names every digest by which a revocation may kill it: its ancestors' and its own", () => {
    const child = attenuateMacaroon(token, ['tool = x', 'method = GET']);
    const [mine, childs] = [verify(token, { scope: 'a' }), verify(child, { scope: 'a', tool: 'x', method: 'GET' })];
    assert.ok(mine.ok && childs.ok);
    assert.deepEqual(childs.derivedFromDigests().slice(0, mine.derivedFromDigests().length), mine.derivedFromDigests());
    const raw = decodeMacaroon(child);
    const expected = chainValues(
      ROOT_KEY,
      raw.identifier,
      raw.caveats.map((caveat) => caveat.id),
    ).map((value) => createHash('sha256').update(value).digest('base64url'));
    assert.deepEqual(childs.derivedFromDigests(), expected);
  });
});
