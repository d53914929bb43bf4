/** What was revoked through this process, from that moment on: the objects of it come back with the next change only. */
import type { RevocationEntry, RevocationIndex } from '../revocation/index.ts';
import type { View } from './view.ts';

/** Entries at most; then the oldest, which is long among the objects, goes. */
const MAX_ENTRIES = 10_000;

export interface RevokedHere {
  /** The view, in which what is added is revoked. */
  readonly view: View;
  add(entry: RevocationEntry): void;
}

export function revokedHere(view: View): RevokedHere {
  let own: RevocationEntry[] = [];
  let base: RevocationIndex | undefined;
  let both: RevocationIndex | undefined;

  function revocations(): RevocationIndex {
    const now = view.revocations();
    if (own.length === 0) return now;
    if (now === base && both) return both;
    base = now;
    // Once an object says it, whoever takes the object back takes it back.
    own = own.filter((entry) => !now.covers(entry, entry.expiresAt ?? 0));
    both = now.with(own);
    return both;
  }

  return {
    view: Object.freeze({ ...view, revocations }),
    add(entry) {
      own = [...own.slice(-MAX_ENTRIES + 1), entry];
      both = undefined;
    },
  };
}
