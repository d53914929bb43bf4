import { createHash } from 'node:crypto';
import type { Caveat } from '../caveat/index.ts';
import type { Identifier } from './identifier.ts';

/** What a call draws on. A call debits every account of its token, or none. */
export interface Account {
  readonly id: string;
  /** Credits; absent where the issuer set none. */
  readonly limit?: number;
}

/**
 * The grant, then one account per budget that a holder appended: keyed on the chain's value after it, so that what is
 * appended later neither renames nor renews it (P38).
 * @param caveats all, parsed, in order.
 * @param values the chain: `values[i + 1]` after caveat i.
 */
export function accountsOf(
  identifier: Identifier,
  caveats: readonly Caveat[],
  values: readonly Uint8Array[],
): readonly Account[] {
  let limit: number | undefined;
  const later: Account[] = [];
  for (const [position, caveat] of caveats.entries()) {
    if (caveat.key !== 'budget_credits') continue;
    if (position < identifier.n) limit = Math.min(limit ?? Infinity, caveat.number!);
    else later.push({ id: accountId(values[position + 1]!), limit: caveat.number! });
  }
  return [{ id: identifier.gid, ...(limit !== undefined && { limit }) }, ...later];
}

function accountId(chainValue: Uint8Array): string {
  return createHash('sha256').update('acct/1').update(chainValue).digest().subarray(0, 16).toString('base64url');
}
