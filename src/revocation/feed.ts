import { createHash } from 'node:crypto';
import { type FeedEntry, REVOCATION_ORDER, type RevocationEntry, type RevocationFeed } from './types.ts';

/** null last. */
function compare<T extends string | number>(a: T | null, b: T | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

function inOrder(a: FeedEntry, b: FeedEntry): number {
  return (
    REVOCATION_ORDER.indexOf(a.by) - REVOCATION_ORDER.indexOf(b.by) ||
    compare(a.value, b.value) ||
    compare(a.tenant, b.tenant) ||
    compare(a.issuedBefore, b.issuedBefore) ||
    compare(a.expiresAt, b.expiresAt)
  );
}

/** What verifiers get: sorted, so that equal content is equal bytes on every replica. */
export function feedOf(entries: readonly RevocationEntry[]): RevocationFeed {
  const sorted = entries
    .map(
      (e): FeedEntry => ({
        by: e.by,
        value: e.value,
        tenant: e.tenant,
        issuedBefore: e.issuedBefore,
        expiresAt: e.expiresAt,
      }),
    )
    .sort(inOrder);
  return { entries: sorted, hash: createHash('sha256').update(JSON.stringify(sorted)).digest('base64url') };
}
