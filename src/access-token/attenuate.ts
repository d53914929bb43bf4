/** What a child gets of what was delegated to it: never more, and never for longer (P30, P31, P35). */
import { type Actor, extendAct } from './actor.ts';
import type { Provenance } from './claims.ts';
import { type DelegationClaims, parentsAfter } from './delegation.ts';
import { AccessTokenError } from './errors.ts';
import { type Claimant, satisfies } from './may-act.ts';

/** The child: who it is by its own proof, and what its own rule gives it. */
export interface Child extends Claimant {
  /** Of its own rule. */
  readonly scopes: readonly string[];
  /** What it asked for; absent: all that it may have. */
  readonly asked?: readonly string[];
  /** NumericDate, seconds: when its own grant would end. */
  readonly exp: number;
}

/** The claims that follow, of an access token as of a delegation token that passes authority on. */
export interface Delegated {
  readonly sub: string;
  readonly act: Actor;
  readonly scopes: readonly string[];
  readonly exp: number;
  readonly parents: readonly Provenance[];
}

/**
 * Hands what `parent` delegates to `child`. The tenant and every revocation are the caller's to check.
 *
 * @param parent verified
 * @throws AccessTokenError `may_act` where it is another's; `scope` where more is asked for than was delegated and the
 *   child's rule gives, or nothing is left; `cycle`, `too_deep`
 */
export function attenuateDelegation(parent: DelegationClaims, child: Child): Delegated {
  if (!satisfies(parent.may_act, child)) throw new AccessTokenError('may_act', 'it was delegated to another actor');
  const act = extendAct(child.sub, parent.act, parent.sub);
  const both = parent.scopes.filter((scope) => child.scopes.includes(scope));
  const { asked = both } = child;
  const scopes = both.filter((scope) => asked.includes(scope));
  if (scopes.length === 0 || asked.some((scope) => !both.includes(scope))) {
    throw new AccessTokenError('scope', 'not what was delegated and the own rule gives');
  }
  return {
    sub: parent.sub,
    act,
    scopes,
    exp: Math.min(parent.exp, child.exp),
    parents: parentsAfter(parent),
  };
}
