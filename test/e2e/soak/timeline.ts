/** What one workload may be given, over time: old and new are both true while a write is on its way. */
import type { Impairments } from './impairments.ts';

export interface Given {
  /** Undefined: nothing. */
  readonly edition?: number;
  /** uid of the policy; undefined while the API server has not told it. */
  uid?: string;
}

export const NOTHING: Given = {};

interface Epoch {
  readonly given: Given;
  /** When the write began, and when it was answered: Infinity while it is not. */
  readonly from: number;
  answered: number;
  readonly why: string;
}

export interface Change {
  /** It is so, and has been since this time at the latest. */
  happened(at: number, uid?: string): void;
  /** It never was. */
  never(): void;
}

const LONGEST_STORY = 60;

export class Timeline {
  #epochs: Epoch[] = [{ given: NOTHING, from: 0, answered: 0, why: 'the beginning' }];
  readonly #told: string[] = [];

  /** What it is now, or will be if the write that is on its way succeeds. */
  get last(): Given {
    return this.#epochs.at(-1)?.given ?? NOTHING;
  }

  begin(given: Given, why: string, now: number): Change {
    const epoch: Epoch = { given, from: now, answered: Number.POSITIVE_INFINITY, why };
    this.#epochs.push(epoch);
    this.tell(now, `${why}: asked`);
    return {
      happened: (at, uid) => {
        epoch.answered = at;
        if (uid !== undefined) given.uid = uid;
        this.tell(at, `${why}: answered${uid === undefined ? '' : `, uid ${uid}`}`);
      },
      never: () => {
        this.#epochs = this.#epochs.filter((one) => one !== epoch);
        this.tell(performance.now(), `${why}: did not happen`);
      },
    };
  }

  /** What a question to a replica, asked and answered at these times, may be answered by. */
  allowed(replica: number, asked: number, answered: number, impairments: Impairments): readonly Given[] {
    const allowed: Given[] = [];
    for (const epoch of this.#epochs.toReversed()) {
      if (epoch.from > answered) continue;
      allowed.push(epoch.given);
      if (epoch.answered < asked && impairments.settledBy(replica, epoch.answered) < asked) break;
    }
    return allowed;
  }

  /** Forgets what was over long ago. */
  forget(before: number): void {
    const kept = this.#epochs.findLastIndex((one) => one.answered < before);
    if (kept > 0) this.#epochs = this.#epochs.slice(kept);
  }

  tell(at: number, what: string): void {
    this.#told.push(`${(at / 1000).toFixed(3)} ${what}`);
    if (this.#told.length > LONGEST_STORY) this.#told.shift();
  }

  /** For a person: what became of it. */
  story(): readonly string[] {
    return this.#told;
  }
}
