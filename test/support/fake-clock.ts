import type { Clock } from '../../src/clock.ts';

interface Entry {
  at: number;
  task: () => void;
}

/** A clock that moves only when told to; timers fire, in order, as it passes them. */
export class FakeClock implements Clock {
  #now: number;
  #elapsed = 0;
  #timers = new Set<Entry>();

  constructor(start: number | string = '2026-01-01T00:00:00Z') {
    this.#now = typeof start === 'number' ? start : Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(task: () => void, ms: number) {
    const entry = { at: this.#elapsed + ms, task };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  /** How many timers are waiting: a test can prove that nothing was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets `ms` milliseconds pass, firing what falls due; settles promises after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const due = [...this.#timers].filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now += due.at - this.#elapsed;
      this.#elapsed = due.at;
      due.task();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now += end - this.#elapsed;
    this.#elapsed = end;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sets the wall clock without letting time pass: a clock jump. */
  jump(to: number | string): void {
    this.#now = typeof to === 'number' ? to : Date.parse(to);
  }
}
