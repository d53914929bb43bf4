import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { CompactSign, compactVerify, createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { type JwtAlgorithm, makeJwtKeys, type openKeyRing, parseRing, serializeRing } from '../../src/keyring/index.ts';
import { DAY, HOUR, setup } from './support.ts';

const ALGORITHMS: readonly JwtAlgorithm[] = ['ES256', 'EdDSA', 'RS256'];

type Ring = Awaited<ReturnType<typeof openKeyRing>>;

const signed = (ring: Ring, alg: JwtAlgorithm) => {
  const { kid, privateKey } = ring.signingKey(alg)!;
  return new SignJWT({ sub: 'a' }).setProtectedHeader({ alg, kid }).sign(privateKey);
};
const jwksOf = (ring: Ring) => createLocalJWKSet({ keys: ring.jwks().keys.map((key) => ({ ...key })) });
const currentDate = new Date('2026-01-01T00:00:00Z');

describe('JWT keys', () => {
  it('verify with the published set what they signed, by another library (RFC 7515, 7517)', async () => {
    const ring = await setup().open();
    for (const alg of ALGORITHMS) {
      const { payload, protectedHeader } = await jwtVerify(await signed(ring, alg), jwksOf(ring), { currentDate });
      assert.equal(payload.sub, 'a');
      assert.equal(protectedHeader.kid, `${ring.active().kid}.${alg.toLowerCase()}`);
    }
  });

  it('as the mint makes them are of the sizes and curves that RFC 7518 names, each another', async () => {
    const ring = await setup({ makeJwtKeys }).open();
    await ring.rotate();
    const { keys } = ring.jwks();
    assert.equal(new Set(keys.map(({ n, x }) => n ?? x)).size, 6);
    for (const { alg, kty, crv, n } of keys) {
      const shape = { ES256: ['EC', 'P-256'], EdDSA: ['OKP', 'Ed25519'], RS256: ['RSA', undefined] }[alg];
      assert.deepEqual([kty, crv], shape);
      if (n !== undefined) assert.equal(Buffer.from(n, 'base64url').length, 256);
    }
    for (const alg of ALGORITHMS) await jwtVerify(await signed(ring, alg), jwksOf(ring), { currentDate });
  });

  it('show their public members alone, each under an id of its own', async () => {
    const ring = await setup().open();
    await ring.rotate({ now: true });
    await ring.rotate();
    const { keys } = ring.jwks();
    assert.equal(keys.length, 9);
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, 9);
    const allowed = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'];
    for (const key of keys) {
      assert.deepEqual(
        Object.keys(key).filter((member) => !allowed.includes(member)),
        [],
      );
      assert.equal(key.use, 'sig');
    }
  });

  it('are published before they sign, and stay while a token of theirs may live', async () => {
    const t = setup({ maxTtl: 8 * HOUR });
    const ring = await t.open();
    const old = await signed(ring, 'ES256');
    const kidOf = () => ring.signingKey('ES256')!.kid;
    const before = kidOf();
    const { next } = await ring.rotate();
    const published = `${next!.kid}.es256`;
    assert.ok(ring.jwks().keys.some(({ kid }) => kid === published));
    assert.equal(kidOf(), before, 'it does not sign yet');
    await t.clock.advance(HOUR * 1000);
    await ring.tick();
    assert.equal(kidOf(), published);
    await t.clock.advance(8 * HOUR * 1000);
    await ring.tick();
    await compactVerify(old, jwksOf(ring));
    await t.clock.advance(1000);
    await ring.tick();
    await assert.rejects(compactVerify(old, jwksOf(ring)), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('come with the next key to a ring that was stored without them', async () => {
    const t = setup();
    await t.open();
    const { id, revision, keys } = parseRing(t.store.text!);
    t.store.text = serializeRing({ id, revision, keys: keys.map((key) => ({ ...key, jwt: new Map() })) });
    const ring = await t.open();
    assert.equal(ring.signingKey('ES256'), undefined);
    assert.deepEqual(ring.jwks().keys, []);
    await ring.rotate();
    assert.equal(ring.jwks().keys.length, 3);
    assert.equal(ring.signingKey('ES256'), undefined, 'the next key does not sign');
    await t.clock.advance(HOUR * 1000);
    await ring.tick();
    for (const alg of ALGORITHMS) assert.ok(ring.signingKey(alg), alg);
  });

  it('survive a restart: what was signed before verifies after, and no other set verifies it', async () => {
    const t = setup();
    const token = await signed(await t.open(), 'EdDSA');
    await jwtVerify(token, jwksOf(await t.open()), { currentDate });
    const stranger = await setup().open();
    await assert.rejects(jwtVerify(token, jwksOf(stranger), { currentDate }));
    const { privateKey } = stranger.signingKey('EdDSA')!;
    const { kid } = (await t.open()).signingKey('EdDSA')!;
    const forged = await new CompactSign(Buffer.from('{}')).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
    await assert.rejects(compactVerify(forged, jwksOf(await t.open())));
  });

  it('are shown by no inspection of the ring', async () => {
    const t = setup({ maxTtl: DAY });
    const ring = await t.open();
    const { ES256 } = (JSON.parse(t.store.text!) as { keys: { jwt: Record<string, { d: string }> }[] }).keys[0]!.jwt;
    const shown = [inspect(ring, { depth: 9, showHidden: true }), JSON.stringify(ring), JSON.stringify(ring.jwks())];
    for (const text of shown) assert.ok(!text.includes(ES256!.d));
  });
});
