/** The delegation token: what a parent hands to a child, and only we take. */
import { COMMON, type CommonClaims, type Provenance } from './claims.ts';
import { AccessTokenError } from './errors.ts';
import { MAX_DELEGATION_TTL, MAX_DELEGATIONS } from './limits.ts';
import { type MayAct, readMayAct } from './may-act.ts';
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

/** What a delegation token says. `aud` is our issuer. */
export interface DelegationClaims extends CommonClaims {
  readonly scopes: readonly string[];
  readonly may_act: MayAct;
  /** How many delegations there may be from here on, this one among them: 1 to 4. */
  readonly depth: number;
}

export type DelegationRequest = Omit<DelegationClaims, 'aud'>;

const isDepth = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_DELEGATIONS;

const { scope, ...optional } = COMMON.optional;

const KIND: TokenKind = {
  typ: 'trustmint-delegation+jwt',
  table: {
    required: {
      ...COMMON.required,
      scope: (value) => (typeof value === 'string' ? scope!(value) : undefined),
      may_act: readMayAct,
      depth: (value) => (isDepth(value) ? value : undefined),
    },
    optional,
  },
  agrees(claims) {
    const { iss, aud, iat, exp, depth, parents = [] } = claims as unknown as DelegationClaims;
    const length = exp - iat;
    return aud === iss && length > 0 && length <= MAX_DELEGATION_TTL && depth + parents.length <= MAX_DELEGATIONS;
  },
};

/**
 * The `depth` of a new delegation token.
 *
 * @param maxDepth of the delegating rule
 * @param parent the depth of the delegation token that is passed on; absent: the first delegation
 * @throws AccessTokenError `too_deep` at 0
 */
export function nextDepth(maxDepth: number, parent?: number): number {
  const depth = Math.min(maxDepth, parent === undefined ? MAX_DELEGATIONS : parent - 1);
  if (depth < 1) throw new AccessTokenError('too_deep', 'authority may not be handed on any further');
  return depth;
}

/** The `parents` of what is made from a delegation token: its own, then itself. */
export function parentsAfter(token: DelegationClaims): readonly Provenance[] {
  const { jti, grant, policy, agent, iat } = token;
  return [...(token.parents ?? []), { jti, grant, policy, ...(agent !== undefined && { agent }), iat }];
}

/**
 * Mints a delegation token: these claims in one order, and no other. Its only audience is our issuer, so that no API
 * takes it.
 *
 * @throws AccessTokenError `claims` also for a life over 10 min; `too_large`
 */
export function mintDelegation(request: DelegationRequest, key: SigningKey): string {
  const { act, agent } = request;
  const payload = {
    iss: request.iss,
    aud: request.iss,
    sub: request.sub,
    iat: request.iat,
    exp: request.exp,
    jti: request.jti,
    ...writeScope(request.scopes, 'String'),
    ...(act && { act }),
    may_act: request.may_act,
    depth: request.depth,
    tenant: request.tenant,
    grant: request.grant,
    policy: request.policy,
    ...(agent !== undefined && { agent }),
    ...writeParents(request),
  };
  return signToken(KIND, payload, key);
}

/**
 * Verifies a delegation token. Whether the actor may use it (`satisfies`), and whether it or an ancestor is revoked, is
 * the caller's. Never throws on any token.
 */
export function verifyDelegation(token: string, input: VerifyInput): Verdict<DelegationClaims> {
  return openToken<DelegationClaims>(KIND, token, input.issuer, input);
}
