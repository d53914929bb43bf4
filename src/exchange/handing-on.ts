/** Handing authority on: the delegation token that is presented, and the one that is asked for. */
import {
  AccessTokenError,
  attenuateDelegation,
  type Claimant,
  type Delegated,
  type DelegationClaims,
  lineageOf,
  type MayAct,
  parseMayAct,
  verifyDelegation,
} from '../access-token/index.ts';
import type { DecisionRequest, GrantTerms, Snapshot } from '../policy/types.ts';
import { factsOf } from './judge.ts';
import { type Refused, refuse, refuseRequest } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import type { ExchangeRequest } from './types.ts';

export interface HandingOn {
  /** What is exchanged or passed on: verified, and nothing that it came from is dead. */
  readonly parent?: DelegationClaims;
  /** Whom a new delegation token is for; absent: an access token is asked for. */
  readonly mayAct?: MayAct;
}

type Settings = Pick<EngineSettings, 'keyring' | 'issuer' | 'view'>;

const NOTHING: HandingOn = {};

/**
 * Reads what of a request hands authority on; nothing, in most.
 *
 * @param now seconds since the epoch
 */
export function readHandingOn(
  settings: Settings,
  request: ExchangeRequest,
  snapshot: Snapshot,
  now: number,
): HandingOn | Refused {
  const mayAct = readMayAct(request, settings.issuer);
  if (mayAct && 'code' in mayAct) return mayAct;
  if (request.delegation === undefined) return mayAct ? { mayAct } : NOTHING;
  const parent = openParent(settings, request.delegation, snapshot, now);
  if ('code' in parent) return parent;
  if (request.tenant !== undefined && request.tenant !== parent.tenant) {
    return refuseRequest('invalid_request', 'other_tenant', 'tenant: what was delegated is of another one');
  }
  if (request.scopes?.some((scope) => !parent.scopes.includes(scope))) {
    const message = `scope: at most what was delegated, ${parent.scopes.join(' ')}`;
    return { ...refuseRequest('exceeds_policy', 'exceeds_delegation', message), about: 'scope' };
  }
  return { parent, ...(mayAct && { mayAct }) };
}

/** What the policies are asked: our issuer is no resource, and what was delegated says which one it is for. */
export function questionOf(request: ExchangeRequest, { parent, mayAct }: HandingOn): DecisionRequest {
  if (!parent && !mayAct) return request;
  const { resource, audience, scopes, tenant } = request;
  return {
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && !mayAct && { audience }),
    ...(parent ? { scopes: parent.scopes, tenant: parent.tenant } : { scopes, tenant }),
  };
}

/** What bars these terms from being handed on, or from taking what is. */
export function handingFault({ parent, mayAct }: HandingOn, terms: GrantTerms): Refused | undefined {
  if (!parent && !mayAct) return undefined;
  const { resource, scopes, delegation, tenant } = terms;
  if (resource.tokenType !== 'JWT' || !scopes) {
    const message = 'only scopes of resources that take JWTs are delegated';
    return { ...refuseRequest('invalid_request', 'not_delegable', message), about: 'scope' };
  }
  if (parent && parent.tenant !== tenant) {
    return refuse('no_matching_policy', 'policy', 'other_tenant', 'what was delegated is of another tenant');
  }
  if (mayAct && !delegation) {
    return refuse('no_matching_policy', 'policy', 'not_delegable', 'the rule lets nothing be handed on');
  }
  return undefined;
}

/** What the child gets of its parent's: never more than that, nor than its own rule gives. */
export function attenuate(
  parent: DelegationClaims,
  child: Claimant & { readonly scopes: readonly string[]; readonly exp: number },
  asked: readonly string[] | undefined,
): Delegated | Refused {
  try {
    return attenuateDelegation(parent, { ...child, ...(asked && asked.length > 0 && { asked }) });
  } catch (error) {
    if (error instanceof AccessTokenError) return notHanded(error);
    throw error;
  }
}

/** Why authority is not handed on, as a refusal. */
export function notHanded({ code, message }: AccessTokenError): Refused {
  const refused = refuse('no_matching_policy', 'policy', code, message);
  return code === 'scope' ? { ...refused, about: 'scope' } : refused;
}

function readMayAct({ door, audience, mayAct }: ExchangeRequest, issuer: string): MayAct | Refused | undefined {
  if (door !== 'client_credentials' && door !== 'token_exchange') return undefined;
  const asks = audience === issuer;
  if (mayAct === undefined && !asks) return undefined;
  if (mayAct === undefined || !asks) {
    const message = 'may_act and our issuer as audience go together: they ask for a delegation token';
    return refuseRequest('invalid_request', 'may_act', message);
  }
  try {
    return parseMayAct(mayAct);
  } catch (error) {
    if (error instanceof AccessTokenError) return refuseRequest('invalid_request', 'may_act', error.message);
    throw error;
  }
}

/** A delegation token is as good as all that it came from: each token, policy and registration. */
function openParent(
  { keyring, issuer, view }: Settings,
  token: string,
  snapshot: Snapshot,
  now: number,
): DelegationClaims | Refused {
  const verdict = verifyDelegation(token, { keyOf: (kid) => keyring.verificationKey(kid), issuer, now });
  if (!verdict.ok) {
    return refuse(
      'invalid_proof',
      'proof',
      `subject_${verdict.reason}`,
      'the subject token is no delegation token that is good',
    );
  }
  const { claims } = verdict;
  const revocations = view.revocations();
  for (const one of lineageOf(claims)) {
    const hit = revocations.check(factsOf(one, claims.tenant), now);
    if (hit) return refuse('invalid_proof', 'revocation', `${hit.by}_revoked`, 'what was delegated is revoked');
    if (!snapshot.isActive(one.policy)) {
      return refuse('invalid_proof', 'policy', 'ancestor_policy', 'a policy that it was delegated by is not active');
    }
    if (one.agent !== undefined && !view.agents?.().isActive(one.agent, now)) {
      return refuse('invalid_proof', 'policy', 'ancestor_agent', 'an agent that delegated it is not active');
    }
  }
  return claims;
}
