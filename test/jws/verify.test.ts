import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { importJWK, jwtVerify } from 'jose';
import {
  importJwkSet,
  parseJws,
  requireSignature,
  SIGNATURE_ALGORITHMS,
  signJws,
  verifyJws,
} from '../../src/jws/index.ts';
import { encode, refused, type TestKey, testKey } from './support.ts';

const keys = new Map<string, TestKey>();
const rsa = testKey('RS256', 'shared');
for (const alg of SIGNATURE_ALGORITHMS) {
  keys.set(
    alg,
    /^[RP]S/.test(alg) ? { ...rsa, alg, kid: alg, publicJwk: { ...rsa.publicJwk, kid: alg } } : testKey(alg),
  );
}
const setOf = (...jwks: object[]) => importJwkSet(JSON.stringify({ keys: jwks })).keys;
const sign = (key: TestKey, kid: string | undefined = key.kid) =>
  signJws({ alg: key.alg, ...(kid === undefined ? {} : { kid }) }, { sub: 'me' }, key.privateKey);

describe('verifying a compact JWS', () => {
  for (const [alg, key] of keys) {
    it(`accepts what was signed with ${alg}, as jose does, and nothing altered`, async () => {
      const token = await sign(key);
      const jws = parseJws(token);
      assert.equal((await verifyJws(jws, setOf(key.publicJwk), [key.alg])).kid, alg);
      await jwtVerify(token, await importJWK({ ...key.publicJwk, alg } as never));
      const [head = '', , signature = ''] = token.split('.');
      const forged = parseJws(`${head}.${encode('{"sub":"you"}')}.${signature}`);
      await assert.rejects(verifyJws(forged, setOf(key.publicJwk), [key.alg]), refused('signature'));
    });
  }

  it('P1: the algorithm must be on the configured list, whatever the token and the key say', async () => {
    const jws = parseJws(await sign(rsa));
    await assert.rejects(verifyJws(jws, setOf(rsa.publicJwk), ['ES256', 'PS256']), refused('algorithm_not_allowed'));
    await assert.rejects(verifyJws(jws, setOf(rsa.publicJwk), []), refused('algorithm_not_allowed'));
  });

  it('P1: HS256 with the public key as its secret is refused before any key is looked at', async () => {
    const input = `${encode(JSON.stringify({ alg: 'HS256', kid: 'shared' }))}.${encode('{"sub":"me"}')}`;
    for (const secret of [rsa.publicKey.export({ type: 'spki', format: 'pem' }), JSON.stringify(rsa.publicJwk)]) {
      const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      assert.throws(() => parseJws(token), refused('algorithm_symmetric'));
    }
  });

  it('JB-1: an alg on the JWK restricts it, and without one its type and curve do', async () => {
    const jws = parseJws(await sign(rsa));
    const restricted = setOf({ ...rsa.publicJwk, alg: 'PS256' });
    await assert.rejects(verifyJws(jws, restricted, ['RS256', 'PS256']), refused('no_key'));
    const p384 = setOf({ ...keys.get('ES384')?.publicJwk, kid: 'ES256' });
    const es256 = parseJws(await sign(keys.get('ES256')!));
    await assert.rejects(verifyJws(es256, p384, SIGNATURE_ALGORITHMS), refused('no_key'));
  });

  it('tries every key of the same kid, but only a few', async () => {
    const other = testKey('ES256', 'dup');
    const mine = testKey('ES256', 'dup');
    const jws = parseJws(await sign(mine));
    const found = await verifyJws(jws, setOf(rsa.publicJwk, other.publicJwk, mine.publicJwk), ['ES256']);
    assert.deepEqual(found.key.export({ format: 'jwk' }), mine.publicKey.export({ format: 'jwk' }));
    const many = setOf(...Array.from({ length: 8 }, () => testKey('ES256', 'dup').publicJwk), mine.publicJwk);
    await assert.rejects(verifyJws(jws, many, ['ES256']), refused('signature'));
  });

  it('JB-6: uses no key of another kid; a kid that one side does not state excludes nothing', async () => {
    const key = testKey('ES256', 'a');
    await assert.rejects(verifyJws(parseJws(await sign(key, 'b')), setOf(key.publicJwk), ['ES256']), refused('no_key'));
    const none = parseJws(await signJws({ alg: 'ES256' }, {}, key.privateKey));
    assert.ok(await verifyJws(none, setOf(key.publicJwk), ['ES256']));
    const { kid: _, ...anonymous } = key.publicJwk;
    assert.ok(await verifyJws(parseJws(await sign(key, 'b')), setOf(anonymous), ['ES256']));
    await assert.rejects(verifyJws(none, [], ['ES256']), refused('no_key'));
  });

  it('P1: one key that a kid chose is used with its own algorithm alone, whatever the token says', () => {
    const token = sign(rsa);
    requireSignature(parseJws(token), { alg: 'RS256', publicKey: rsa.publicKey });
    const asPss = { alg: 'PS256', publicKey: rsa.publicKey } as const;
    assert.throws(() => requireSignature(parseJws(token), asPss), refused('algorithm_not_allowed'));
    const other = keys.get('ES256')!;
    assert.throws(
      () => requireSignature(parseJws(token), { alg: 'RS256', publicKey: other.publicKey }),
      refused('signature'),
    );
    const [head, , signature] = token.split('.');
    const forged = parseJws(`${head}.${encode('{"sub":"you"}')}.${signature}`);
    assert.throws(() => requireSignature(forged, { alg: 'RS256', publicKey: rsa.publicKey }), refused('signature'));
  });
});
