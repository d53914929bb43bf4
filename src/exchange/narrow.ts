/**
 * A request can only ask for less: it chooses within what the rule gives, and what it appends it appends as a holder
 * would. More is refused with the caller's own ceiling, the one thing a matched caller is told.
 */
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

/** A request for more than the rule gives. */
export interface Excess {
  readonly excess: string;
  readonly about?: 'scope';
}

/** Chooses within `terms`. Whether an appended caveat can hold at all is for the mint to say. */
export function narrow(request: ExchangeRequest, terms: GrantTerms): Narrowed | Excess {
  if (request.ttl !== undefined && request.ttl > terms.ttl) return { excess: `ttl: at most ${terms.ttl} seconds` };
  const scopes = chooseScopes(request, terms);
  if (scopes && 'excess' in scopes) return scopes;
  const appended = [...(request.caveats ?? [])];
  if (request.budgetCredits !== undefined) {
    if (terms.budgetCredits !== undefined && request.budgetCredits > terms.budgetCredits) {
      return { excess: `budget_credits: at most ${terms.budgetCredits}` };
    }
    if (request.budgetCredits !== terms.budgetCredits) appended.unshift(`budget_credits <= ${request.budgetCredits}`);
  }
  return { ttl: request.ttl ?? terms.ttl, ...(scopes && { scopes }), appended };
}

function chooseScopes(request: ExchangeRequest, terms: GrantTerms): readonly string[] | Excess | undefined {
  const asked = request.scopes;
  if (!asked || asked.length === 0) return terms.scopes;
  const given = terms.scopes ?? [];
  if (asked.some((scope) => !given.includes(scope))) {
    const excess = given.length === 0 ? 'scopes: none may be asked for' : `scopes: at most ${given.join(' ')}`;
    return { excess, about: 'scope' };
  }
  return given.filter((scope) => asked.includes(scope));
}
