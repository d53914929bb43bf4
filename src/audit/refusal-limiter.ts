import type { Clock, TimerHandle } from '../clock.ts';

const WINDOW_MS = 1000;

/** What was counted in one second and not written. */
export interface Suppressed {
  readonly of: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

export interface RefusalLimiterOptions {
  readonly clock: Clock;
  /** Records a second and key. */
  readonly perSecond: number;
  /** Keys told apart in one second; the rest share one allowance. */
  readonly maxKeys: number;
  /** Summaries a second: of more keys than this, the rest share one. */
  readonly maxSummaries: number;
  readonly onSuppressed: (summary: Suppressed) => void;
}

const OTHERS = '(others)';
const MAX_KEY = 512;

/** Lets so many refusals of one key through in each second, and counts the rest. */
export class RefusalLimiter {
  readonly #options: RefusalLimiterOptions;
  #counts = new Map<string, number>();
  #from = 0;
  #ends = Number.NEGATIVE_INFINITY;
  #timer: TimerHandle | undefined;

  constructor(options: RefusalLimiterOptions) {
    this.#options = options;
  }

  /** @returns whether a refusal of this key is to be written */
  admit(key: string): boolean {
    const { clock, perSecond, maxKeys } = this.#options;
    const now = clock.monotonic();
    if (now >= this.#ends) {
      this.flush();
      this.#from = clock.now();
      this.#ends = now + WINDOW_MS;
    }
    const capped = key.slice(0, MAX_KEY);
    const id = this.#counts.has(capped) || this.#counts.size < maxKeys ? capped : OTHERS;
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    if (count <= perSecond) return true;
    this.#timer ??= clock.setTimer(() => this.flush(), this.#ends - now);
    return false;
  }

  /** Reports what was counted, and starts afresh. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ends = Number.NEGATIVE_INFINITY;
    const { perSecond, maxSummaries, onSuppressed, clock } = this.#options;
    const counts = this.#counts;
    this.#counts = new Map();
    const span = { from: this.#from, to: clock.now() };
    let told = 0;
    let rest = 0;
    for (const [of, count] of counts) {
      if (count <= perSecond) continue;
      if (of === OTHERS || told >= maxSummaries) {
        rest += count - perSecond;
      } else {
        told++;
        onSuppressed({ of, count: count - perSecond, ...span });
      }
    }
    if (rest > 0) onSuppressed({ of: OTHERS, count: rest, ...span });
  }
}
