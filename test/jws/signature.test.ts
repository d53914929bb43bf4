import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { CompactSign, compactVerify } from 'jose';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../src/jws/index.ts';
import { isSignature } from '../../src/jws/signature.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

function privateKey(alg: SignatureAlgorithm): KeyObject {
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (alg in curves) return generateKeyPairSync('ec', { namedCurve: curves[alg as keyof typeof curves] }).privateKey;
  return rsa;
}

function parts(token: string): { input: Buffer; signature: Buffer } {
  const dot = token.lastIndexOf('.');
  return { input: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), 'base64url') };
}

/** The type, and curve, of the keys that go with each algorithm. */
const HOME: Readonly<Record<SignatureAlgorithm, string>> = {
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
  ES256: 'ec prime256v1',
  ES384: 'ec secp384r1',
  ES512: 'ec secp521r1',
  EdDSA: 'ed25519',
  Ed25519: 'ed25519',
};

/** All that a key can sign, in whatever way. */
function everySignature(input: Buffer, key: KeyObject): Buffer[] {
  const ways: (() => Buffer)[] = [];
  for (const hash of [null, 'sha256', 'sha384', 'sha512']) {
    ways.push(() => sign(hash, input, key));
    ways.push(() => sign(hash, input, { key, dsaEncoding: 'ieee-p1363' }));
    for (const saltLength of [32, 48, 64])
      ways.push(() => sign(hash, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }));
  }
  return ways.flatMap((way) => {
    try {
      return [way()];
    } catch {
      // The key cannot.
      return [];
    }
  });
}

const accepts = (token: string, key: KeyObject, alg: string) =>
  compactVerify(token, key, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );

describe('a signature', () => {
  for (const alg of SIGNATURE_ALGORITHMS) {
    it(`${alg}: is judged as jose judges it, whole, damaged, cut or lengthened`, async () => {
      const key = privateKey(alg);
      const publicKey = createPublicKey(key);
      const token = await new CompactSign(Buffer.from('{"sub":"a"}')).setProtectedHeader({ alg }).sign(key);
      const { input, signature } = parts(token);
      assert.ok(isSignature(alg, input, publicKey, signature));
      const damage = fc.oneof(
        fc.record({ at: fc.nat(signature.length - 1), by: fc.integer({ min: 1, max: 255 }) }).map(({ at, by }) => {
          const bytes = Buffer.from(signature);
          bytes[at] = bytes[at]! ^ by;
          return bytes;
        }),
        fc.nat(signature.length).map((length) => signature.subarray(0, length)),
        fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Buffer.concat([signature, more])),
        fc.constant(Buffer.alloc(signature.length)),
      );
      await fc.assert(
        fc.asyncProperty(damage, async (bytes) => {
          const oracle = await accepts(`${input.toString()}.${bytes.toString('base64url')}`, publicKey, alg);
          assert.equal(isSignature(alg, input, publicKey, bytes), oracle);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('P1: is none where the key is of another type than the algorithm, whatever the key really signed', () => {
    const foreign = [
      rsa,
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
      ...['P-256', 'P-384', 'P-521', 'secp256k1', 'brainpoolP256r1'].map(
        (namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey,
      ),
      generateKeyPairSync('ed25519').privateKey,
      generateKeyPairSync('ed448').privateKey,
    ];
    const input = Buffer.from('a.b');
    let judged = 0;
    for (const key of foreign) {
      const name = `${key.asymmetricKeyType} ${key.asymmetricKeyDetails?.namedCurve ?? ''}`.trim();
      for (const signature of everySignature(input, key)) {
        for (const alg of SIGNATURE_ALGORITHMS) {
          if (HOME[alg] === name) continue;
          judged++;
          assert.equal(isSignature(alg, input, createPublicKey(key), signature), false, `${alg} by a key of ${name}`);
        }
      }
    }
    assert.ok(judged > 500);
  });
});
