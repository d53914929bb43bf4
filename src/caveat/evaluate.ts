import { CaveatError, type CaveatErrorCode } from './errors.ts';
import { type Caveat, parseCaveat } from './grammar.ts';
import { type CallKey, sortOf } from './vocabulary.ts';

/** What is being called. A member that is absent is not carried: a caveat on it denies. */
export interface CallContext {
  readonly scope?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly path?: string;
  /** Credits, where stated. */
  readonly cost?: number;
}

export interface EvaluationContext {
  /** Seconds since the epoch. */
  readonly now: number;
  /** The audience of the resource that is called. */
  readonly audience: string;
  /** Absent: no call is judged, and the caveats that only a call could answer are listed as `unchecked`. */
  readonly call?: CallContext;
}

/** A token's caveats, in order: those that the issuer placed, then those appended by whoever held it. */
export interface PlacedCaveats {
  readonly issuer: readonly string[];
  readonly later: readonly string[];
}

export type CaveatDenial =
  | CaveatErrorCode
  | 'expired'
  | 'not_yet_valid'
  | 'not_carried'
  | 'no_match'
  | 'over_budget'
  | 'not_a_fact'
  | 'repeated_fact';

export type Evaluation =
  | {
      readonly ok: true;
      /** Both lists parsed, in order. */
      readonly caveats: readonly Caveat[];
      /** The issuer's attributes. */
      readonly facts: ReadonlyMap<string, string>;
      /** Unverified: anyone may have written them. */
      readonly notes: readonly string[];
      /** The texts of those that would have wanted a call, where none was judged. */
      readonly unchecked: readonly string[];
      /** The earliest `time <`, seconds since the epoch; absent where there is none. */
      readonly expiresAt?: number;
    }
  /** `caveat` is the text of the first one that does not hold: attacker-controlled, not necessarily printable. */
  | { readonly ok: false; readonly caveat: string; readonly reason: CaveatDenial };

/**
 * Judges every caveat on its own; all must hold, and none replaces another.
 * Whatever cannot be read or judged denies. Never throws on any text.
 */
export function evaluateCaveats(placed: PlacedCaveats, context: EvaluationContext): Evaluation {
  const caveats: Caveat[] = [];
  const facts = new Map<string, string>();
  const notes: string[] = [];
  const unchecked: string[] = [];
  let expiresAt: number | undefined;
  for (const [position, text] of [...placed.issuer, ...placed.later].entries()) {
    const caveat = readCaveat(text);
    if (typeof caveat === 'string') return { ok: false, caveat: text, reason: caveat };
    const sort = sortOf(caveat.key);
    let denial: CaveatDenial | undefined;
    if (sort === 'note') notes.push(caveat.value);
    else if (sort === 'checked' && !context.call && wantsCall(caveat)) unchecked.push(text);
    else if (sort === 'checked') denial = judgeChecked(caveat, context);
    else if (position < placed.issuer.length) denial = stateFact(caveat, facts);
    else denial = judgeAttribute(caveat, facts);
    if (denial) return { ok: false, caveat: text, reason: denial };
    if (caveat.key === 'time' && caveat.operator === '<') expiresAt = Math.min(expiresAt ?? Infinity, caveat.number!);
    caveats.push(caveat);
  }
  return { ok: true, caveats, facts, notes, unchecked, ...(expiresAt !== undefined && { expiresAt }) };
}

/** Adds an attribute of the issuer's to the facts; the denial, if it is not `key = value` or stands there already. */
export function stateFact(caveat: Caveat, facts: Map<string, string>): CaveatDenial | undefined {
  if (caveat.operator !== '=') return 'caveat_operator';
  if (facts.has(caveat.key)) return 'repeated_fact';
  facts.set(caveat.key, caveat.value);
  return undefined;
}

/** Compares an appended attribute with the issuer's facts; the denial, if it disagrees or there is no such fact. */
export function judgeAttribute(caveat: Caveat, facts: ReadonlyMap<string, string>): CaveatDenial | undefined {
  const fact = facts.get(caveat.key);
  if (fact === undefined) return 'not_a_fact';
  return matches(caveat, fact) ? undefined : 'no_match';
}

/** Whether it speaks of the call, and not of the time or the resource. */
function wantsCall({ key }: Caveat): boolean {
  return key !== 'time' && key !== 'aud';
}

function judgeChecked(caveat: Caveat, { now, audience, call = {} }: EvaluationContext): CaveatDenial | undefined {
  switch (caveat.key) {
    case 'time':
      if (caveat.operator === '<') return now < caveat.number! ? undefined : 'expired';
      return now >= caveat.number! ? undefined : 'not_yet_valid';
    case 'aud':
      return matches(caveat, audience) ? undefined : 'no_match';
    case 'budget_credits':
      return call.cost === undefined || withinBudget(call.cost, caveat.number!) ? undefined : 'over_budget';
    default: {
      const carried = call[caveat.key as CallKey];
      if (carried === undefined) return 'not_carried';
      return matches(caveat, carried) ? undefined : 'no_match';
    }
  }
}

function withinBudget(cost: number, ceiling: number): boolean {
  return Number.isSafeInteger(cost) && cost >= 0 && cost <= ceiling;
}

function matches(caveat: Caveat, actual: string): boolean {
  return caveat.items ? caveat.items.includes(actual) : caveat.value === actual;
}

function readCaveat(text: string): Caveat | CaveatErrorCode {
  try {
    return parseCaveat(text);
  } catch (error) {
    if (error instanceof CaveatError) return error.code;
    throw error;
  }
}
