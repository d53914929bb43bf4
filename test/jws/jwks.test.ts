import assert from 'node:assert/strict';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { importJwkSet } from '../../src/jws/index.ts';
import { refused, testKey } from './support.ts';

const rsa = testKey('RS256', 'rsa');
const ec = testKey('ES256', 'ec');
const ed = testKey('EdDSA', 'ed');
const load = (...keys: unknown[]) => importJwkSet(JSON.stringify({ keys }));
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** 2049 bits, and modulo every prime a power of 65537. */
const powerOf65537 = Buffer.from((65537n ** 128n).toString(16).padStart(514, '0'), 'hex').toString('base64url');

describe('reading a JWK Set', () => {
  it('gives each key its algorithms, by its alg or else by its type and curve', () => {
    const p521 = testKey('ES512').publicJwk;
    const { keys, ignored } = load(rsa.publicJwk, ec.publicJwk, ed.publicJwk, p521, { ...rsa.publicJwk, alg: 'PS384' });
    assert.deepEqual(
      keys.map((k) => k.algorithms),
      [['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'], ['ES256'], ['EdDSA', 'Ed25519'], ['ES512'], ['PS384']],
    );
    assert.deepEqual(ignored, []);
  });

  it('states the thumbprint that jose states (RFC 7638)', async () => {
    const jwks = [rsa.publicJwk, { ...ec.publicJwk, use: 'sig', alg: 'ES256' }, ed.publicJwk];
    const { keys } = load(...jwks);
    const expected = await Promise.all(jwks.map((jwk) => calculateJwkThumbprint(jwk as JWK)));
    assert.deepEqual(
      keys.map((k) => k.thumbprint),
      expected,
    );
  });

  const left: [string, unknown, RegExp][] = [
    ['a symmetric key', { kty: 'oct', k: 'AAAA', kid: 'x' }, /symmetric/],
    ['a private key', rsa.privateKey.export({ format: 'jwk' }), /private/],
    ['a private EC key', ec.privateKey.export({ format: 'jwk' }), /private/],
    ['a key type from the future', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, /type/],
    ['no key type', { kid: 'x' }, /type/],
    ['a key for encryption', { ...rsa.publicJwk, use: 'enc' }, /use/],
    ['a use from the future', { ...rsa.publicJwk, use: 'other' }, /use/],
    ['a use that is no string', { ...rsa.publicJwk, use: ['sig'] }, /use/],
    ['key_ops without verify', { ...rsa.publicJwk, key_ops: ['encrypt'] }, /key_ops/],
    ['key_ops that is no list', { ...rsa.publicJwk, key_ops: 'verify' }, /key_ops/],
    ['an alg of another type', { ...rsa.publicJwk, alg: 'ES256' }, /alg/],
    ['an alg of another curve', { ...ec.publicJwk, alg: 'ES384' }, /alg/],
    ['an encryption alg', { ...rsa.publicJwk, alg: 'RSA-OAEP' }, /alg/],
    ['a symmetric alg on a public key', { ...rsa.publicJwk, alg: 'HS256' }, /alg/],
    ['a kid that is no string', { ...rsa.publicJwk, kid: 7 }, /kid/],
    ['a kid of a kilobyte', { ...rsa.publicJwk, kid: 'x'.repeat(1024) }, /kid/],
    ['a weak RSA key', testKey('RS256', 'x', 1024).publicJwk, /less than 2048/],
    ['an enormous RSA key', { kty: 'RSA', e: 'AQAB', n: base64url(new Uint8Array(1025).fill(255)) }, /more than 8192/],
    ['an RSA exponent of one', { ...rsa.publicJwk, e: 'AQ' }, /exponent/],
    ['an even RSA exponent', { ...rsa.publicJwk, e: 'AAQ' }, /exponent/],
    ['an enormous RSA exponent', { ...rsa.publicJwk, e: 'AQAAAAE' }, /exponent/],
    ['an even RSA modulus', { ...rsa.publicJwk, n: base64url(new Uint8Array(256).fill(254)) }, /n is/],
    [
      'an RSA key that has the mark of the ROCA generator',
      { kty: 'RSA', e: 'AQAB', n: powerOf65537 },
      /CVE-2017-15361/,
    ],
    ['an RSA key without modulus', { kty: 'RSA', e: 'AQAB' }, /n or e/],
    ['an RSA modulus with padding', { ...rsa.publicJwk, n: `${rsa.publicJwk.n}=` }, /n or e/],
    ['a point that is not on the curve', { ...ec.publicJwk, y: ec.publicJwk.x }, /on the curve/],
    [
      'the point at infinity',
      { ...ec.publicJwk, x: base64url(new Uint8Array(32)), y: base64url(new Uint8Array(32)) },
      /on/,
    ],
    ['a short coordinate', { ...ec.publicJwk, x: base64url(new Uint8Array(31)) }, /x or y/],
    ['coordinates of another curve', { ...ec.publicJwk, crv: 'P-384' }, /x or y/],
    ['a curve that is not supported', { ...ec.publicJwk, crv: 'secp256k1' }, /curve/],
    ['a curve for encryption', { ...ed.publicJwk, crv: 'X25519' }, /curve/],
    ['a short Ed25519 key', { ...ed.publicJwk, x: 'AAAA' }, /x is/],
    ['a string', 'key', /not an object/],
    ['null', null, /not an object/],
  ];
  for (const [what, jwk, reason] of left) {
    it(`JB-11: leaves out ${what} and says why, and the others stay`, () => {
      const { keys, ignored } = load(jwk, ec.publicJwk);
      assert.deepEqual(
        keys.map((k) => k.kid),
        ['ec'],
      );
      assert.equal(ignored.length, 1);
      assert.equal(ignored[0]?.index, 0);
      assert.match(ignored[0]?.reason ?? '', reason);
    });
  }

  it('takes the uses it is asked for, and only those', () => {
    const json = JSON.stringify({ keys: [{ ...rsa.publicJwk, use: 'jwt-svid' }, ec.publicJwk] });
    const svid = importJwkSet(json, { uses: ['jwt-svid'] });
    assert.deepEqual(
      svid.keys.map((k) => [k.kid, k.use]),
      [['rsa', 'jwt-svid']],
    );
    assert.deepEqual(
      importJwkSet(json).keys.map((k) => k.kid),
      ['ec'],
    );
  });

  it('P12: refuses a set of too many keys, and what is not a set', () => {
    assert.throws(() => load(...Array.from({ length: 101 }, () => ec.publicJwk)), refused('key_set'));
    assert.throws(() => importJwkSet('{"keys":[1,2]}', { maxKeys: 1 }), refused('key_set'));
    for (const json of ['{}', '{"keys":{}}', '{"keys":null}', '{"__proto__":{"keys":[]}}']) {
      assert.throws(() => importJwkSet(json), refused('key_set'));
    }
    assert.throws(() => importJwkSet('[]'), refused('not_an_object'));
    assert.throws(() => importJwkSet('<html>'), refused('json'));
    assert.throws(() => importJwkSet('{"keys":[],"keys":[]}'), refused('duplicate_member'));
    assert.deepEqual(load(), { keys: [], ignored: [] });
  });

  it('shows the kid of a key that was left out, capped and printable', () => {
    const { ignored } = load({ kty: 'oct', kid: `\u001b[31m${'x'.repeat(600)}` });
    assert.match(ignored[0]?.kid ?? '', /^\?\[31mx{59}$/);
  });
});
