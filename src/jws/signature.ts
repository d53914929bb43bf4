/** One signature over one input, by `node:crypto`; held against jose and Wycheproof by the tests. */
import { constants, type KeyObject, verify } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';

type Check = (input: Buffer, key: KeyObject, signature: Buffer) => boolean;

// What a signature is judged as follows from `alg` alone: node:crypto would go by the key, and take one of another type.

/** RSASSA-PKCS1-v1_5 (RFC 7518 §3.3), which is what node:crypto takes an `rsa` key for. */
const pkcs1 =
  (hash: string): Check =>
  (input, key, signature) =>
    key.asymmetricKeyType === 'rsa' && verify(hash, input, key, signature);

/** RSASSA-PSS with a salt as long as the hash (RFC 7518 §3.5). */
const pss =
  (hash: string, saltLength: number): Check =>
  (input, key, signature) =>
    key.asymmetricKeyType === 'rsa' &&
    verify(hash, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);

/** ECDSA with R and S side by side, each as long as the curve's order (RFC 7518 §3.4). */
const ecdsa =
  (hash: string, curve: string, length: number): Check =>
  (input, key, signature) =>
    signature.length === length &&
    key.asymmetricKeyDetails?.namedCurve === curve &&
    verify(hash, input, { key, dsaEncoding: 'ieee-p1363' }, signature);

/** Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2). */
const eddsa: Check = (input, key, signature) =>
  key.asymmetricKeyType === 'ed25519' && verify(null, input, key, signature);

const CHECKS: Readonly<Record<SignatureAlgorithm, Check>> = {
  RS256: pkcs1('RSA-SHA256'),
  RS384: pkcs1('RSA-SHA384'),
  RS512: pkcs1('RSA-SHA512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256', 'prime256v1', 64),
  ES384: ecdsa('sha384', 'secp384r1', 96),
  ES512: ecdsa('sha512', 'secp521r1', 132),
  EdDSA: eddsa,
  Ed25519: eddsa,
};

/**
 * Whether `signature` is one over `input` by the key's private half.
 *
 * In the calling thread: an RSA-2048 or Ed25519 verification takes less time there than to hand it to another thread.
 *
 * @param key of a type and curve that goes with `alg`: `PublicKey.algorithms` says so
 */
export function isSignature(alg: SignatureAlgorithm, input: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return CHECKS[alg](input, key, signature);
  } catch {
    // A signature that OpenSSL cannot even read.
    return false;
  }
}
