/** What happened → the audit record of it. A record never holds a proof or a token, only their fingerprints. */
import type { MayAct } from '../access-token/index.ts';
import { auditIdentity, type ExchangeEvent, fingerprint } from '../audit/index.ts';
import type { VerifiedIdentity } from '../identity.ts';
import type { Decision, PolicyRef } from '../policy/types.ts';
import { codeAt } from './oauth-codes.ts';
import { peerNetwork } from './peer-network.ts';
import type { Denial } from './refusals.ts';
import type { DoorRefusal, ExchangeOutcome, ExchangeRequest } from './types.ts';

/** What the audit record says of a grant, beside what the caller gets. */
export interface IssuedDetails {
  readonly budgetCredits?: number;
  /** Whom it is for, where that is another than who asked. */
  readonly subject?: string;
  /** Of what was delegated: the `jti` of the delegation token. */
  readonly delegatedBy?: string;
  /** Of a delegation token. */
  readonly mayAct?: MayAct;
}

/** One exchange as it goes: each stage adds what it found out. */
export interface Attempt {
  readonly request: ExchangeRequest;
  /** SHA-256 of the proof, base64url: what stands for it in the record. */
  readonly proofDigest: string;
  /** The same of the delegation token, where one was presented. */
  readonly delegationDigest?: string;
  /** The same of what the client authenticates by, where that is not the proof. */
  readonly clientDigest?: string;
  generation?: string;
  identity?: VerifiedIdentity;
  decision?: Decision;
  denial?: Denial;
  issued?: IssuedDetails;
}

interface Recorded {
  readonly event: ExchangeEvent;
  /** Whose refusals it counts among, where it is one. */
  readonly limitBy: string;
}

/** The record of an exchange that failed inside: its caller is answered 500. */
export function failureRecord(attempt: Attempt): Recorded {
  const { base, limitBy } = baseOf(attempt);
  const code = 'server_error';
  const refused = { stage: 'internal', code, reason: code, detail: 'the log says where, under the correlation id' };
  return { event: { ...base, outcome: 'refused', refused }, limitBy };
}

function baseOf(attempt: Attempt) {
  const { request, identity, decision, generation } = attempt;
  const { policy, rule, used } = decided(decision);
  const base = {
    kind: 'exchange' as const,
    id: request.correlationId,
    caller_id: request.callerId,
    door: request.door,
    peer: request.peer,
    proof_sha256: attempt.proofDigest,
    delegation_sha256: attempt.delegationDigest,
    client_sha256: attempt.clientDigest,
    identity: identity && auditIdentity(identity, used),
    policy,
    rule,
    generation,
  };
  return { base, limitBy: identity ? `${identity.anchor} ${identity.subject}` : peerNetwork(request.peer) };
}

/** The record of an exchange that was answered. */
export function exchangeRecord(attempt: Attempt, outcome: ExchangeOutcome): Recorded {
  const { base, limitBy } = baseOf(attempt);
  if (!outcome.granted) {
    const { stage, reason, detail } = attempt.denial ?? {
      stage: 'request',
      reason: outcome.code,
      detail: outcome.message,
    };
    const code = codeAt(attempt.request.door, outcome);
    return { event: { ...base, outcome: 'refused', refused: { stage, code, reason, detail } }, limitBy };
  }
  const granted = {
    jti: outcome.jti,
    grant_id: outcome.grantId,
    resource: outcome.resource,
    tenant: outcome.tenant,
    caveats: outcome.caveats,
    ...(outcome.tokenType !== 'macaroon' && { scopes: outcome.scopes ?? [] }),
    ...(outcome.clientId !== undefined && { client_id: outcome.clientId }),
    ...(outcome.agent !== undefined && { agent: outcome.agent }),
    ...delegationOf(attempt.issued),
    ttl: outcome.expiresIn,
    ...(attempt.issued?.budgetCredits !== undefined && { budget_credits: attempt.issued.budgetCredits }),
    ...(outcome.label !== undefined && { label: outcome.label }),
    token_sha256: fingerprint(outcome.token),
    expires_at: outcome.expiresAt,
  };
  return { event: { ...base, outcome: 'granted', granted }, limitBy };
}

function delegationOf({ subject, delegatedBy, mayAct }: IssuedDetails = {}) {
  return {
    ...(subject !== undefined && { subject }),
    ...(delegatedBy !== undefined && { delegated_by: delegatedBy }),
    ...(mayAct && { may_act: mayAct }),
  };
}

/** The record of what a door refused before it was an exchange. */
export function doorRecord(refused: DoorRefusal): ExchangeEvent {
  return {
    kind: 'exchange',
    id: refused.correlationId,
    ...(refused.callerId !== undefined && { caller_id: refused.callerId }),
    door: refused.door,
    peer: refused.peer,
    outcome: 'refused',
    refused: { stage: 'request', code: refused.code, reason: refused.code, detail: refused.reason },
  };
}

function decided(decision: Decision | undefined): { policy?: PolicyRef; rule?: string; used: readonly string[] } {
  if (!decision) return { used: [] };
  if (decision.allowed) return { policy: decision.terms.policy, rule: decision.terms.rule, used: decision.terms.used };
  return {
    used: decision.used,
    ...(decision.policy && { policy: decision.policy }),
    ...(decision.rule && { rule: decision.rule }),
  };
}
