import type { Secret } from './secret.ts';

/** `next` is published and does not sign yet; `active` signs; `retired` only verifies. */
export type KeyState = 'next' | 'active' | 'retired';

/** Algorithms of our own JWT keys (RFC 7518 §3.1, RFC 8037). */
export type JwtAlgorithm = 'ES256' | 'RS256' | 'EdDSA';

/** One kid: a macaroon master, and a JWT key for each algorithm (none in what older versions stored). All times are NumericDate seconds. */
export interface StoredKey {
  readonly kid: string;
  readonly state: KeyState;
  /** When it was published. */
  readonly createdAt: number;
  /** When it began to sign; null while it is `next`. */
  readonly activatedAt: number | null;
  /** When it ceased to sign; null before. */
  readonly retiredAt: number | null;
  /** 32 bytes. */
  readonly master: Secret<Uint8Array>;
  /** Private JWKs as JSON text, by algorithm. */
  readonly jwt: ReadonlyMap<JwtAlgorithm, Secret<string>>;
}

/** All keys of one installation, as they are stored. Exactly one is active, at most one is next. */
export interface StoredKeyRing {
  /** Random, made with the first key: a ring of another id is another installation's. */
  readonly id: string;
  /** Grows by one with each change. */
  readonly revision: number;
  readonly keys: readonly StoredKey[];
}

/**
 * Where keys are kept: a file standalone, a Secret in a cluster. Implementations keep a mark beside the keys that
 * says that there were some once.
 */
export interface KeyStore {
  /**
   * @returns undefined only where no keys were ever created
   * @throws KeyRingError keys_lost, keys_damaged, keys_exposed, keys_unavailable
   */
  load(): Promise<StoredKeyRing | undefined>;
  /**
   * Stores the very first ring; of several creators exactly one wins.
   *
   * @returns whether this one did
   * @throws KeyRingError keys_lost where the mark says that there were keys; keys_unavailable
   */
  create(ring: StoredKeyRing): Promise<boolean>;
  /**
   * Replaces the ring of revision `expected`.
   *
   * @returns false where another revision is stored
   */
  save(ring: StoredKeyRing, expected: number): Promise<boolean>;
  /** Writes a ring back over one that was lost, damaged or replaced by another. */
  restore(ring: StoredKeyRing): Promise<void>;
}

/** What became of a key. For the audit record and the log. `adopted`: another process changed the keys; this one signs now. */
export interface KeyChange {
  readonly action: 'created' | 'published' | 'promoted' | 'retired' | 'removed' | 'restored' | 'adopted';
  readonly kid: string;
}
