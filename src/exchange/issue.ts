/** Terms and request → macaroon: the last checks, then the mint. */

import { tokenSubject } from '../access-token/index.ts';
import { formatTime } from '../caveat/index.ts';
import { budgetWindow, grantId, MacaroonError, type MintRequest, mintMacaroon } from '../macaroon/index.ts';
import type { GrantTerms, PolicyRef, Snapshot } from '../policy/types.ts';
import { narrow } from './narrow.ts';
import type { Denial } from './record.ts';
import type { EngineSettings } from './settings.ts';
import type { ErrorCode, ExchangeRequest, Grant } from './types.ts';

/** What the audit record says of a grant, beside what the caller gets. */
export interface IssuedDetails {
  readonly budgetCredits?: number;
}

export type Issued =
  | { readonly grant: Grant; readonly details: IssuedDetails }
  | { readonly code: ErrorCode; readonly message?: string; readonly denial: Denial };

const JTI_BYTES = 16;

/**
 * Mints what `terms` give, narrowed to `request`.
 *
 * @param now seconds since the epoch: the token's iat
 */
export function issueToken(
  settings: EngineSettings,
  request: ExchangeRequest,
  terms: GrantTerms,
  now: number,
  snapshot: Snapshot,
): Issued {
  const { identity, policy, resource } = terms;
  if (now - identity.issuedAt > terms.maxProofAge) {
    return refuse(
      'invalid_proof',
      'proof',
      'proof_too_old',
      `the policy takes proofs of at most ${terms.maxProofAge} s`,
    );
  }
  const holder = budgetHolder(terms);
  if (holder === undefined) {
    return refuse('no_matching_policy', 'policy', 'no_instance', 'budgetPer Instance, and the proof names no instance');
  }
  const narrowed = narrow(request, terms);
  if ('excess' in narrowed) {
    return { ...refuse('exceeds_policy', 'request', 'exceeds_policy', narrowed.excess), message: narrowed.excess };
  }

  const expiresAt = Math.min(now + narrowed.ttl, terms.ttlFromProof ? identity.expiresAt : Number.MAX_SAFE_INTEGER);
  const ownCluster = snapshot.anchors.get(identity.anchor)?.keys.kind === 'cluster';
  const subject = tokenSubject(identity, policy, ownCluster);
  const jti = Buffer.from(settings.random(JTI_BYTES)).toString('base64url');
  const gid = grantId({
    policyUid: policy.uid,
    rule: terms.rule,
    tenant: terms.tenant,
    holder,
    window: budgetWindow(now, terms.budgetWindow),
  });
  const dead = settings.view
    .revocations()
    .check({ jti, gid, pol: policy.uid, agt: null, tenant: terms.tenant, iat: now, derivedFrom: () => [] }, now);
  if (dead) return refuse('no_matching_policy', 'revocation', `${dead.by}_revoked`, 'what would be minted is revoked');

  const { kid } = settings.keyring.active();
  const rootKey = settings.keyring.rootKey(kid, resource.audience);
  if (!rootKey) throw new Error('the active key is in the ring');
  const issuerCaveats = placeCaveats(terms, narrowed.scopes, expiresAt);
  const mint: MintRequest = {
    rootKey,
    location: settings.issuer,
    identifier: {
      v: 1,
      kid,
      aud: resource.audience,
      jti,
      gid,
      pol: policy.uid,
      agt: null,
      ten: terms.tenant,
      sub: subject,
      iat: now,
      n: issuerCaveats.length,
    },
    issuerCaveats,
    appended: narrowed.appended,
  };
  const token = tryMint(mint);
  if (typeof token !== 'string') return unmintable(mint, token);
  return {
    grant: {
      granted: true,
      token,
      tokenType: 'macaroon',
      jti,
      grantId: gid,
      expiresAt,
      expiresIn: expiresAt - now,
      policy: policyName(policy),
      rule: terms.rule,
      tenant: terms.tenant,
      resource: resource.name,
      ...(narrowed.scopes && { scopes: narrowed.scopes }),
      caveats: [...issuerCaveats, ...narrowed.appended],
      ...(terms.label !== undefined && { label: terms.label }),
    },
    details: {
      ...(terms.budgetCredits !== undefined && { budgetCredits: terms.budgetCredits }),
    },
  };
}

/** namespace/name, or the name of a ClusterTrustPolicy. */
export function policyName(policy: PolicyRef): string {
  return policy.namespace === undefined ? policy.name : `${policy.namespace}/${policy.name}`;
}

/** Who shares the budget; undefined if it should be an instance and the proof is bound to none. */
function budgetHolder({ budgetPer, identity }: GrantTerms): string | undefined {
  switch (budgetPer) {
    case 'Subject':
      return identity.holder.subject;
    case 'Instance':
      return identity.holder.instance;
    case 'Rule':
      return '';
  }
}

/** The token; or why there can be none. */
function tryMint(mint: MintRequest): string | MacaroonError {
  try {
    return mintMacaroon(mint).token;
  } catch (error) {
    if (error instanceof MacaroonError) return error;
    throw error;
  }
}

/** The request's fault if all goes well without what it appends; else that of a policy or a subject of such a size. */
function unmintable(mint: MintRequest, error: MacaroonError): Issued {
  const bare = tryMint({ ...mint, appended: [] });
  if (typeof bare !== 'string') return refuse('no_matching_policy', 'mint', bare.code, bare.message);
  const message = `caveats: ${error.message}`;
  return { ...refuse('invalid_request', 'request', error.code, message), message };
}

function placeCaveats(terms: GrantTerms, scopes: readonly string[] | undefined, expiresAt: number): string[] {
  const caveats = [`time < ${formatTime(expiresAt)}`, `aud = ${terms.resource.audience}`, `tenant = ${terms.tenant}`];
  if (scopes) caveats.push(`scope in ${scopes.join(',')}`);
  if (terms.budgetCredits !== undefined) caveats.push(`budget_credits <= ${terms.budgetCredits}`);
  for (const { key, value } of terms.caveats) caveats.push(`${key} = ${value}`);
  if (terms.label !== undefined) caveats.push(`label = ${terms.label}`);
  return caveats;
}

function refuse(code: ErrorCode, stage: Denial['stage'], reason: string, detail: string) {
  return { code, denial: { stage, reason, detail } };
}
