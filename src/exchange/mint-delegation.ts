/** A delegation token: what only we take, from whom it names. */
import { AccessTokenError, MAX_DELEGATION_TTL, mintDelegation, nextDepth } from '../access-token/index.ts';
import { notHanded } from './handing-on.ts';
import type { Minting, MintKeys, MintOutcome } from './minting.ts';
import { refuse, refuseRequest } from './refusals.ts';

export function mintHandover({ keyring, issuer }: MintKeys, minting: Minting): MintOutcome {
  const { terms, narrowed, handing, delegated, acting, now } = minting;
  const { resource, policy, tenant, delegation } = terms;
  const scopes = delegated?.scopes ?? narrowed.scopes;
  if (!handing.mayAct || !delegation || !scopes) throw new Error('what cannot be handed on was refused before');
  if (narrowed.appended.length > 0) {
    const message = 'caveats, budget_credits: a delegation token holds none';
    return refuseRequest('invalid_request', 'not_enforceable', message);
  }
  const alg = resource.signingAlgorithm;
  const key = keyring.signingKey(alg);
  if (!key) {
    return refuse('temporarily_unavailable', 'mint', 'no_signing_key', `the active key signs nothing by ${alg} yet`);
  }
  const expiresAt = Math.min(minting.expiresAt, now + MAX_DELEGATION_TTL);
  const act = delegated?.act ?? (acting && { sub: acting.actor });
  try {
    const depth = nextDepth(delegation.maxDepth, handing.parent?.depth);
    const token = mintDelegation(
      {
        iss: issuer,
        sub: delegated?.sub ?? minting.subject,
        iat: now,
        exp: expiresAt,
        jti: minting.jti,
        scopes,
        ...(act && { act }),
        may_act: handing.mayAct,
        depth,
        tenant,
        grant: minting.gid,
        policy: policy.uid,
        ...(acting && { agent: acting.agent.uid }),
        ...(delegated && { parents: delegated.parents }),
      },
      { ...key, alg },
    );
    return { token, expiresAt, caveats: [] };
  } catch (error) {
    if (error instanceof AccessTokenError) return notHanded(error);
    throw error;
  }
}
