/** A token bucket: what a client asks of the API server at most. First come, first served. */
import type { Clock, TimerHandle } from '../clock.ts';

interface Waiter {
  readonly go: () => void;
}

export class RateLimiter {
  readonly #clock: Clock;
  readonly #qps: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;
  #waiting: Waiter[] = [];
  #timer: TimerHandle | undefined;

  /** @param rate requests a second, and at once after a pause */
  constructor(clock: Clock, rate: { readonly qps: number; readonly burst: number }) {
    this.#clock = clock;
    this.#qps = rate.qps;
    this.#burst = rate.burst;
    this.#tokens = rate.burst;
    this.#filledAt = clock.monotonic();
  }

  /** Resolves when it is this caller's turn; rejects with the signal's reason, and then costs nothing. */
  take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#fill();
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((w) => w !== waiter);
        this.#arm();
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
      this.#arm();
    });
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#qps);
    this.#filledAt = now;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const wait = Math.max(1, Math.ceil(((1 - this.#tokens) / this.#qps) * 1000));
    this.#timer = this.#clock.setTimer(() => this.#serve(), wait);
  }

  #serve(): void {
    this.#fill();
    while (this.#tokens >= 1) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#tokens -= 1;
      next.go();
    }
    this.#arm();
  }
}
