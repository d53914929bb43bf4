/** How late the event loop runs: a timer that should fire each second, and how much later it does. */
import type { Clock, TimerHandle } from '../clock.ts';

const PERIOD_MS = 1_000;

export class EventLoopLag {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
  #due = 0;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#due = this.#clock.monotonic() + PERIOD_MS;
    this.#timer = this.#clock.setTimer(() => {
      this.#last = Math.max(0, this.#clock.monotonic() - this.#due);
      this.start();
    }, PERIOD_MS);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Milliseconds: the last lag measured, or how overdue the next measurement is. */
  get ms(): number {
    return Math.max(this.#last, this.#clock.monotonic() - this.#due);
  }
}
