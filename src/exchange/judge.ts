/** What one token of one resource says, once it holds: the one place where our tokens are evaluated. */
import { type AccessTokenClaims, lineageOf, type Provenance, verifyAccessToken } from '../access-token/index.ts';
import { type Verified, verifyMacaroon } from '../macaroon/index.ts';
import type { ServedResource } from '../policy/types.ts';
import type { TokenFacts } from '../revocation/types.ts';
import type { EngineSettings } from './settings.ts';
import type { Call, VerifyOutcome } from './types.ts';

type Active = Extract<VerifyOutcome, { readonly active: true }>;

export interface Good {
  readonly says: Omit<Active, 'active' | 'staleSeconds'>;
  /** Caveats that only a call could answer, where none was judged. */
  readonly unchecked: readonly string[];
  /** Of the token, and of each that it was delegated by: what revokes one revokes it. */
  readonly lineage: readonly TokenFacts[];
}

/** `reason` is absent for a token of another resource. `caveat` is the one that does not hold. */
export interface Bad {
  readonly reason?: string;
  readonly caveat?: string;
}

/**
 * Evaluates a token of the kind that the resource takes, for one call; or, without one, for what calls have in common. Revocations are the caller's. Never throws on any
 * token.
 *
 * @param now seconds since the epoch
 */
export function judgeToken(
  settings: Pick<EngineSettings, 'keyring' | 'issuer'>,
  resource: ServedResource,
  token: string,
  call: Call | undefined,
  now: number,
): Good | Bad {
  return resource.tokenType === 'JWT'
    ? judgeAccess(settings, resource, token, call, now)
    : judgeMacaroon(settings, resource, token, call, now);
}

function judgeMacaroon(
  { keyring }: Pick<EngineSettings, 'keyring'>,
  { audience }: ServedResource,
  token: string,
  call: Call | undefined,
  now: number,
): Good | Bad {
  const rootKey = keyring.rootKey.bind(keyring);
  const verdict = verifyMacaroon(token, { rootKey, audience, now, ...(call && { call }) });
  if (verdict.ok) return capability(verdict);
  if (verdict.reason === 'other_resource') return {};
  const { caveat, reason, denial = reason } = verdict;
  return { reason: denial, ...(caveat && { caveat }) };
}

function capability(verified: Verified): Good {
  const { identifier, facts, notes, unchecked, caveats, expiresAt, accounts, derivedFromDigests } = verified;
  const { jti, gid, pol, agt, ten: tenant, sub, iat } = identifier;
  return {
    says: {
      jti,
      grantId: gid,
      policy: pol,
      agent: agt,
      tenant,
      subject: sub,
      issuedAt: iat,
      expiresAt,
      attributes: Object.fromEntries(facts),
      notes,
      caveats,
      accounts,
    },
    unchecked,
    lineage: [{ jti, gid, pol, agt, tenant, iat, derivedFrom: derivedFromDigests }],
  };
}

function judgeAccess(
  { keyring, issuer }: Pick<EngineSettings, 'keyring' | 'issuer'>,
  { audience }: ServedResource,
  token: string,
  call: Call | undefined,
  now: number,
): Good | Bad {
  const keyOf = (kid: string) => keyring.verificationKey(kid);
  const verdict = verifyAccessToken(token, audience, { keyOf, issuer, now });
  if (!verdict.ok) return verdict.reason === 'other_resource' ? {} : { reason: verdict.reason };
  const { claims } = verdict;
  // As a macaroon's `scope in …` is judged.
  if (claims.scopes && call && call.scope === undefined) return { reason: 'not_carried' };
  if (claims.scopes && call && !claims.scopes.includes(call.scope as string)) return { reason: 'no_match' };
  return accessToken(claims);
}

function accessToken(claims: AccessTokenClaims): Good {
  const { tenant } = claims;
  return {
    says: {
      jti: claims.jti,
      grantId: claims.grant,
      policy: claims.policy,
      agent: claims.agent ?? null,
      tenant,
      subject: claims.sub,
      issuedAt: claims.iat,
      expiresAt: claims.exp,
      attributes: { tenant },
      notes: [],
      caveats: [],
      ...(claims.scopes && { scopes: claims.scopes }),
      clientId: claims.client_id,
      ...(claims.act && { act: claims.act }),
      accounts: [{ id: claims.grant }],
    },
    unchecked: [],
    lineage: lineageOf(claims).map((one) => factsOf(one, tenant)),
  };
}

/** What a revocation may name of one of our JWTs. */
export function factsOf({ jti, grant, policy, agent, iat }: Provenance, tenant: string): TokenFacts {
  return { jti, gid: grant, pol: policy, agt: agent ?? null, tenant, iat, derivedFrom: () => [] };
}
