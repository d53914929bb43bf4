/** A JWT access token (RFC 9068) for a resource that takes one. */
import { AccessTokenError, mintAccessToken } from '../access-token/index.ts';
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
  const { acting, delegated, clientId } = minting;
  const scopes = delegated?.scopes ?? narrowed.scopes;
  const act = delegated?.act ?? (acting && { sub: acting.actor });
  try {
    const token = mintAccessToken(
      {
        iss: issuer,
        aud: resource.audience,
        sub: delegated?.sub ?? minting.subject,
        client_id: clientId,
        iat: minting.now,
        exp: expiresAt,
        jti: minting.jti,
        ...(scopes && { scopes }),
        scopeFormat: resource.scopeFormat,
        ...(act && { act }),
        ...(acting && { agent: acting.agent.uid }),
        ...(delegated && { parents: delegated.parents }),
        tenant: terms.tenant,
        grant: minting.gid,
        policy: policy.uid,
      },
      { ...key, alg },
    );
    return { token, expiresAt, caveats: [] };
  } catch (error) {
    // A subject, or scopes, of such a size.
    if (error instanceof AccessTokenError) return refuse('no_matching_policy', 'mint', error.code, error.message);
    throw error;
  }
}
