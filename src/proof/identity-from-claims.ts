import type { Anchor, Claims, ProviderName, VerifiedIdentity } from '../identity.ts';
import { type CommonClaims, claim, readCommonClaims } from './claims.ts';
import { readGithub } from './github.ts';
import { readKubernetes } from './kubernetes.ts';
import { readOidc } from './oidc.ts';
import type { ReadProvider } from './provider.ts';
import { readSpiffe, trustDomainOf } from './spiffe.ts';
import { ProofError } from './types.ts';

const PROVIDERS: Readonly<Record<ProviderName, ReadProvider>> = {
  kubernetes: readKubernetes,
  github: readGithub,
  oidc: readOidc,
  spiffe: readSpiffe,
};

/** What an anchor makes of claims that are of its issuer and of the common form. */
export function readIdentity(anchor: Anchor, claims: Claims, common: CommonClaims): VerifiedIdentity {
  const { attributes, holder } = PROVIDERS[anchor.provider](claims, common, anchor);
  return {
    anchor: anchor.id,
    provider: anchor.provider,
    issuer: anchor.issuer,
    subject: common.subject,
    audiences: common.audiences,
    claims,
    attributes,
    holder,
    issuedAt: common.issuedAt,
    expiresAt: common.expiresAt,
  };
}

/**
 * The identity that these claims would be, were they signed: to explain, never to issue.
 *
 * @param claims of which `iss` may be left out
 * @param now seconds since the epoch; undefined: `exp`, `iat` and `nbf` are not looked at, and both times of the
 *   identity are 0
 * @throws ProofError as for a proof, all but those on its signature
 */
export function identityFromClaims(anchor: Anchor, claims: Claims, now?: number): VerifiedIdentity {
  const issuer = trustDomainOf(claim(claims, 'sub')) ?? claim(claims, 'iss');
  if (issuer !== undefined && issuer !== anchor.issuer)
    throw new ProofError('unknown_issuer', 'iss is of another issuer');
  return readIdentity(anchor, claims, readCommonClaims(claims, now));
}
