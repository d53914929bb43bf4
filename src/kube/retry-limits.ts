/** How often something may be tried again: per key, and altogether. */
import type { Clock } from '../clock.ts';
import { fraction } from './waits.ts';

export interface BackoffOptions {
  /** Milliseconds before the first retry. Default 200. */
  readonly baseMs?: number;
  /** Milliseconds that no delay exceeds. Default 300,000. */
  readonly maxMs?: number;
}

/** Exponential delays per key, doubled with each failure; half of each is jitter. */
export class KeyBackoff {
  readonly #base: number;
  readonly #max: number;
  readonly #random: (n: number) => Uint8Array;
  readonly #failures = new Map<string, number>();

  constructor(random: (n: number) => Uint8Array, options: BackoffOptions = {}) {
    this.#base = options.baseMs ?? 200;
    this.#max = options.maxMs ?? 300_000;
    this.#random = random;
  }

  /** Counts a failure of `key`. @returns milliseconds to wait */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delay = Math.min(this.#max, this.#base * 2 ** Math.min(failures, 50));
    return delay / 2 + (fraction(this.#random) * delay) / 2;
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}

/** A token bucket that hands out reservations: how long to wait for the next token. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.monotonic();
  }

  /** Takes a token, of the future if need be. @returns milliseconds until it is due */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
