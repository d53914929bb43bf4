/** A table of many small objects by a string that each of them has: a third of the memory of a Map. Several may have one. */
import { randomInt } from 'node:crypto';

const NONE = -1;
const SMALLEST = 16;

export class AgentTable<T> {
  readonly #keyOf: (one: T) => string;
  /** Others must not be able to choose strings that all fall together. */
  readonly #seed = randomInt(0x7fffffff);
  #items: (T | undefined)[] = [];
  /** By hash: the first item; by item: the next one of the same hash. */
  #first = new Int32Array(SMALLEST).fill(NONE);
  #next = new Int32Array(SMALLEST);
  #free = NONE;
  #size = 0;

  constructor(keyOf: (one: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  find(key: string): readonly T[] {
    const found: T[] = [];
    for (let i = this.#first[this.#bucket(key)]!; i !== NONE; i = this.#next[i]!) {
      const one = this.#items[i]!;
      if (this.#keyOf(one) === key) found.push(one);
    }
    return found;
  }

  add(one: T): void {
    if (this.#free === NONE && this.#items.length === this.#first.length) this.#grow();
    const i = this.#free === NONE ? this.#items.length : this.#free;
    if (i === this.#free) this.#free = this.#next[i]!;
    this.#items[i] = one;
    const bucket = this.#bucket(this.#keyOf(one));
    this.#next[i] = this.#first[bucket]!;
    this.#first[bucket] = i;
    this.#size += 1;
  }

  /** Exactly this one. */
  remove(one: T): void {
    const bucket = this.#bucket(this.#keyOf(one));
    let before = NONE;
    for (let i = this.#first[bucket]!; i !== NONE; i = this.#next[i]!) {
      if (this.#items[i] !== one) {
        before = i;
        continue;
      }
      if (before === NONE) this.#first[bucket] = this.#next[i]!;
      else this.#next[before] = this.#next[i]!;
      this.#items[i] = undefined;
      this.#next[i] = this.#free;
      this.#free = i;
      this.#size -= 1;
      return;
    }
  }

  #grow(): void {
    const capacity = this.#first.length * 2;
    this.#first = new Int32Array(capacity).fill(NONE);
    this.#next = new Int32Array(capacity);
    for (const [i, one] of this.#items.entries()) {
      if (one === undefined) continue;
      const bucket = this.#bucket(this.#keyOf(one));
      this.#next[i] = this.#first[bucket]!;
      this.#first[bucket] = i;
    }
  }

  /** FNV-1a, seeded. The number of buckets is a power of two. */
  #bucket(key: string): number {
    let hash = 0x811c9dc5 ^ this.#seed;
    for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    return hash & (this.#first.length - 1);
  }
}
