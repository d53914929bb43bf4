import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose';
import { SIGNATURE_ALGORITHMS, signJws } from '../../src/jws/index.ts';
import { makeSignature } from '../../src/jws/signature.ts';
import { type TestKey, testKey } from './support.ts';

const rsa = testKey('RS256');
const keys: readonly TestKey[] = SIGNATURE_ALGORITHMS.map((alg) =>
  /^[RP]S/.test(alg) ? { ...rsa, alg } : testKey(alg),
);
const claims = { iss: 'https://mint.example', sub: 'user:älice', n: 7, scope: ['a', 'b'] };

describe('signing a compact JWS', () => {
  for (const { alg, privateKey, publicKey } of keys) {
    it(`with ${alg} makes what jose verifies`, async () => {
      const token = signJws({ alg, kid: 'k', typ: 'at+jwt' }, claims, privateKey);
      const { payload, protectedHeader } = await compactVerify(token, publicKey, { algorithms: [alg] });
      assert.deepEqual(protectedHeader, { alg, kid: 'k', typ: 'at+jwt' });
      assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), claims);
    });
  }

  it('makes the very token that jose makes where the algorithm is deterministic', async () => {
    for (const { alg, privateKey } of keys.filter(({ alg }) => /^RS|^Ed/.test(alg))) {
      const theirs = await new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'k' })
        .sign(privateKey);
      assert.equal(signJws({ alg, kid: 'k', typ: 'at+jwt' }, claims, privateKey), theirs);
    }
  });

  it('writes no parameter that was not given', () => {
    const { privateKey } = keys.find(({ alg }) => alg === 'ES256')!;
    assert.deepEqual(decodeProtectedHeader(signJws({ alg: 'ES256' }, {}, privateKey)), { alg: 'ES256' });
  });

  it('makes the signature of RFC 8037 appendix A.4', () => {
    const key = createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'OKP',
        crv: 'Ed25519',
        d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
        x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      },
    });
    const input = Buffer.from('eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc');
    assert.equal(
      makeSignature('EdDSA', input, key).toString('base64url'),
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    );
  });

  it('refuses a key of another type or curve, a public key and a short RSA key', () => {
    const of = (name: string) => keys.find(({ alg }) => alg === name)!;
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    for (const [alg, key] of [
      ['ES384', of('ES256').privateKey],
      ['ES256', rsa.privateKey],
      ['RS256', of('EdDSA').privateKey],
      ['RS256', rsa.publicKey],
      ['RS256', short],
    ] as const)
      assert.throws(() => signJws({ alg }, {}, key), TypeError, alg);
  });
});
