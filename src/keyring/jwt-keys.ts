/** Our JWT keys: made, read back, and shown to those who verify. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from './secret.ts';
import type { JwtAlgorithm } from './types.ts';

/** Makes the JWT keys of one kid: private JWKs as JSON text. Takes some tenths of a second, off the event loop. */
export type MakeJwtKeys = () => Promise<ReadonlyMap<JwtAlgorithm, Secret<string>>>;

/** A public key as it stands in our JWK Set (RFC 7517 §4). */
export interface PublicJwk {
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  readonly use: 'sig';
  readonly kty: string;
  readonly [member: string]: string;
}

/** One key of one kid. */
export interface JwtKey {
  readonly algorithm: JwtAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Without its kid. */
  readonly publicMembers: Readonly<Record<string, string>> & { readonly kty: string };
}

const RSA_BITS = 2048;
const PROBE = Buffer.from('trustmint');

const generate = promisify(generateKeyPair);

/** An ES256, an EdDSA (Ed25519) and an RS256 key (RFC 7518 §3.1, RFC 8037 §3.1), of the system's random source. */
export const makeJwtKeys: MakeJwtKeys = async () => {
  const pairs = await Promise.all([
    generate('ec', { namedCurve: 'P-256' }),
    generate('ed25519'),
    generate('rsa', { modulusLength: RSA_BITS }),
  ]);
  const algorithms = ['ES256', 'EdDSA', 'RS256'] as const;
  return new Map(
    algorithms.map((algorithm, i) => [
      algorithm,
      new Secret(JSON.stringify(pairs[i]!.privateKey.export({ format: 'jwk' }))),
    ]),
  );
};

/** The id of one key in a JWK Set. Three keys share a kid of ours, and in a set each must have its own (RFC 7517 §4.5). */
export function jwkKid(kid: string, algorithm: JwtAlgorithm): string {
  return `${kid}.${algorithm.toLowerCase()}`;
}

/**
 * @param jwk a private JWK
 * @returns undefined for what is no key of that algorithm, or whose public half is another's
 */
export function readJwtKey(algorithm: JwtAlgorithm, jwk: unknown): JwtKey | undefined {
  try {
    const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const publicKey = createPublicKey(privateKey);
    if (!suits(algorithm, privateKey) || !match(algorithm, privateKey, publicKey)) return undefined;
    const publicMembers = publicKey.export({ format: 'jwk' }) as Record<string, string> & { kty: string };
    return { algorithm, privateKey, publicKey, publicMembers };
  } catch {
    // What OpenSSL says may quote what it was given.
    return undefined;
  }
}

export function publicJwk(kid: string, { algorithm, publicMembers }: JwtKey): PublicJwk {
  return { ...publicMembers, kid: jwkKid(kid, algorithm), alg: algorithm, use: 'sig' };
}

function suits(
  algorithm: JwtAlgorithm,
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
): boolean {
  switch (algorithm) {
    case 'ES256':
      return type === 'ec' && details?.namedCurve === 'prime256v1';
    case 'EdDSA':
      return type === 'ed25519';
    case 'RS256':
      return type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS;
  }
}

/** OpenSSL does not compare the halves of a JWK: what one signs the other must verify. */
function match(algorithm: JwtAlgorithm, privateKey: KeyObject, publicKey: KeyObject): boolean {
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  return verify(hash, PROBE, publicKey, sign(hash, PROBE, privateKey));
}
