/** How long to wait before trying again. */
import { fraction } from './waits.ts';

/** Milliseconds waited at least: even the luckiest draw is no busy loop. */
const FLOOR = 100;

/** Full jitter: anything up to a bound that doubles. */
export class Backoff {
  readonly #min: number;
  readonly #max: number;
  readonly #random: (bytes: number) => Uint8Array;
  #bound: number;

  constructor(minMs: number, maxMs: number, random: (bytes: number) => Uint8Array) {
    this.#min = minMs;
    this.#max = maxMs;
    this.#random = random;
    this.#bound = minMs;
  }

  next(): number {
    const wait = Math.max(Math.min(FLOOR, this.#min), fraction(this.#random) * this.#bound);
    this.#bound = Math.min(this.#max, this.#bound * 2);
    return wait;
  }

  reset(): void {
    this.#bound = this.#min;
  }
}
