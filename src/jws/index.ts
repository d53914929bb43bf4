/** One compact JWS: strict parse, verification and signing, and the keys for it. */
export { algorithmsOf, isSignatureAlgorithm, SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './algorithms.ts';
export { JwsError, type JwsErrorCode } from './errors.ts';
export { type JsonObject, parseJsonObject } from './json.ts';
export { type ImportedJwkSet, importJwkSet, type JwkSetOptions, type PublicKey } from './jwks.ts';
export { type JwsHeader, type JwsLimits, type ParsedJws, parseJws } from './parse.ts';
export { type SigningHeader, signJws } from './sign.ts';
export { requireSignature, verifyJws } from './verify.ts';
