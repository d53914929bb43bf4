/** A JWT access token (RFC 9068) for a resource that takes one. */
import { AccessTokenError, clientIdOf, mintAccessToken } from '../access-token/index.ts';
import type { Minting, MintKeys, MintOutcome } from './minting.ts';
import { refuse, refuseRequest } from './refusals.ts';

/** What a macaroon would hold as a caveat is refused: a JWT would ignore it. */
export function mintAccess({ keyring, issuer }: MintKeys, minting: Minting): MintOutcome {
  const { terms, narrowed, expiresAt } = minting;
  const { resource, policy } = terms;
  if (narrowed.appended.length > 0) {
    const message = `caveats, budget_credits: ${resource.name} takes JWTs, which would ignore them`;
    return refuseRequest('invalid_request', 'not_enforceable', message);
  }
  const alg = resource.signingAlgorithm;
  const key = keyring.signingKey(alg);
  if (!key) {
    return refuse('temporarily_unavailable', 'mint', 'no_signing_key', `the active key signs nothing by ${alg} yet`);
  }
  const { acting } = minting;
  const clientId = clientIdOf({
    ...(acting && { agentType: acting.agent.traits.agentType }),
    ...(terms.clientId !== undefined && { ruled: terms.clientId }),
    policy,
    rule: terms.rule,
  });
  try {
    const token = mintAccessToken(
      {
        iss: issuer,
        aud: resource.audience,
        sub: minting.subject,
        client_id: clientId,
        iat: minting.now,
        exp: expiresAt,
        jti: minting.jti,
        ...(narrowed.scopes && { scopes: narrowed.scopes }),
        scopeFormat: resource.scopeFormat,
        ...(acting && { act: { sub: acting.actor }, agent: acting.agent.uid }),
        tenant: terms.tenant,
        grant: minting.gid,
        policy: policy.uid,
      },
      { ...key, alg },
    );
    return { token, expiresAt, caveats: [], clientId };
  } catch (error) {
    // A subject, or scopes, of such a size.
    if (error instanceof AccessTokenError) return refuse('no_matching_policy', 'mint', error.code, error.message);
    throw error;
  }
}
