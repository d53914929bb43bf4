import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  type JwtAlgorithm,
  type KeyChange,
  type KeyRing,
  KeyRingError,
  type KeyRingOptions,
  type KeyStore,
  type MakeJwtKeys,
  openKeyRing,
  RingReader,
  Secret,
  type StoredKeyRing,
  serializeRing,
} from '../../src/keyring/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** Bytes that differ with every call and are the same in every run. */
export function countingRandom(seed = 0): (n: number) => Uint8Array {
  let calls = seed;
  return (n) => {
    const bytes = new Uint8Array(n).fill(7);
    new DataView(bytes.buffer).setUint32(0, ++calls);
    return bytes;
  };
}

const asJwk = (pair: { privateKey: { export(o: { format: 'jwk' }): object } }) =>
  new Secret(JSON.stringify(pair.privateKey.export({ format: 'jwk' })));
/** Slow to make, and no test compares two of them. */
const rsa = asJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }));

/** Real keys, at once; the RSA key is the same for every kid. */
export const quickJwtKeys: MakeJwtKeys = async () =>
  new Map<JwtAlgorithm, Secret<string>>([
    ['ES256', asJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
    ['EdDSA', asJwk(generateKeyPairSync('ed25519'))],
    ['RS256', rsa],
  ]);

/** Where the tests' keys come from. */
export const keySource = (seed = 0) => ({ random: countingRandom(seed), makeJwtKeys: quickJwtKeys });

/** A store in memory that can be made to fail, and to forget. Holds text, as a file would. */
export class MemoryStore implements KeyStore {
  text: string | undefined;
  mark = false;
  failing = false;
  saves = 0;
  readonly #reader = new RingReader();

  async load(): Promise<StoredKeyRing | undefined> {
    this.#check();
    if (this.text !== undefined) return this.#reader.read(this.text);
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
    if (this.text === undefined || this.#reader.read(this.text).revision !== expected) return false;
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

export function setup(options: Partial<KeyRingOptions> = {}) {
  const clock = new FakeClock();
  const store = new MemoryStore();
  const changes: KeyChange[] = [];
  const problems: string[] = [];
  const full: KeyRingOptions = {
    store,
    clock,
    ...keySource(),
    maxTtl: DAY,
    onChange: (c) => changes.push(c),
    onProblem: (e) => problems.push(e.code),
    ...options,
  };
  return { clock, store, changes, problems, options: full, open: () => openKeyRing(full) };
}

export const shape = (ring: KeyRing) => ring.states().map((k) => k.state);
export const rejectsWith = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (e: unknown) => e instanceof Error && 'code' in e && e.code === code);
