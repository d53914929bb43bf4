/** Why a token is not active, as /api/mint/verify says. */
import type { TokenFailure } from '../../../src/access-token/index.ts';
import type { FailureReason } from '../../../src/macaroon/verify.ts';

export const VERIFY: Readonly<
  Record<Exclude<FailureReason | TokenFailure, 'other_resource' | 'caveat'> | 'revoked', string>
> = {
  malformed: 'no token',
  too_large: 'over 8 KiB, or over 64 caveats',
  third_party: 'a third-party caveat',
  identifier: "the identifier is none of ours, or disagrees with the issuer's caveats",
  unbounded: 'no expiry, audience or tenant',
  unknown_key: 'none of our keys, or one that is gone',
  signature: 'our key did not make it',
  expired: 'it is over',
  not_yet_valid: 'its time is still to come',
  revoked: 'it is revoked',
  token_type: 'a JWT that is no access token',
  claims: 'a claim of the JWT is missing or out of bounds',
  other_issuer: "another mint's JWT",
};
