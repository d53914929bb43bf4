/**
 * Macaroons: codec, mint, verify, accounts. Byte-compatible with libmacaroons v2 binary.
 *
 * The keys are symmetric: whoever can verify for an audience can mint for it (P39). A root key is derived per audience,
 * so it can mint for no other.
 */
export type { Account } from './accounts.ts';
export { attenuateMacaroon } from './attenuate.ts';
export { type Authentic, authenticMacaroon } from './authentic.ts';
export { decodeMacaroon, encodeMacaroon } from './codec.ts';
export { type DescribedCaveat, type Description, describeMacaroon } from './describe.ts';
export { MacaroonError, type MacaroonErrorCode } from './errors.ts';
export { budgetWindow, type GrantKey, grantId } from './grant-id.ts';
export { decodeIdentifier, encodeIdentifier, type Identifier } from './identifier.ts';
export { MAX_CAVEATS, MAX_TOKEN_BYTES } from './limits.ts';
export { type Minted, type MintRequest, mintMacaroon } from './mint.ts';
export type { MacaroonFormat, RawCaveat, RawMacaroon } from './raw.ts';
export { type Failed, type FailureReason, type Verified, type VerifyInput, verifyMacaroon } from './verify.ts';
