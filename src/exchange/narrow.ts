/**
 * A request can only ask for less: it chooses within what the rule gives, and what it appends it appends as a holder
 * would. More is refused with the caller's own ceiling, the one thing a matched caller is told.
 */
import { CaveatError, parseCaveat } from '../caveat/index.ts';
import type { GrantTerms } from '../policy/types.ts';
import type { ExchangeRequest } from './types.ts';

/** What is granted once the request has chosen. */
export interface Narrowed {
  /** Seconds. */
  readonly ttl: number;
  /** Undefined where the resource has none. */
  readonly scopes?: readonly string[];
  /** Caveats that go behind the issuer's. */
  readonly appended: readonly string[];
}

/** A request for more than the rule gives, or for something that makes no sense. */
export interface NarrowingRefusal {
  readonly code: 'exceeds_policy' | 'invalid_request';
  readonly message: string;
}

/** The keys that the issuer states as facts: a later caveat on one must agree. */
const FACT_LIKE = new Set(['tenant', 'label']);

/**
 * Chooses within `terms`.
 *
 * @param facts - the attributes that the issuer will place, by key
 */
export function narrow(
  request: ExchangeRequest,
  terms: GrantTerms,
  facts: ReadonlyMap<string, string>,
): Narrowed | NarrowingRefusal {
  if (request.ttl !== undefined && request.ttl > terms.ttl) {
    return { code: 'exceeds_policy', message: `ttl: at most ${terms.ttl} seconds` };
  }
  const scopes = chooseScopes(request, terms);
  if (scopes && 'code' in scopes) return scopes;
  const appended: string[] = [];
  if (request.budgetCredits !== undefined) {
    if (terms.budgetCredits !== undefined && request.budgetCredits > terms.budgetCredits) {
      return { code: 'exceeds_policy', message: `budget_credits: at most ${terms.budgetCredits}` };
    }
    if (request.budgetCredits !== terms.budgetCredits) appended.push(`budget_credits <= ${request.budgetCredits}`);
  }
  for (const [index, text] of (request.caveats ?? []).entries()) {
    const problem = neverHolds(text, facts);
    if (problem) return { code: 'invalid_request', message: `caveats[${index}]: ${problem}` };
    appended.push(text);
  }
  return { ttl: request.ttl ?? terms.ttl, ...(scopes && { scopes }), appended };
}

function chooseScopes(request: ExchangeRequest, terms: GrantTerms): readonly string[] | NarrowingRefusal | undefined {
  const asked = request.scopes;
  if (!asked || asked.length === 0) return terms.scopes;
  const given = terms.scopes ?? [];
  if (asked.some((scope) => !given.includes(scope))) {
    return {
      code: 'exceeds_policy',
      message: given.length === 0 ? 'scopes: none may be asked for' : `scopes: at most ${given.join(' ')}`,
    };
  }
  return given.filter((scope) => asked.includes(scope));
}

/** Why a caveat of the request could never hold in this token, if so: minting a dead token helps nobody. */
function neverHolds(text: string, facts: ReadonlyMap<string, string>): string | undefined {
  let caveat: ReturnType<typeof parseCaveat>;
  try {
    caveat = parseCaveat(text);
  } catch (error) {
    if (error instanceof CaveatError) return error.message;
    throw error;
  }
  if (caveat.sort !== 'attribute' && !FACT_LIKE.has(caveat.key)) return undefined;
  const fact = facts.get(caveat.key);
  if (fact === undefined) return `this token states no ${caveat.key}`;
  const allowed = caveat.op === 'in' ? caveat.value.split(',') : [caveat.value];
  return allowed.includes(fact) ? undefined : `this token states ${caveat.key} = ${fact}`;
}
