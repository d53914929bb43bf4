import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { SIGNATURE_ALGORITHMS } from '../../src/jws/index.ts';
import { anchorOf, claimsOf, ISSUERS, NOW, PROVIDERS, refused, Signer, setup } from './support.ts';

const header = { alg: 'ES256', kid: 'k1' };
const base64url = (text: string) => Buffer.from(text).toString('base64url');

for (const provider of PROVIDERS) {
  describe(`a proof from ${provider}`, () => {
    const { signer, verify, keys, clock } = setup([anchorOf(provider)]);
    const claims = (changes?: Record<string, unknown>) => claimsOf(provider, changes);
    const rejects = async (changes: Record<string, unknown>, code: Parameters<typeof refused>[0]) =>
      assert.rejects(verify(await signer.token(claims(changes))), refused(code), JSON.stringify(changes).slice(0, 200));

    it('is accepted when all is well, with string and list audiences, and fractions of seconds', async () => {
      const [identity, ...others] = await verify(await signer.token(claims({ exp: NOW + 540.5, iat: NOW - 60.5 })));
      assert.equal(others.length, 0);
      assert.equal(identity?.anchor, `${provider}-anchor`);
      assert.equal(identity?.issuer, ISSUERS[provider]);
      assert.deepEqual(identity?.audiences, ['satgate']);
      assert.deepEqual([identity?.issuedAt, identity?.expiresAt], [NOW - 61, NOW + 540]);
      const [list] = await verify(await signer.token(claims({ aud: ['satgate', 'other'] })));
      assert.deepEqual(list?.audiences, ['satgate', 'other']);
    });

    it('P1: is refused unsigned, however none is written', async () => {
      for (const alg of ['none', 'None', 'NONE']) {
        const unsigned = `${base64url(JSON.stringify({ alg, kid: 'k1' }))}.${base64url(JSON.stringify(claims()))}`;
        await assert.rejects(verify(`${unsigned}.`), refused('malformed'));
        await assert.rejects(verify(`${unsigned}.AA`), refused('algorithm'));
      }
    });

    it('P1: is refused with HS256 over the public key', async () => {
      const input = `${base64url(JSON.stringify({ alg: 'HS256', kid: 'k1' }))}.${base64url(JSON.stringify(claims()))}`;
      for (const secret of [signer.publicKey.export({ type: 'spki', format: 'pem' }), JSON.stringify(signer.jwk)]) {
        const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
        await assert.rejects(verify(token), refused('algorithm'));
      }
    });

    it('P1: is refused with an algorithm off the configured list before any key is asked for', async () => {
      keys.asked = [];
      for (const alg of SIGNATURE_ALGORITHMS.filter((a) => a !== 'RS256' && a !== 'ES256')) {
        await assert.rejects(verify(signer.raw({ ...header, alg }, claims())), refused('algorithm'), alg);
      }
      assert.deepEqual(keys.asked, []);
      await assert.rejects(verify(signer.raw({ ...header, alg: 'RS256' }, claims())), refused('unknown_kid'));
    });

    it('P1: is refused with jku, x5u, jwk, x5c, crit or b64, even rightly signed', async () => {
      const extras = {
        jku: 'https://evil.example/jwks',
        x5u: 'https://evil.example/x5u',
        jwk: new Signer('k1').jwk,
        x5c: ['AAAA'],
        crit: ['exp'],
        b64: true,
      };
      for (const [name, value] of Object.entries(extras)) {
        await assert.rejects(verify(signer.raw({ ...header, [name]: value }, claims())), refused('header'), name);
      }
    });

    it('P1: is refused with a member that occurs twice, even rightly signed', async () => {
      const twice = JSON.stringify(claims()).replace('{', '{"sub":"system:admin",');
      await assert.rejects(verify(signer.raw(header, twice)), refused('malformed'));
      await assert.rejects(verify(signer.raw('{"alg":"ES256","alg":"ES256"}', claims())), refused('malformed'));
    });

    it('P1: is refused in base64url that is not canonical, and another key cannot have signed it', async () => {
      const token = await signer.token(claims());
      for (const variant of [`${token}=`, `${token} `, token.replace('.', '=.'), ` ${token}`]) {
        await assert.rejects(verify(variant), refused('malformed'));
      }
      await assert.rejects(verify(await new Signer('k1').token(claims())), refused('signature'));
      await assert.rejects(verify(await new Signer('k2').token(claims())), refused('unknown_kid'));
    });

    it('P2: is refused without an audience, or with one that is not a string or a list of strings', async () => {
      const many = Array.from({ length: 33 }, (_, i) => `a${i}`);
      for (const aud of [undefined, null, '', [], [''], ['satgate', 1], 7, { satgate: true }, [['satgate']], many]) {
        await rejects({ aud }, 'claims');
      }
    });

    // What decides of an SVID is the trust domain of its sub: spiffe.test.ts.
    if (provider !== 'spiffe') {
      it('P3: is refused from any issuer that is not the trusted one byte for byte, which is one string', async () => {
        const issuer = ISSUERS[provider];
        const { host } = new URL(issuer);
        for (const iss of [
          `${issuer}/`,
          issuer.slice(0, -1),
          `${issuer}@evil.host`,
          `${issuer}.evil.example`,
          `${issuer}?a`,
          `${issuer}#a`,
          issuer.replace('https:', 'http:'),
          issuer.replace('https:', 'HTTPS:'),
          issuer.replace(host, host.toUpperCase()),
          issuer.replace(host, `user@${host}`),
          issuer.replace(host, `${host}:443`),
          ` ${issuer}`,
          `${issuer}\u0000`,
          '__proto__',
        ]) {
          await rejects({ iss }, 'unknown_issuer');
        }
        for (const iss of [[issuer], [issuer, 'https://evil.example'], { iss: issuer }, 1, null, undefined, '']) {
          await rejects({ iss }, 'claims');
        }
      });
    }

    it('P8, JB-7: is refused if its typ says that it is another kind of token', async () => {
      for (const typ of [
        'at+jwt',
        'application/at+jwt',
        'AT+JWT',
        'trustmint-delegation+jwt',
        'wit+jwt',
        'dpop+jwt',
        'statuslist+jwt',
        'txntoken+jwt',
        'oauth-id-jag+jwt',
        'client-authentication+jwt',
        'logout+jwt',
        '',
      ]) {
        await assert.rejects(verify(await signer.token(claims(), typ)), refused('token_type'), typ);
      }
      for (const typ of provider === 'spiffe' ? ['JWT', 'JOSE'] : ['JWT', 'jwt', 'JOSE', 'application/jwt']) {
        assert.equal((await verify(await signer.token(claims(), typ))).length, 1);
      }
    });

    it('P9: has no leeway for exp, and at most 60 s for iat and nbf', async () => {
      await rejects({ exp: NOW, iat: NOW - 600 }, 'expired');
      await rejects({ exp: NOW - 1, iat: NOW - 600 }, 'expired');
      await rejects({ exp: NOW - 30, iat: NOW - 600, nbf: NOW + 60 }, 'expired');
      await rejects({ iat: NOW + 61 }, 'not_yet_valid');
      await rejects({ nbf: NOW + 61 }, 'not_yet_valid');
      await rejects({ iat: NOW + 61, nbf: NOW }, 'not_yet_valid');
      await rejects({ iat: NOW + 50, exp: NOW + 50 }, 'claims');
      assert.equal((await verify(await signer.token(claims({ iat: NOW + 60, nbf: NOW + 60 })))).length, 1);
      assert.equal((await verify(await signer.token(claims({ exp: NOW + 1 })))).length, 1);
      assert.equal(clock.now() / 1000, NOW);
    });

    it('P9: is refused without an exp, and with a lifetime over 24 hours', async () => {
      await rejects({ exp: undefined }, 'no_expiry');
      await rejects({ iat: undefined }, 'claims');
      await rejects({ iat: NOW - 60, exp: NOW - 60 + 24 * 3600 + 1 }, 'lifetime');
      await rejects({ iat: -1e300 }, 'claims');
      assert.equal((await verify(await signer.token(claims({ exp: NOW - 60 + 24 * 3600 })))).length, 1);
    });

    it('P22: is refused if a time is not a number, or sub is not a string', async () => {
      for (const value of [`${NOW}`, true, [NOW], {}, null]) {
        for (const name of ['exp', 'iat', 'nbf']) await rejects({ [name]: value }, 'claims');
      }
      for (const sub of [undefined, null, '', 1, true, ['a'], {}, 'x'.repeat(1025)]) await rejects({ sub }, 'claims');
      await assert.rejects(
        verify(signer.raw(header, JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999'))),
        refused('claims'),
      );
    });

    it('P26: is not given anything by claims named __proto__ or constructor', async () => {
      const inherited = JSON.stringify(claims({ sub: undefined })).replace('{', '{"__proto__":{"sub":"admin"},');
      await assert.rejects(verify(signer.raw(header, inherited)), refused('claims'));
      const text = JSON.stringify(claims()).replace('{', '{"__proto__":{"admin":true},"constructor":"x","toString":1,');
      const [identity] = await verify(signer.raw(header, text));
      assert.equal(identity?.subject, claims().sub);
      assert.equal((identity?.claims as { admin?: unknown } | undefined)?.admin, undefined);
      assert.ok(
        ![...(identity?.attributes.keys() ?? [])].some((name) => name === '__proto__' || name === 'constructor'),
      );
    });

    it('P5, P7: is refused for its size before it is hashed, split or parsed', async () => {
      await assert.rejects(verify(await signer.token(claims({ sub: 'a'.repeat(64 * 1024) }))), refused('too_large'));
      await assert.rejects(verify('.'.repeat(10_000_000)), refused('too_large'));
      await assert.rejects(verify('.'.repeat(16_384)), refused('malformed'));
    });
  });
}
