/** Signature algorithms (RFC 7518 §3.1, RFC 8037, RFC 9864) that are ever accepted: asymmetric ones only. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;

const BY_KEY: ReadonlyMap<string, readonly SignatureAlgorithm[]> = new Map<string, readonly SignatureAlgorithm[]>([
  ['RSA', RSA],
  ['EC P-256', ['ES256']],
  ['EC P-384', ['ES384']],
  ['EC P-521', ['ES512']],
  ['OKP Ed25519', ['EdDSA', 'Ed25519']],
]);

/** Whether `name` is one of ours: case-sensitive (RFC 8725 §3.1). */
export function isSignatureAlgorithm(name: unknown): name is SignatureAlgorithm {
  return (SIGNATURE_ALGORITHMS as readonly unknown[]).includes(name);
}

/**
 * The algorithms that a key's own type and curve allow.
 * @param kty `kty` of a JWK
 * @param crv `crv` of a JWK, where its type has one
 * @returns none for a type or curve that is not supported
 */
export function algorithmsOf(kty: string, crv?: string): readonly SignatureAlgorithm[] {
  return BY_KEY.get(crv === undefined ? kty : `${kty} ${crv}`) ?? [];
}
