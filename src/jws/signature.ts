/** One signature over one input, by `node:crypto`; held against jose and Wycheproof by the tests. */
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';

/**
 * What a signature is made and judged as. It follows from `alg` alone: node:crypto would go by the key, and take one of
 * another type.
 */
interface Scheme {
  readonly hash: string | null;
  readonly fits: (key: KeyObject) => boolean;
  readonly options?: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'ieee-p1363' };
  /** Bytes of a signature, where it has one length for every key. */
  readonly length?: number;
}

const isRsa = (key: KeyObject) => key.asymmetricKeyType === 'rsa';

/** RSASSA-PKCS1-v1_5 (RFC 7518 §3.3), which is what node:crypto takes an `rsa` key for. */
const pkcs1 = (hash: string): Scheme => ({ hash, fits: isRsa });

/** RSASSA-PSS with a salt as long as the hash (RFC 7518 §3.5). */
const pss = (hash: string, saltLength: number): Scheme => ({
  hash,
  fits: isRsa,
  options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
});

/** ECDSA with R and S side by side, each as long as the curve's order (RFC 7518 §3.4). */
const ecdsa = (hash: string, curve: string, length: number): Scheme => ({
  hash,
  fits: (key) => key.asymmetricKeyDetails?.namedCurve === curve,
  options: { dsaEncoding: 'ieee-p1363' },
  length,
});

/** Ed25519 (RFC 8037 §3.1, RFC 9864 §2.2). */
const eddsa: Scheme = { hash: null, fits: (key) => key.asymmetricKeyType === 'ed25519' };

const SCHEMES: Readonly<Record<SignatureAlgorithm, Scheme>> = {
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

/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;

/**
 * Whether `signature` is one over `input` by the key's private half.
 *
 * In the calling thread: an RSA-2048 or Ed25519 verification takes less time there than to hand it to another thread.
 *
 * @param key of a type and curve that goes with `alg`: `PublicKey.algorithms` says so
 */
export function isSignature(alg: SignatureAlgorithm, input: Buffer, key: KeyObject, signature: Buffer): boolean {
  const { hash, fits, options, length } = SCHEMES[alg];
  if (!fits(key) || (length !== undefined && signature.length !== length)) return false;
  try {
    return verify(hash, input, withOptions(key, options), signature);
  } catch {
    // A signature that OpenSSL cannot even read.
    return false;
  }
}

/**
 * Signs `input`, in the calling thread.
 *
 * @throws TypeError if the key is no private one that goes with `alg`, or an RSA key of less than 2048 bits
 */
export function makeSignature(alg: SignatureAlgorithm, input: Buffer, key: KeyObject): Buffer {
  const { hash, fits, options } = SCHEMES[alg];
  if (key.type !== 'private' || !fits(key)) throw new TypeError(`no private key for ${alg}`);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) throw new TypeError(`an RSA key of less than ${MIN_RSA_BITS} bits`);
  return sign(hash, input, withOptions(key, options));
}

/** The bare key where nothing is said of it: that an object is no key node:crypto learns by catching, which costs a third of RS256. */
function withOptions(
  key: KeyObject,
  options: Scheme['options'],
): KeyObject | ({ readonly key: KeyObject } & Scheme['options']) {
  return options ? { key, ...options } : key;
}
