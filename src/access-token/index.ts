/** Our own JWTs: access tokens for APIs, delegation tokens for ourselves, and what they say of whom. */
export {
  type AccessTokenClaims,
  type AccessTokenRequest,
  lineageOf,
  mintAccessToken,
  verifyAccessToken,
} from './access-token.ts';
export { type Actor, actorsOf, extendAct } from './actor.ts';
export { attenuateDelegation, type Child, type Delegated } from './attenuate.ts';
export type { CommonClaims, Provenance } from './claims.ts';
export { type ClientIdSource, checkClientId, clientIdOf } from './client-id.ts';
export {
  type DelegationClaims,
  type DelegationRequest,
  mintDelegation,
  nextDepth,
  parentsAfter,
  verifyDelegation,
} from './delegation.ts';
export { AccessTokenError, type AccessTokenErrorCode } from './errors.ts';
export { MAX_ACT_BYTES, MAX_DELEGATION_TTL, MAX_DELEGATIONS, MAX_TOKEN_BYTES } from './limits.ts';
export { type Claimant, type MayAct, parseMayAct, satisfies } from './may-act.ts';
export { type SubjectPolicy, tokenSubject } from './subjects.ts';
export type { OwnAlgorithm, SigningKey, TokenFailure, Verdict, VerificationKey, VerifyInput } from './token.ts';
