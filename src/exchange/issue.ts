/** Terms and request → macaroon: the last checks, then the mint. */

import { tokenSubject } from '../access-token/index.ts';
import { formatTime, parseCaveat } from '../caveat/index.ts';
import { budgetWindow, grantId, MacaroonError, type MintRequest, mintMacaroon } from '../macaroon/index.ts';
import type { GrantTerms, PolicyRef, Snapshot } from '../policy/types.ts';
import { narrow } from './narrow.ts';
import type { IssuedDetails } from './record.ts';
import type { Denial } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import type { ErrorCode, ExchangeRequest, Grant } from './types.ts';

interface Refused {
  readonly code: ErrorCode;
  readonly message?: string;
  readonly denial: Denial;
}

export type Issued = { readonly grant: Grant; readonly details: IssuedDetails } | Refused;

/**
 * Mints what `terms` give, narrowed to `request`.
 *
 * @param now seconds since the epoch: the token's iat
 * @param jti the token's own id
 */
export function issueToken(
  settings: EngineSettings,
  request: ExchangeRequest,
  terms: GrantTerms,
  now: number,
  jti: string,
  snapshot: Snapshot,
): Issued {
  const { identity, policy, resource } = terms;
  const granted = grantOf(settings, terms, now);
  if ('code' in granted) return granted;
  const narrowed = narrow(request, terms);
  if ('excess' in narrowed) {
    return { ...refuse('exceeds_policy', 'request', 'exceeds_policy', narrowed.excess), message: narrowed.excess };
  }

  const expiresAt = Math.min(now + narrowed.ttl, terms.ttlFromProof ? identity.expiresAt : Number.MAX_SAFE_INTEGER);
  const ownCluster = snapshot.anchors.get(identity.anchor)?.keys.kind === 'cluster';
  const subject = tokenSubject(identity, policy, ownCluster);

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
      gid: granted.gid,
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
  const usableUntil = earliestExpiry(expiresAt, narrowed.appended);
  if (usableUntil <= now) return overBefore(now);
  return {
    grant: {
      granted: true,
      token,
      tokenType: 'macaroon',
      jti,
      grantId: granted.gid,
      expiresAt: usableUntil,
      expiresIn: usableUntil - now,
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

/**
 * The grant that a token of these terms would be of; or what bars it, whatever was asked for: the proof is too old,
 * names no instance, or what would be minted is revoked.
 *
 * @param now seconds since the epoch
 */
export function grantOf(
  { view }: Pick<EngineSettings, 'view'>,
  terms: GrantTerms,
  now: number,
): { readonly gid: string } | Refused {
  const { identity, policy, rule, tenant, maxProofAge } = terms;
  if (now - identity.issuedAt > maxProofAge) {
    return refuse('invalid_proof', 'proof', 'proof_too_old', `the policy takes proofs of at most ${maxProofAge} s`);
  }
  const holder = budgetHolder(terms);
  if (holder === undefined) {
    return refuse('no_matching_policy', 'policy', 'no_instance', 'budgetPer Instance, and the proof names no instance');
  }
  const window = budgetWindow(now, terms.budgetWindow);
  const gid = grantId({ policyUid: policy.uid, rule, tenant, holder, window });
  // No token is meant: a jti is made only once there is something to mint.
  const facts = { jti: '', gid, pol: policy.uid, agt: null, tenant, iat: now, derivedFrom: () => [] };
  const dead = view.revocations().check(facts, now);
  if (dead) return refuse('no_matching_policy', 'revocation', `${dead.by}_revoked`, 'what would be minted is revoked');
  return { gid };
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

/** A caller may append an earlier end than the issuer's; what is said of the token must be true of the whole of it. */
function earliestExpiry(issuers: number, appended: readonly string[]): number {
  let earliest = issuers;
  for (const text of appended) {
    const { key, operator, number } = parseCaveat(text);
    if (key === 'time' && operator === '<') earliest = Math.min(earliest, number!);
  }
  return earliest;
}

/** As with every caveat that no call could satisfy: a dead token would only surprise its holder. */
function overBefore(now: number): Issued {
  const message = `caveats: the token would have expired already, for it is ${formatTime(now)} here`;
  return { ...refuse('invalid_request', 'request', 'never_holds', message), message };
}

function placeCaveats(terms: GrantTerms, scopes: readonly string[] | undefined, expiresAt: number): string[] {
  const caveats = [`time < ${formatTime(expiresAt)}`, `aud = ${terms.resource.audience}`, `tenant = ${terms.tenant}`];
  if (scopes) caveats.push(`scope in ${scopes.join(',')}`);
  if (terms.budgetCredits !== undefined) caveats.push(`budget_credits <= ${terms.budgetCredits}`);
  for (const { key, value } of terms.caveats) caveats.push(`${key} = ${value}`);
  if (terms.label !== undefined) caveats.push(`label = ${terms.label}`);
  return caveats;
}

function refuse(code: ErrorCode, stage: Denial['stage'], reason: string, detail: string): Refused {
  return { code, denial: { stage, reason, detail } };
}
