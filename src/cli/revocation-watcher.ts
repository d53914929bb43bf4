/** Leaves an audit record when a revocation comes into force, or is taken back before its time. */
import type { AuditEvent } from '../audit/index.ts';
import { type Clock, epochSeconds } from '../clock.ts';
import type { RevocationEntry, RevocationIndex } from '../revocation/index.ts';

/** A function to call with each new index. What is in force at the first call is `loaded`: a restart makes nothing. */
export function revocationWatcher(record: (event: AuditEvent) => void, clock: Clock): (index: RevocationIndex) => void {
  let before: Map<string, RevocationEntry> | undefined;
  return (index) => {
    const now = new Map([...index.entries()].map((entry) => [JSON.stringify(entry), entry]));
    for (const [key, entry] of now) if (!before?.has(key)) record(event(before ? 'made' : 'loaded', entry));
    for (const [key, entry] of before ?? []) {
      const over = entry.expiresAt !== null && entry.expiresAt < epochSeconds(clock);
      if (!now.has(key) && !over) record(event('undone', entry));
    }
    before = now;
  };
}

function event(action: 'made' | 'loaded' | 'undone', entry: RevocationEntry): AuditEvent {
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
  };
}
