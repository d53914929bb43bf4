import { KeyRingError, type KeyStore, parseRing, type StoredKeyRing, serializeRing } from '../../src/keyring/index.ts';

/** Bytes that differ with every call and are the same in every run. */
export function countingRandom(seed = 0): (n: number) => Uint8Array {
  let calls = seed;
  return (n) => {
    const bytes = new Uint8Array(n).fill(7);
    new DataView(bytes.buffer).setUint32(0, ++calls);
    return bytes;
  };
}

/** A store in memory that can be made to fail, and to forget. Holds text, as a file would. */
export class MemoryStore implements KeyStore {
  text: string | undefined;
  mark = false;
  failing = false;
  saves = 0;

  async load(): Promise<StoredKeyRing | undefined> {
    this.#check();
    if (this.text !== undefined) return parseRing(this.text);
    if (this.mark) throw new KeyRingError('keys_lost', 'gone');
    return undefined;
  }

  async create(ring: StoredKeyRing): Promise<boolean> {
    this.#check();
    if (this.text !== undefined) return false;
    this.#write(ring);
    return true;
  }

  async save(ring: StoredKeyRing, expected: number): Promise<boolean> {
    this.#check();
    if (this.text === undefined || parseRing(this.text).revision !== expected) return false;
    this.#write(ring);
    return true;
  }

  async restore(ring: StoredKeyRing): Promise<void> {
    this.#check();
    this.#write(ring);
  }

  #write(ring: StoredKeyRing): void {
    this.text = serializeRing(ring);
    this.mark = true;
    this.saves++;
  }

  #check(): void {
    if (this.failing) throw new KeyRingError('keys_unavailable', 'no disk today');
  }
}
