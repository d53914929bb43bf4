import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
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

  it('P1: is none where the key is of another type than the algorithm', () => {
    const keys = SIGNATURE_ALGORITHMS.map((alg) => ({ alg, key: createPublicKey(privateKey(alg)) }));
    for (const { alg, key } of keys) {
      for (const other of SIGNATURE_ALGORITHMS) {
        if (other.slice(0, 2) !== alg.slice(0, 2)) {
          assert.equal(
            isSignature(other, Buffer.from('a.b'), key, Buffer.alloc(64)),
            false,
            `${other} by a key of ${alg}`,
          );
        }
      }
    }
  });
});
