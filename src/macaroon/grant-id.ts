import { hash } from 'node:crypto';

export interface GrantKey {
  readonly policyUid: string;
  readonly rule: string;
  readonly tenant: string;
  /** Who shares the budget; which holder the rule's `budgetPer` means is the caller's to say. */
  readonly holder: string;
  /** From `budgetWindow`. */
  readonly window: number;
}

/**
 * The grant that a token belongs to: the same for every exchange of one holder under one rule within one window, so
 * that a second exchange buys no second budget.
 * @returns base64url of the first 16 bytes of SHA-256 over `["gid/1", policy uid, rule, tenant, holder, window]`.
 */
export function grantId({ policyUid, rule, tenant, holder, window }: GrantKey): string {
  const key = JSON.stringify(['gid/1', policyUid, rule, tenant, holder, window]);
  return Buffer.from(hash('sha256', key, 'binary').slice(0, 16), 'binary').toString('base64url');
}

/**
 * Which budget window a token falls in.
 * @param iat seconds since the epoch.
 * @param length seconds, or one window for ever.
 */
export function budgetWindow(iat: number, length: number | 'Lifetime'): number {
  return length === 'Lifetime' ? 0 : Math.floor(iat / length);
}
