export { algorithmsOf, isSignatureAlgorithm, SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './algorithms.ts';
export { JwsError, type JwsErrorCode } from './errors.ts';
export { type ImportedJwkSet, importJwkSet, type JwkSetOptions, type PublicKey } from './jwks.ts';
