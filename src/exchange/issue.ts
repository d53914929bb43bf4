/** Terms and request → token: the last checks, then the mint. */

import { AccessTokenError, checkClientId, clientIdOf, tokenSubject } from '../access-token/index.ts';
import { budgetWindow, grantId } from '../macaroon/index.ts';
import type { GrantTerms, PolicyRef, Snapshot } from '../policy/types.ts';
import { attenuate, type HandingOn, handingFault } from './handing-on.ts';
import { mintFor } from './mint-for.ts';
import { narrow } from './narrow.ts';
import type { IssuedDetails } from './record.ts';
import { type Refused, refuse, refuseRequest } from './refusals.ts';
import { type Registered, registrationFor } from './registration.ts';
import type { EngineSettings } from './settings.ts';
import type { ExchangeRequest, Grant } from './types.ts';

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
  handing: HandingOn,
  now: number,
  jti: string,
  snapshot: Snapshot,
): Issued {
  const ownCluster = isOwnCluster(terms, snapshot);
  const granted = grantOf(settings, terms, now, ownCluster);
  if ('code' in granted) return granted;
  const { gid, agent, terms: given } = granted;
  const { identity, policy, resource } = given;
  const clientId = clientIdOf({
    ...(agent && { agentType: agent.traits.agentType }),
    ...(given.clientId !== undefined && { ruled: given.clientId }),
    policy,
    rule: given.rule,
  });
  const fault = clientIdFault(clientId, request, given) ?? handingFault(handing, given);
  if (fault) return fault;
  const kind = mintFor(resource.tokenType, handing.mayAct !== undefined);
  if (request.requestedTokenType !== undefined && request.requestedTokenType !== kind.type) {
    const message = `requested_token_type can only confirm ${kind.type}: that is what is asked for`;
    return refuseRequest('invalid_request', 'token_type', message);
  }
  const narrowed = narrow(request, given);
  if ('excess' in narrowed) {
    const { excess, about } = narrowed;
    return { ...refuseRequest('exceeds_policy', 'exceeds_policy', excess), ...(about && { about }) };
  }

  const proofEnds = given.ttlFromProof ? identity.expiresAt : Number.MAX_SAFE_INTEGER;
  const expiresAt = Math.min(now + narrowed.ttl, proofEnds, agent?.expiresAt ?? Number.MAX_SAFE_INTEGER);
  // An issuer or the API server may have taken its last seconds.
  if (expiresAt <= now)
    return refuse('invalid_proof', 'proof', 'expired', 'the proof, which bounds the token, is over');
  const workload = tokenSubject(identity, policy, ownCluster);
  const who = agent ? { subject: `user:${agent.userId}`, acting: { agent, actor: workload } } : { subject: workload };
  const { parent } = handing;
  const child = { sub: workload, ...(agent && { agentType: agent.traits.agentType }), exp: expiresAt };
  const delegated = parent && attenuate(parent, { ...child, scopes: narrowed.scopes ?? [] }, request.scopes);
  if (delegated && 'code' in delegated) return delegated;
  const ends = delegated?.exp ?? expiresAt;
  const scopes = delegated?.scopes ?? narrowed.scopes;
  const minting = { terms: given, narrowed, ...who, clientId, handing, gid, jti, now, expiresAt: ends };
  const minted = kind.mint(settings, delegated ? { ...minting, delegated } : minting);
  if ('denial' in minted) return minted;
  if (agent) settings.view.agents?.().noteUse?.(agent, now);
  return {
    grant: {
      granted: true,
      token: minted.token,
      tokenType: kind.type,
      jti,
      grantId: gid,
      expiresAt: minted.expiresAt,
      expiresIn: minted.expiresAt - now,
      policy: policyName(policy),
      rule: terms.rule,
      tenant: terms.tenant,
      resource: resource.name,
      ...(scopes && { scopes }),
      ...(kind.type === 'access_token' && { clientId }),
      ...(agent && { agent: agent.uid }),
      caveats: minted.caveats,
      ...(terms.label !== undefined && { label: terms.label }),
    },
    details: {
      ...(terms.budgetCredits !== undefined && { budgetCredits: terms.budgetCredits }),
      ...(agent && { subject: who.subject }),
      ...(delegated && parent && { subject: delegated.sub, delegatedBy: parent.jti }),
      ...(handing.mayAct && { mayAct: handing.mayAct }),
    },
  };
}

/** Whoever says who the client is must be right (RFC 7521 §4.2). */
function clientIdFault(own: string, request: ExchangeRequest, { identity }: GrantTerms): Refused | undefined {
  try {
    checkClientId(own, request.clientId, identity.subject);
    return undefined;
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error;
    return { ...refuse('invalid_proof', 'client', error.code, error.message), about: 'client' };
  }
}

/**
 * The grant that a token of these terms would be of; or what bars it, whatever was asked for: the proof is too old,
 * names no instance, acts for nobody, or what would be minted is revoked.
 *
 * @param now seconds since the epoch
 * @param ownCluster whether the identity's anchor is this cluster
 * @returns with the registration that it acts by, if any, and the terms narrowed to it
 */
export function grantOf(
  settings: Pick<EngineSettings, 'view'>,
  terms: GrantTerms,
  now: number,
  ownCluster: boolean,
): ({ readonly gid: string } & Registered) | Refused {
  const { identity, policy, rule, tenant, maxProofAge } = terms;
  if (now - identity.issuedAt > maxProofAge) {
    return refuse('invalid_proof', 'proof', 'proof_too_old', `the policy takes proofs of at most ${maxProofAge} s`);
  }
  const registered = registrationFor(settings, terms, ownCluster, now);
  if ('code' in registered) return registered;
  const holder = budgetHolder(terms);
  if (holder === undefined) {
    return refuse('no_matching_policy', 'policy', 'no_instance', 'budgetPer Instance, and the proof names no instance');
  }
  const window = budgetWindow(now, terms.budgetWindow);
  const gid = grantId({ policyUid: policy.uid, rule, tenant, holder, window });
  // No token is meant: a jti is made only once there is something to mint.
  const facts = {
    jti: '',
    gid,
    pol: policy.uid,
    agt: registered.agent?.uid ?? null,
    tenant,
    iat: now,
    derivedFrom: () => [],
  };
  const dead = settings.view.revocations().check(facts, now);
  if (dead) return refuse('no_matching_policy', 'revocation', `${dead.by}_revoked`, 'what would be minted is revoked');
  return { gid, ...registered };
}

/** Whether the identity is one of this cluster's own accounts. */
export function isOwnCluster({ identity }: GrantTerms, { anchors }: Pick<Snapshot, 'anchors'>): boolean {
  return anchors.get(identity.anchor)?.keys.kind === 'cluster';
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
