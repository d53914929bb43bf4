/** Why a replica may not know yet what is true, and until when: each with its cause. */

/** Milliseconds after the API server's answer in which a replica with nothing wrong serves a change. */
export const SETTLE = 2_000;

/**
 * Milliseconds in which a replica must have recovered once nothing is done to it any more: a reflector waits up to 10 s
 * between two tries, of which some may fail while an API server starts, and lists; a process starts.
 */
export const RECOVERED = 45_000;

/** Why nobody got a turn. */
export const STALL = 'this machine stood still';

export interface Impairment {
  readonly replica: number;
  readonly why: string;
  /** Whether it gives no answers at all. */
  readonly silent: boolean;
  readonly from: number;
  /** Infinity while it lasts: until the replica has shown that it knows what was written after it. */
  until: number;
  /** When what was done to it ended; from then on it has to recover by itself. */
  lifted: number;
}

/** Times are of one monotonic clock, in milliseconds. */
export class Impairments {
  readonly #all: Impairment[] = [];

  begin(replica: number, why: string, from: number, silent = false): Impairment {
    const one = { replica, why, silent, from, until: Number.POSITIVE_INFINITY, lifted: Number.POSITIVE_INFINITY };
    this.#all.push(one);
    return one;
  }

  /** Something that was, and is over. */
  note(replica: number, why: string, from: number, until: number): void {
    this.#all.push({ replica, why, silent: false, from, until, lifted: until });
  }

  /** When the replica must know of a write that was answered at this time; Infinity while that cannot be said. */
  settledBy(replica: number, answered: number): number {
    let by = answered + SETTLE;
    let moved = true;
    while (moved) {
      moved = false;
      for (const one of this.#all) {
        if (one.replica !== replica || one.from > by || one.until + SETTLE <= by || one.until < answered) continue;
        by = one.until + SETTLE;
        moved = true;
      }
    }
    return by;
  }

  /** When nothing was wrong with the replica for so many milliseconds on end, from this time on; Infinity: it still is. */
  quietBy(replica: number, from: number, ms: number): number {
    let by = from + ms;
    let moved = true;
    while (moved && by < Number.POSITIVE_INFINITY) {
      moved = false;
      for (const one of this.#all) {
        if (one.replica !== replica || one.from > by || one.until + ms <= by) continue;
        by = one.until + ms;
        moved = true;
      }
    }
    return by;
  }

  /** What was wrong with the replica at any moment of a time. */
  during(replica: number, from: number, to: number): readonly Impairment[] {
    return this.#all.filter((one) => one.replica === replica && one.from <= to && one.until >= from);
  }

  /** Whether anything was wrong with any replica at any moment of a time. */
  any(from: number, to: number): boolean {
    return this.#all.some((one) => one.from <= to && one.until >= from);
  }

  /** When the last thing that was done to a replica ended; Infinity while one lasts. */
  lifted(replica: number): number {
    return Math.max(0, ...this.#all.filter((one) => one.replica === replica).map((one) => one.lifted));
  }
}
