/** Token buckets by key, in bounded memory. */
import type { Clock } from '../clock.ts';

export interface RateLimit {
  /** Tokens a second. */
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const MAX_KEYS = 100_000;

/**
 * One token bucket a key. The least recently used buckets go first when there are too many:
 * a bucket that was not asked for lately is full again, or nearly.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, clock: Clock, maxKeys = MAX_KEYS) {
    this.#limit = limit;
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  /** Takes one token of `key`. Returns 0, or the whole seconds until there is one. */
  take(key: string): number {
    const bucket = this.#bucket(key);
    if (bucket.tokens < 1) return this.#wait(bucket);
    bucket.tokens -= 1;
    return 0;
  }

  /** Whether `key` is out of tokens, without taking one: 0, or the whole seconds until there is one. */
  blocked(key: string): number {
    if (!this.#buckets.has(key)) return 0;
    const bucket = this.#bucket(key);
    return bucket.tokens < 1 ? this.#wait(bucket) : 0;
  }

  #wait(bucket: Bucket): number {
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#limit.perSecond));
  }

  #bucket(key: string): Bucket {
    const now = this.#clock.monotonic();
    let bucket = this.#buckets.get(key);
    if (bucket) {
      // Far from full nothing is about to be dropped, and the order need not be kept.
      if (this.#buckets.size * 2 > this.#maxKeys) {
        this.#buckets.delete(key);
        this.#buckets.set(key, bucket);
      }
      bucket.tokens = Math.min(this.#limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#limit.perSecond);
      bucket.at = now;
    } else {
      bucket = { tokens: this.#limit.burst, at: now };
      if (this.#buckets.size >= this.#maxKeys) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }
}
