/** proof ─► candidate anchors ─► verify ─► match ─► decide ─► mint ─► record ─► answer. Every door comes through here. */
import { AuditError, fingerprint } from '../audit/index.ts';
import type { DenyReason, Snapshot } from '../policy/types.ts';
import { randomIds } from '../random-ids.ts';
import { questionOf, readHandingOn } from './handing-on.ts';
import { issueToken } from './issue.ts';
import { peerNetwork } from './peer-network.ts';
import { clientFault, verifyPresented } from './presented.ts';
import { RateLimiter } from './rate-limit.ts';
import { type Attempt, exchangeRecord, failureRecord } from './record.ts';
import { type Denial, MAX_STALE_MESSAGE, type Refused, refusal, refuse, WRONG_CLOCK_MESSAGE } from './refusals.ts';
import type { EngineSettings } from './settings.ts';
import { tokenTime } from './token-time.ts';
import type { ErrorCode, ExchangeOutcome, ExchangeRequest, Refusal } from './types.ts';

/** How often a proof is verified anew because what is served has changed meanwhile. */
const MAX_TRIES = 3;

/** What is wrong with the request's resource, audience or scopes, and not with who asks (RFC 8707 §2). */
const TARGET_FAULTS: ReadonlySet<DenyReason> = new Set<DenyReason>(['unknown_resource', 'resource_mismatch']);

/** One exchange, from the credential to the answer. Never throws for anything a caller or an outage can cause. */
export type Exchange = (request: ExchangeRequest) => Promise<ExchangeOutcome>;

/** Builds the pipeline over its ports. */
export function createExchange(settings: EngineSettings): Exchange {
  const { view, clock, audit } = settings;
  const identities = new RateLimiter(settings.rateLimit, clock);
  const failures = new RateLimiter(settings.failureLimit, clock);
  const nextId = randomIds(settings.random, 'base64url');

  return async function exchange(request) {
    const { proof, delegation, client } = request;
    const attempt: Attempt = {
      request,
      proofDigest: fingerprint(proof),
      ...(delegation !== undefined && { delegationDigest: fingerprint(delegation) }),
      ...(client && client.assertion !== proof && { clientDigest: fingerprint(client.assertion) }),
    };
    const outcome = await attemptExchange(attempt).catch(async (error: unknown) => {
      const { event, limitBy } = failureRecord(attempt);
      await audit.record(event, limitBy).catch(() => undefined);
      throw error;
    });
    try {
      const { event, limitBy } = exchangeRecord(attempt, outcome);
      await audit.record(event, limitBy);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      return refusal('temporarily_unavailable', 'the exchange could not be recorded', 1);
    }
    return outcome;
  };

  async function attemptExchange(attempt: Attempt): Promise<ExchangeOutcome> {
    const { request } = attempt;
    let snapshot = view.snapshot();
    if (!snapshot || view.staleSeconds() > settings.maxStaleness) return stale(attempt);
    if (settings.clockIsWrong?.()) return wrongClock(attempt);
    attempt.generation = snapshot.generation;
    const blocked = failures.blocked(peerNetwork(request.peer));
    if (blocked > 0) return limited(attempt, blocked, 'failed proofs of this address');

    let presented = await verifyPresented(settings.proofs, request, attempt.proofDigest, snapshot);
    // An issuer or the API server may have taken seconds: what was taken away meanwhile is given no more.
    for (let tries = 0; !('code' in presented) && view.snapshot()?.generation !== snapshot.generation; tries += 1) {
      snapshot = view.snapshot();
      if (!snapshot || tries === MAX_TRIES) return stale(attempt);
      attempt.generation = snapshot.generation;
      presented = await verifyPresented(settings.proofs, request, attempt.proofDigest, snapshot);
    }
    if ('code' in presented) return refusedEarly(attempt, presented);
    const first = presented.identities[0];
    if (!first) throw new Error('a verifier that does not refuse gives at least one identity');
    attempt.identity = first;
    const handing = readHandingOn(settings, request, snapshot, tokenTime(settings));
    if ('code' in handing) return refusedEarly(attempt, handing);
    const question = questionOf(request, handing);
    const decision = snapshot.decide(presented.identities, question);
    // What was made for another audience says nothing of who sent it: it must not use up its subject's rate.
    if (!decision.allowed && decision.reason === 'wrong_audience') {
      failures.take(peerNetwork(request.peer));
      return deny(attempt, { stage: 'proof', reason: decision.reason, detail: decision.detail }, 'invalid_proof');
    }
    const wait = identities.take(`${first.anchor} ${first.subject}`);
    if (wait > 0) return limited(attempt, wait, 'exchanges of this identity');
    attempt.decision = decision;
    if (!decision.allowed) {
      const { reason, detail } = decision;
      const about = TARGET_FAULTS.has(reason) ? 'target' : asksNobodys(request, snapshot) ? 'scope' : undefined;
      const denied = refuse('no_matching_policy', 'policy', reason, detail);
      return refused(attempt, { ...denied, ...(about && { about }) });
    }
    const fault = clientFault(presented, snapshot, question, decision);
    if (fault) return refused(attempt, fault);
    attempt.identity = decision.terms.identity;
    // Set wrong while the proof was verified: the token would be of that time.
    if (settings.clockIsWrong?.()) return wrongClock(attempt);
    const now = tokenTime(settings);
    const issued = issueToken(settings, request, decision.terms, handing, now, nextId(), snapshot);
    if ('code' in issued) return refused(attempt, issued);
    attempt.issued = issued.details;
    return issued.grant;
  }

  /** Before an identity's rate is drawn on: then the address's is, whatever is wrong. An outage is nobody's fault. */
  function refusedEarly(attempt: Attempt, fault: Refused): Refusal {
    if (fault.code !== 'temporarily_unavailable') failures.take(peerNetwork(attempt.request.peer));
    return refused(attempt, fault);
  }

  function stale(attempt: Attempt): ExchangeOutcome {
    return deny(attempt, { stage: 'view', reason: 'stale', detail: MAX_STALE_MESSAGE }, 'temporarily_unavailable');
  }

  function wrongClock(attempt: Attempt): ExchangeOutcome {
    return deny(attempt, { stage: 'view', reason: 'clock', detail: WRONG_CLOCK_MESSAGE }, 'temporarily_unavailable');
  }

  function limited(attempt: Attempt, seconds: number, what: string): ExchangeOutcome {
    return deny(
      attempt,
      { stage: 'limit', reason: 'rate_limited', detail: `too many ${what}` },
      'rate_limited',
      undefined,
      seconds,
    );
  }
}

/** Whether a scope is asked for that no resource has: what is wrong is then the scope, and not who asks. */
function asksNobodys({ scopes = [] }: ExchangeRequest, snapshot: Snapshot): boolean {
  return scopes.some((scope) => !snapshot.hasScope(scope));
}

function refused(attempt: Attempt, { denial, code, message, about, retryAfter }: Refused): Refusal {
  const told = deny(attempt, denial, code, message, retryAfter);
  return about ? { ...told, about } : told;
}

function deny(attempt: Attempt, denial: Denial, code: ErrorCode, message?: string, retryAfter?: number): Refusal {
  attempt.denial = denial;
  return refusal(code, message, retryAfter);
}
