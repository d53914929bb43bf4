/** Leaves an audit record when a revocation comes into force, runs out, or is taken back before its time. */
import type { AuditEvent } from '../audit/index.ts';
import { type Clock, epochSeconds } from '../clock.ts';
import type { RevocationEntry, RevocationIndex } from '../revocation/index.ts';

/** Seconds: what covers an entry so long leaves no token of it alive. */
const LIFE = 25 * 3_600;

/**
 * A function to call with each new index. What is in force at the first call is `loaded`: a restart makes nothing. What
 * goes while another entry covers it is not taken back. Entries that are the same objects cost next to nothing.
 */
export function revocationWatcher(record: (event: AuditEvent) => void, clock: Clock): (index: RevocationIndex) => void {
  let before: ReadonlySet<RevocationEntry> | undefined;
  return (index) => {
    const now = new Set(index.entries());
    const gone = new Map<string, RevocationEntry>();
    for (const entry of before ?? []) if (!now.has(entry)) gone.set(JSON.stringify(entry), entry);
    for (const entry of now) {
      if (before?.has(entry)) continue;
      // Read anew, and the same.
      if (gone.size > 0 && gone.delete(JSON.stringify(entry))) continue;
      record(revocationEvent(before ? 'made' : 'loaded', entry));
    }
    const seconds = epochSeconds(clock);
    for (const entry of gone.values()) {
      if (entry.expiresAt !== null && entry.expiresAt < seconds) record(revocationEvent('expired', entry));
      else if (!index.covers(entry, seconds + LIFE)) record(revocationEvent('undone', entry));
    }
    before = now;
  };
}

/** @param reason for people */
export function revocationEvent(
  action: 'made' | 'loaded' | 'undone' | 'expired' | 'kept',
  entry: RevocationEntry,
  reason?: string,
): AuditEvent {
  const { by, value, tenant, issuedBefore, expiresAt, source } = entry;
  return {
    kind: 'revocation',
    id: '-',
    action,
    by,
    value,
    tenant,
    issued_before: issuedBefore,
    expires_at: expiresAt,
    source,
    ...(reason !== undefined && { reason }),
  };
}
