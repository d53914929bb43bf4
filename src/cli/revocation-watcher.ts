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
  const known = new Set<RevocationEntry>();
  let isFirst = true;
  return (index) => {
    const entries = index.entries();
    const come = entries.filter((entry) => !known.has(entry));
    const gone = new Map<string, RevocationEntry>();
    if (known.size + come.length > entries.length) {
      const now = new Set(entries);
      for (const entry of known) if (!now.has(entry)) gone.set(JSON.stringify(entry), entry);
      for (const entry of gone.values()) known.delete(entry);
    }
    for (const entry of come) {
      known.add(entry);
      // Read anew, and the same.
      if (gone.size > 0 && gone.delete(JSON.stringify(entry))) continue;
      record(revocationEvent(isFirst ? 'loaded' : 'made', entry));
    }
    const seconds = epochSeconds(clock);
    for (const entry of gone.values()) {
      if (entry.expiresAt !== null && entry.expiresAt < seconds) record(revocationEvent('expired', entry));
      else if (!index.covers(entry, seconds + LIFE)) record(revocationEvent('undone', entry));
    }
    isFirst = false;
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
