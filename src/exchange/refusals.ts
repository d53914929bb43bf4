/** What a refused caller is told: the stage, and what to do about it; never the policy. */
import type { DenialReason } from './denial-reasons.ts';
import type { ErrorCode, Refusal } from './types.ts';

const SENTENCES: Record<ErrorCode, string> = {
  invalid_request: 'the request is malformed',
  invalid_proof: 'the proof was rejected; the reason is in the audit log under the correlation id',
  no_matching_policy:
    'no policy grants this to the proven identity; the reason is in the audit log under the correlation id',
  exceeds_policy: 'the request asks for more than the policy gives',
  rate_limited: 'too many requests; wait before trying again',
  temporarily_unavailable: 'the proof cannot be judged right now; try again',
};

export const MAX_STALE_MESSAGE = 'the policies were not read for longer than --max-staleness';

export const WRONG_CLOCK_MESSAGE = "this replica's clock is too far from the API server's";

/** A refusal with the code's own sentence, unless there is a better one. `retryAfter` in seconds. */
export function refusal(code: ErrorCode, message = SENTENCES[code], retryAfter?: number): Refusal {
  const wait = retryAfter ?? (code === 'temporarily_unavailable' ? 5 : undefined);
  return { granted: false, code, message, ...(wait !== undefined && { retryAfter: wait }) };
}

/** Nothing is minted: what the caller is told, and why it is so. */
export interface Refused {
  readonly code: ErrorCode;
  readonly message?: string;
  readonly about?: Refusal['about'];
  /** Seconds. */
  readonly retryAfter?: number;
  readonly denial: Denial;
}

export function refuse(code: ErrorCode, stage: Denial['stage'], reason: DenialReason, detail: string): Refused {
  return { code, denial: { stage, reason, detail } };
}

/** What the caller asked for is at fault, and they are told what. */
export function refuseRequest(code: ErrorCode, reason: DenialReason, message: string): Refused {
  return { ...refuse(code, 'request', reason, message), message };
}

/** Why an exchange was refused: for the operator, under the correlation id. */
export interface Denial {
  /** How far it came. */
  readonly stage: 'request' | 'view' | 'client' | 'limit' | 'proof' | 'policy' | 'revocation' | 'mint';
  readonly reason: DenialReason;
  readonly detail: string;
}
