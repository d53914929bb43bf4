/** How far this machine's clock is from the API server's, by the `Date` of its answers (RFC 9110 §6.6.1). */
import type { Clock } from '../clock.ts';
import { type Moment, momentOf, SLEPT } from './moment.ts';

/** Milliseconds: a slower answer says too little of the moment at which it was given. */
const QUICK = 1_000;
/** Of several API servers one may be wrong: the middle of so many answers counts. */
const ANSWERS = 7;

/**
 * Remembers the server's time against the monotonic clock, so that a wall clock that is set wrong shows at once, without
 * another answer.
 */
export class ClockSkew {
  readonly #clock: Clock;
  #offsets: number[] = [];
  /** The server's time when `monotonic()` was 0, in epoch milliseconds. */
  #middle: number | undefined;
  #last: Moment | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param date the header of an answer to what was sent at that moment of the monotonic clock, in milliseconds */
  observe(sentAt: number, date: string | undefined): void {
    const now = momentOf(this.#clock);
    const said = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(said) || now.monotonic - sentAt >= QUICK) return;
    // After a leap or a sleep, what was said before says nothing any more.
    const before = this.#last;
    if (before && Math.abs(now.wall - before.wall - (now.monotonic - before.monotonic)) > SLEPT) this.#offsets = [];
    this.#last = now;
    // Whole seconds, cut off; and somewhere between question and answer.
    this.#offsets = [...this.#offsets.slice(1 - ANSWERS), said + 500 - (sentAt + now.monotonic) / 2];
    this.#middle = this.#offsets.toSorted((a, b) => a - b)[this.#offsets.length >> 1];
  }

  /** Seconds by which this clock is ahead of the server's, to about one; undefined while nobody said. */
  ahead(): number | undefined {
    if (this.#middle === undefined) return undefined;
    return (this.#clock.now() - this.#clock.monotonic() - this.#middle) / 1000;
  }
}
