import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeIdentifier, encodeIdentifier, type Identifier, MacaroonError } from '../../src/macaroon/index.ts';
import { IDENTIFIER, refused } from './support.ts';

const TEXT = encodeIdentifier(IDENTIFIER).toString();

const bad: Record<string, string> = {
  empty: '',
  'no JSON': 'keyid',
  'an array': '[]',
  null: 'null',
  'a space': TEXT.replace(',', ', '),
  'a newline at the end': `${TEXT}\n`,
  'a byte order mark': `\ufeff${TEXT}`,
  'another order': TEXT.replace('{"v":1,"kid":"k1"', '{"kid":"k1","v":1'),
  'an escape that is not needed': TEXT.replace('"k1"', '"k\\u0031"'),
  'a member twice': TEXT.replace('"n":3', '"n":9,"n":3'),
  'one member more': TEXT.replace('"n":3', '"n":3,"x":1'),
  'one member less': TEXT.replace(',"n":3', ''),
  'another version': TEXT.replace('"v":1', '"v":2'),
  'a version that is text': TEXT.replace('"v":1', '"v":"1"'),
  'an agent that is empty': TEXT.replace('"agt":null', '"agt":""'),
  'a number as a tenant': TEXT.replace('"ten":"acme"', '"ten":1'),
  'a tenant that begins with a space': TEXT.replace('"acme"', '" acme"'),
  'an audience that is not ASCII': TEXT.replace('satgate', 's\u00e4tgate'),
  'a long key id': TEXT.replace('"k1"', `"${'k'.repeat(129)}"`),
  'a subject with a newline': TEXT.replace('research-agent', 'research\\nagent'),
  'an empty subject': TEXT.replace(IDENTIFIER.sub, ''),
  'n of 0': TEXT.replace('"n":3', '"n":0'),
  'n of 65': TEXT.replace('"n":3', '"n":65'),
  'n with a fraction': TEXT.replace('"n":3', '"n":3.5'),
  'n as 3.0': TEXT.replace('"n":3', '"n":3.0'),
  'a negative iat': TEXT.replace(/"iat":\d+/, '"iat":-1'),
  'an iat past 2^53': TEXT.replace(/"iat":\d+/, '"iat":9007199254740993'),
  'members of __proto__': `{"__proto__":${TEXT}}`,
};

describe('the identifier of a macaroon', () => {
  it('is compact JSON of exactly these members in this order', () => {
    assert.equal(
      TEXT,
      '{"v":1,"kid":"k1","aud":"satgate","jti":"nmJmUDEPUnVUhzKySDfpdA","gid":"Zx0bTnuUpPvIrlD0pDUzcg","pol":"6f1d8a52-58cc-5f16-8c1b-1f54e34a7f75","agt":null,"ten":"acme","sub":"system:serviceaccount:ai-agents:research-agent","iat":1770000000,"n":3}',
    );
    const shuffled = Object.fromEntries(Object.entries(IDENTIFIER).reverse());
    assert.equal(encodeIdentifier({ ...shuffled, extra: 1 } as unknown as Identifier).toString(), TEXT);
  });

  for (const [about, text] of Object.entries(bad)) {
    it(`is refused with ${about}`, () => {
      assert.notEqual(text, TEXT);
      assert.throws(() => decodeIdentifier(Buffer.from(text)), refused('identifier'));
    });
  }

  it('is refused where its bytes are not UTF-8', () => {
    const bytes = Buffer.from(TEXT.replace('research-agent', '\u00ff'), 'latin1');
    assert.throws(() => decodeIdentifier(bytes), refused('identifier'));
  });

  it('reads back as it was written', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_.:/-]{1,40}$/);
    const identifier: fc.Arbitrary<Identifier> = fc.record({
      v: fc.constant(1 as const),
      kid: id,
      aud: id,
      jti: id,
      gid: id,
      pol: id,
      agt: fc.option(id),
      ten: id,
      sub: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text)),
      iat: fc.maxSafeNat(),
      n: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(identifier, (given) => {
        assert.deepEqual(decodeIdentifier(encodeIdentifier(given)), { ...given });
      }),
    );
  });

  it('throws nothing but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          assert.throws(
            () => decodeIdentifier(bytes),
            (error) => error instanceof MacaroonError,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
