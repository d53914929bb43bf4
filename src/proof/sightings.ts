/** Which keys were shown lately, in bounded memory. */
export class Sightings {
  readonly #size: number;
  #recent = new Set<string>();
  #before = new Set<string>();

  /** @param size how many at least are not forgotten; twice as many at most are kept */
  constructor(size: number) {
    this.#size = size;
  }

  /** Whether `key` was shown before; from now on it was. */
  again(key: string): boolean {
    if (this.#recent.has(key)) return true;
    const known = this.#before.has(key);
    this.#recent.add(key);
    if (this.#recent.size >= this.#size) {
      this.#before = this.#recent;
      this.#recent = new Set();
    }
    return known;
  }
}
