import { deriveRootKey } from './derivation.ts';
import type { StoredKey } from './types.ts';

/** Longer audiences than any resource has are derived each time: an attacker's token chooses what it names. */
const MAX_CACHED_AUDIENCE = 512;

/** Root keys by kid and audience, the least recently used one dropped first. */
export class RootKeyCache {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: StoredKey, audience: string): Uint8Array | undefined {
    // A kid is base64url, so the separator stands in no kid.
    const id = `${key.kid}|${audience}`;
    const cached = this.#keys.get(id);
    if (cached) {
      this.#keys.delete(id);
      this.#keys.set(id, cached);
      return cached;
    }
    const derived = deriveRootKey(key.master.reveal(), audience);
    if (derived && audience.length <= MAX_CACHED_AUDIENCE) {
      this.#keys.set(id, derived);
      if (this.#keys.size > this.#max) this.#keys.delete(this.#keys.keys().next().value!);
    }
    return derived;
  }

  get size(): number {
    return this.#keys.size;
  }

  clear(): void {
    this.#keys.clear();
  }
}
