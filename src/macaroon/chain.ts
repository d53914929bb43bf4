import { hash, timingSafeEqual } from 'node:crypto';
import { hmacSha256 } from './hmac.ts';

const KEY_GENERATOR = Buffer.from('macaroons-key-generator', 'latin1');

/** The first HMAC depends on the root key alone, and the key ring hands out the same array each time. */
const derived = new WeakMap<Uint8Array, Buffer>();

function derivedKey(rootKey: Uint8Array): Buffer {
  let key = derived.get(rootKey);
  if (!key) {
    key = hmacSha256(KEY_GENERATOR, rootKey);
    derived.set(rootKey, key);
  }
  return key;
}

/** The chain's first value: of the derived root key over the identifier (libmacaroons `macaroon_create`). */
export function startChain(rootKey: Uint8Array, identifier: Uint8Array): Buffer {
  return hmacSha256(derivedKey(rootKey), identifier);
}

/** The chain's value after one more first-party caveat. */
export function extendChain(value: Uint8Array, caveat: Uint8Array): Buffer {
  return hmacSha256(value, caveat);
}

/**
 * Every value of the chain: after the identifier, then after each caveat; the last is the signature.
 * Each is a live credential. First-party caveats only.
 */
export function chainValues(rootKey: Uint8Array, identifier: Uint8Array, caveats: readonly Uint8Array[]): Buffer[] {
  const values = [startChain(rootKey, identifier)];
  for (const caveat of caveats) values.push(extendChain(values.at(-1)!, caveat));
  return values;
}

/** Compares two signatures in constant time. */
export function sameSignature(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What a TokenRevocation's `derivedFrom` names: base64url of the SHA-256 of a chain value. Not a credential. */
export function chainDigest(value: Uint8Array): string {
  return hash('sha256', value, 'base64url');
}
