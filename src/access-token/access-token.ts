/** The JWT access token (RFC 9068). */
import { COMMON, type CommonClaims, type Provenance } from './claims.ts';
import { isText } from './fields.ts';
import { MAX_TTL } from './limits.ts';
import {
  openToken,
  type SigningKey,
  signToken,
  type TokenKind,
  type Verdict,
  type VerifyInput,
  writeParents,
  writeScope,
} from './token.ts';

/** What an access token says. */
export interface AccessTokenClaims extends CommonClaims {
  readonly client_id: string;
}

export interface AccessTokenRequest extends AccessTokenClaims {
  /** How `scope` is written: one string (RFC 9068 §2.2.3), or an array. */
  readonly scopeFormat: 'String' | 'Array';
}

const KIND: TokenKind = {
  typ: 'at+jwt',
  table: {
    required: { ...COMMON.required, client_id: (value) => (isText(value, 512) ? value : undefined) },
    optional: COMMON.optional,
  },
  agrees(claims) {
    const { iss, aud, iat, exp, act, parents } = claims as unknown as AccessTokenClaims;
    // For our issuer there are delegation tokens alone; and what was delegated shows who acts.
    return aud !== iss && exp > iat && exp - iat <= MAX_TTL && (parents === undefined || act !== undefined);
  },
};

/**
 * Mints an access token: these claims in one order, and no other.
 *
 * @throws AccessTokenError `claims`, `too_large`
 */
export function mintAccessToken(request: AccessTokenRequest, key: SigningKey): string {
  const { scopes, scopeFormat, act, agent } = request;
  const payload = {
    iss: request.iss,
    aud: request.aud,
    sub: request.sub,
    client_id: request.client_id,
    iat: request.iat,
    exp: request.exp,
    jti: request.jti,
    ...writeScope(scopes, scopeFormat),
    ...(act && { act }),
    tenant: request.tenant,
    grant: request.grant,
    policy: request.policy,
    ...(agent !== undefined && { agent }),
    ...writeParents(request),
  };
  return signToken(KIND, payload, key);
}

/**
 * Verifies an access token for one audience. Revocation, of the token and of each of its `parents`, is the caller's.
 * Never throws on any token.
 *
 * @param audience of the resource that is called: exact
 */
export function verifyAccessToken(token: string, audience: string, input: VerifyInput): Verdict<AccessTokenClaims> {
  return openToken<AccessTokenClaims>(KIND, token, audience, input);
}

/** The token and every one that it came from: if any is revoked, it is dead. */
export function lineageOf(claims: CommonClaims): readonly Provenance[] {
  return [claims, ...(claims.parents ?? [])];
}
