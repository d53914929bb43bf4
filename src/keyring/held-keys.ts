/** What the keys of one ring give to those who sign and verify. */
import type { KeyObject } from 'node:crypto';
import { type JwtKey, jwkKid, type PublicJwk, publicJwk, readJwtKey } from './jwt-keys.ts';
import { RootKeyCache } from './root-key-cache.ts';
import { keyIn } from './rotation.ts';
import type { JwtAlgorithm, KeyState, StoredKey, StoredKeyRing } from './types.ts';

const STATES: readonly KeyState[] = ['active', 'next', 'retired'];
const CACHED_ROOT_KEYS = 1000;

/** Made anew whenever the ring changes. */
export class HeldKeys {
  readonly ring: StoredKeyRing;
  /** The active key first, then the next one. */
  readonly sorted: readonly StoredKey[];
  readonly #byKid: ReadonlyMap<string, StoredKey>;
  readonly #jwt: ReadonlyMap<string, ReadonlyMap<JwtAlgorithm, JwtKey>>;
  /** The same, by the id that each has in a JWK Set. */
  readonly #byJwkKid: ReadonlyMap<string, JwtKey>;
  readonly #rootKeys = new RootKeyCache(CACHED_ROOT_KEYS);

  constructor(ring: StoredKeyRing) {
    this.ring = ring;
    this.sorted = STATES.flatMap((state) => ring.keys.filter((key) => key.state === state));
    this.#byKid = new Map(ring.keys.map((key) => [key.kid, key]));
    this.#jwt = new Map(ring.keys.map((key) => [key.kid, jwtKeysOf(key)]));
    this.#byJwkKid = new Map(
      [...this.#jwt].flatMap(([kid, keys]) =>
        [...keys.values()].map((key) => [jwkKid(kid, key.algorithm), key] as const),
      ),
    );
  }

  get active(): StoredKey {
    return keyIn(this.ring, 'active')!;
  }

  knows(kid: string): boolean {
    return this.#byKid.has(kid);
  }

  rootKey(kid: string, audience: string): Uint8Array | undefined {
    const key = this.#byKid.get(kid);
    return key && this.#rootKeys.get(key, audience);
  }

  resourceKeys(audience: string): { readonly kid: string; readonly key: string; readonly state: KeyState }[] {
    return this.sorted.flatMap((k) => {
      const key = this.#rootKeys.get(k, audience);
      return key ? [{ kid: k.kid, key: Buffer.from(key).toString('base64url'), state: k.state }] : [];
    });
  }

  signingKey(algorithm: JwtAlgorithm): { readonly kid: string; readonly privateKey: KeyObject } | undefined {
    const { kid } = this.active;
    const key = this.#jwt.get(kid)?.get(algorithm);
    return key && { kid: jwkKid(kid, algorithm), privateKey: key.privateKey };
  }

  verificationKey(kid: string): { readonly alg: JwtAlgorithm; readonly publicKey: KeyObject } | undefined {
    const key = this.#byJwkKid.get(kid);
    return key && { alg: key.algorithm, publicKey: key.publicKey };
  }

  jwks(): { readonly keys: readonly PublicJwk[] } {
    return {
      keys: this.sorted.flatMap(({ kid }) => [...this.#jwt.get(kid)!.values()].map((key) => publicJwk(kid, key))),
    };
  }
}

function jwtKeysOf(key: StoredKey): ReadonlyMap<JwtAlgorithm, JwtKey> {
  const keys = [...key.jwt].flatMap(([algorithm, jwk]) => {
    const read = readJwtKey(algorithm, JSON.parse(jwk.reveal()));
    return read ? [[algorithm, read] as const] : [];
  });
  return new Map(keys);
}
