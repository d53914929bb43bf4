import { type Caveat, CaveatError, judgeAttribute, parseCaveat, sortOf, stateFact } from '../caveat/index.ts';
import { MacaroonError } from './errors.ts';
import type { Identifier } from './identifier.ts';

/**
 * What the issuer's caveats state, once they are known to bound the token (MA-3) and to agree with its identifier.
 * @param caveats the first `identifier.n`, parsed; fewer where there are not as many.
 * @throws MacaroonError `unbounded` without expiry, audience or tenant; `identifier` where they disagree with it;
 * `caveat` where an attribute stands twice or without `=`.
 */
export function factsOf(caveats: readonly Caveat[], identifier: Identifier): ReadonlyMap<string, string> {
  if (caveats.length !== identifier.n) throw new MacaroonError('identifier', 'n is not the number of caveats');
  const facts = new Map<string, string>();
  let expires = false;
  let bound = false;
  for (const caveat of caveats) {
    if (sortOf(caveat.key) === 'attribute' && stateFact(caveat, facts)) {
      throw new MacaroonError('caveat', 'the issuer states an attribute once, with `=`');
    }
    if (caveat.key === 'time' && caveat.operator === '<') expires = true;
    if (caveat.key !== 'aud') continue;
    if (caveat.value !== identifier.aud) throw new MacaroonError('identifier', "the audience is not the identifier's");
    bound = true;
  }
  const tenant = facts.get('tenant');
  if (!expires || !bound || tenant === undefined) {
    throw new MacaroonError('unbounded', "a macaroon needs its issuer's expiry, audience and tenant");
  }
  if (tenant !== identifier.ten) throw new MacaroonError('identifier', "the tenant is not the identifier's");
  return facts;
}

/**
 * Refuses to append what no call can satisfy: it would only make a dead token.
 * @throws MacaroonError `never_holds`
 */
export function refuseNeverHolding(appended: Caveat, facts: ReadonlyMap<string, string>, aud: string): void {
  const sort = sortOf(appended.key);
  if (sort === 'attribute' && judgeAttribute(appended, facts)) {
    throw new MacaroonError('never_holds', `${appended.key} is not what the issuer states`);
  }
  if (appended.key === 'aud' && appended.value !== aud) {
    throw new MacaroonError('never_holds', "aud is not the token's audience");
  }
}

/** @throws MacaroonError `caveat` with the CaveatError as its cause. */
export function readCaveat(text: string): Caveat {
  try {
    return parseCaveat(text);
  } catch (error) {
    if (error instanceof CaveatError) throw new MacaroonError('caveat', error.message, { cause: error });
    throw error;
  }
}
