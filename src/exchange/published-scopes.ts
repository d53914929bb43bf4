/** The scopes that we say we have: those of the resources that take JWTs. */
import type { Snapshot } from '../policy/types.ts';

/** Of more the first are published (RFC 8414 §2: some may be left out). */
const MAX_SCOPES = 1_000;

/** Anybody may ask, and a snapshot has the same answer each time. */
const known = new WeakMap<Snapshot, readonly string[]>();

/** Sorted. */
export function publishedScopes(snapshot: Snapshot): readonly string[] {
  let scopes = known.get(snapshot);
  if (!scopes) {
    const all = [...snapshot.resources.values()].flatMap((one) => (one.tokenType === 'JWT' ? one.scopes : []));
    scopes = all.sort().slice(0, MAX_SCOPES);
    known.set(snapshot, scopes);
  }
  return scopes;
}
