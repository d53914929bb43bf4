import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { JwsError, parseJws } from '../../src/jws/index.ts';
import { encode, refused, unsigned } from './support.ts';

const header = { alg: 'RS256', kid: 'k', typ: 'JWT' };

/** Undoes the one documented difference from JSON.parse: digits that a double cannot hold are kept as a string. */
function withDoubles(value: unknown): unknown {
  if (typeof value === 'string' && /^-?\d/.test(value) && Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER) {
    return Number(value);
  }
  if (Array.isArray(value)) return value.map(withDoubles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withDoubles(member)]));
}

describe('reading a compact JWS', () => {
  it('gives the header and the claims', () => {
    const jws = parseJws(unsigned({ ...header, x5t: 'a', 'x5t#S256': 'b' }, { sub: 'me' }));
    assert.deepEqual(jws.header, { alg: 'RS256', kid: 'k', typ: 'JWT' });
    assert.deepEqual(jws.payload, { sub: 'me' });
  });

  it('P7: refuses an oversized token, and one of a million dots, before it splits anything', () => {
    assert.throws(() => parseJws('.'.repeat(1_000_000)), refused('too_large'));
    assert.throws(() => parseJws('.'.repeat(16 * 1024)), refused('not_compact'));
    assert.throws(() => parseJws(unsigned(header, { a: 'x'.repeat(20_000) })), refused('too_large'));
    assert.doesNotThrow(() => parseJws(unsigned(header, { a: 'x'.repeat(20_000) }), { maxBytes: 32_768 }));
  });

  it('JB-2: refuses an encrypted token', () => {
    assert.throws(() => parseJws('a.b.c.d.e'), refused('encrypted'));
  });

  it('JB-3, JS-1: refuses a JSON-serialised JWS, flattened or general, even where it holds two dots', () => {
    assert.throws(() => parseJws('{"payload":"a","protected":"b","signature":"c"}'), refused('json_serialization'));
    assert.throws(() => parseJws(' \n{"payload":"a.b.c"}'), refused('json_serialization'));
  });

  it('refuses anything but three parts that are not empty', () => {
    for (const token of ['', '.', '..', 'a', 'a.b', 'a.b.', '.a.b', 'a..b', 'a.b.c.d', 'a.b.c.d.e.f']) {
      assert.throws(() => parseJws(token), refused('not_compact'), JSON.stringify(token));
    }
  });

  it('P1: refuses base64url that is not canonical: padding, other alphabets, spaces, stray bits, another length', () => {
    const good = unsigned(header, { a: 1 }).split('.');
    const signature = encode(new Uint8Array(64).fill(7));
    assert.equal(signature.length % 4, 2);
    const stray = `${signature.slice(0, -1)}${String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1)}`;
    const at = (index: number, text: string) => good.map((part, i) => (i === index ? text : part)).join('.');
    const variants = [
      stray,
      `${signature}==`,
      `${signature} `,
      `\n${signature}`,
      `${signature}+`,
      `${signature}/`,
      'A',
    ];
    for (const text of [...variants, `${signature}é`, `${signature}\0`]) {
      assert.throws(() => parseJws(at(2, text)), refused('base64url'), JSON.stringify(text));
    }
    for (const index of [0, 1]) {
      for (const suffix of ['=', ' ', '\n', '+', '*']) {
        assert.throws(() => parseJws(at(index, `${good[index]}${suffix}`)), refused('base64url'));
      }
    }
  });

  it('JB-8: refuses a header or payload that is not UTF-8, not an object, or says a thing twice', () => {
    const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('latin1');
    const latin1 = (text: string) => Buffer.from(text, 'latin1').toString('base64url');
    assert.throws(() => parseJws(`${encode(JSON.stringify(header))}.${latin1(notUtf8)}.AA`), refused('utf8'));
    assert.throws(() => parseJws(`${latin1(notUtf8)}.${encode('{}')}.AA`), refused('utf8'));
    assert.throws(() => parseJws(unsigned(header, '[]')), refused('not_an_object'));
    assert.throws(() => parseJws(unsigned('[]')), refused('not_an_object'));
    assert.throws(() => parseJws(unsigned(header, '{"sub":"a","sub":"b"}')), refused('duplicate_member'));
    assert.throws(() => parseJws(unsigned('{"alg":"RS256","alg":"ES256"}')), refused('duplicate_member'));
  });

  it('P1: refuses unsigned tokens, however none is written', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', ' none']) {
      assert.throws(() => parseJws(unsigned({ alg })), refused('algorithm_none'), alg);
    }
  });

  it('P1, JB-9: refuses symmetric algorithms', () => {
    for (const alg of ['HS256', 'HS384', 'HS512', 'hs256', ' HS256']) {
      assert.throws(() => parseJws(unsigned({ alg })), refused('algorithm_symmetric'), alg);
    }
  });

  it('JB-1: compares algorithm names case-sensitively and knows no others', () => {
    for (const alg of ['rs256', ' RS256', 'RS256 ', 'ES256K', 'RS1', 'A128KW', '', '__proto__', 'constructor']) {
      assert.throws(() => parseJws(unsigned({ alg })), refused('algorithm_not_allowed'), alg);
    }
    for (const alg of [undefined, null, 1, ['RS256'], {}]) {
      assert.throws(() => parseJws(unsigned({ alg })), refused('algorithm_missing'));
    }
  });

  for (const name of ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'enc', 'nonce'] as const) {
    it(`P1, JB-6: refuses the header parameter ${name}, whatever its value`, () => {
      for (const value of ['https://evil.example/', [], {}, null, false, ['b64']]) {
        assert.throws(() => parseJws(unsigned({ ...header, [name]: value })), refused(`header_${name}`));
      }
    });
  }

  it('refuses header parameters that nobody knows', () => {
    for (const name of ['cty', 'iss', 'p2c', 'Alg', 'ALG', 'toString', 'x5t#s256']) {
      assert.throws(() => parseJws(unsigned({ ...header, [name]: 'x' })), refused('header_unknown'), name);
    }
    assert.throws(() => parseJws(unsigned('{"alg":"RS256","__proto__":{"kid":"x"}}')), refused('header_unknown'));
  });

  it('JB-6: takes kid as a short string or not at all', () => {
    assert.equal(parseJws(unsigned({ alg: 'RS256' })).header.kid, undefined);
    assert.doesNotThrow(() => parseJws(unsigned({ alg: 'RS256', kid: 'é'.repeat(256) })));
    for (const kid of ['é'.repeat(257), 1, null, ['k'], {}]) {
      assert.throws(() => parseJws(unsigned({ alg: 'RS256', kid })), refused('kid'));
    }
    assert.throws(() => parseJws(unsigned({ alg: 'RS256', typ: ['JWT'] })), refused('typ'));
  });

  it('never repeats the token in what it says', () => {
    try {
      parseJws(unsigned({ alg: 'RS256', 's3cret-name': 1 }));
      assert.fail('accepted');
    } catch (error) {
      assert.ok(error instanceof JwsError);
      assert.ok(!`${error.message}${JSON.stringify(error)}`.includes('s3cret'));
    }
  });

  const text = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc
      .dictionary(fc.string(), fc.oneof(fc.string(), fc.maxSafeInteger(), fc.boolean()), { maxKeys: 4 })
      .map((o) => JSON.stringify(o)),
    fc.constantFrom('{}', '{"a":1,"a":1}', '\ufeff{}', '{"alg":"RS256"}', '{"alg":"RS256","kid":"k"}', '[]'),
  );
  const part = fc.oneof(
    { weight: 6, arbitrary: text.map(encode) },
    { weight: 1, arbitrary: fc.string().map(encode) },
    { weight: 1, arbitrary: fc.base64String() },
  );
  const head = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(header, { alg: 'ES256' }).map((h) => encode(JSON.stringify(h))) },
    { weight: 1, arbitrary: part },
  );
  const anyToken = fc.tuple(head, part, part).map((parts) => parts.join('.'));
  const mutated = fc
    .tuple(anyToken, fc.nat(), fc.constantFrom('', '.', '=', 'A', '{', '\u00e9'))
    .map(([token, at, insert]) => {
      const i = at % (token.length + 1);
      return token.slice(0, i) + insert + token.slice(i);
    });

  it('accepts nothing that jose would read otherwise', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(anyToken, mutated), (token) => {
        let jws: ReturnType<typeof parseJws>;
        try {
          jws = parseJws(token);
        } catch (error) {
          assert.ok(error instanceof JwsError);
          return;
        }
        accepted++;
        const { alg, kid, typ } = decodeProtectedHeader(token);
        assert.deepEqual(jws.header, { alg, kid, typ });
        assert.deepEqual(withDoubles(jws.payload), withDoubles(decodeJwt(token)));
      }),
      { numRuns: 1500 },
    );
    assert.ok(accepted > 50, `only ${accepted} tokens were accepted: the property says too little`);
  });
});
