/** How long a deletion may wait for what fails. */
import type { Clock } from '../../clock.ts';

/** Milliseconds. */
const LIMIT = 300_000;
/** Milliseconds that anybody tries, however long ago the object was deleted: it was another who failed, or a clock. */
const AT_LEAST = 30_000;

export class Patience {
  readonly #clock: Clock;
  /** By uid: monotonic milliseconds. */
  readonly #first = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param deletedAt the object's deletionTimestamp, by the API server's clock */
  isOver(uid: string, deletedAt: string | undefined): boolean {
    const now = this.#clock.monotonic();
    const first = this.#first.get(uid) ?? now;
    this.#first.set(uid, first);
    const age = this.#clock.now() - Date.parse(deletedAt ?? '');
    return now - first >= LIMIT || (age >= LIMIT && now - first >= AT_LEAST);
  }

  forget(uid: string): void {
    this.#first.delete(uid);
  }

  retain(uids: ReadonlySet<string>): void {
    for (const uid of this.#first.keys()) if (!uids.has(uid)) this.#first.delete(uid);
  }
}
