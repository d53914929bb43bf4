/** A bounded map that forgets what was used longest ago. */
export class Lru<Value> {
  readonly #size: number;
  readonly #entries = new Map<string, Value>();

  /** @param size entries; 0 remembers nothing */
  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    // Far from full nothing is about to be dropped, and the order need not be kept.
    if (value !== undefined && this.#entries.size * 2 > this.#size) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#size) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }
}
