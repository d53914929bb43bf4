/** Proof → VerifiedIdentity: who presents this token, and by which anchor do we know. */
export { identityFromClaims } from './identity-from-claims.ts';
export {
  type AnchorKeysStatus,
  type ClusterKeys,
  type ConfigMapKeys,
  createIssuerKeys,
  type FetchRequest,
  type FetchText,
  type IssuerKeys as IssuerKeyStore,
  type IssuerKeysOptions,
  isJwkSet,
  KeySourceError,
  type KeySourceErrorCode,
} from './issuer-keys/index.ts';
export {
  type AnchorDirectory,
  type IssuerKeys,
  ProofError,
  type ProofErrorCode,
  type ProofErrorOptions,
  type TokenReviewAnswer,
  type TokenReviewPort,
} from './types.ts';
export { createProofVerifier, type ProofVerifier, type ProofVerifierOptions } from './verifier.ts';
