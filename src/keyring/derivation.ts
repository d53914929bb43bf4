import { hkdfSync } from 'node:crypto';

/** Bytes of a master and of a root key. */
export const KEY_BYTES = 32;

const EMPTY_SALT = new Uint8Array(0);
const ROOT_KEY_INFO = 'trustmint/macaroon/1|';

/** node:crypto takes no longer `info`. */
const MAX_INFO_BYTES = 1024;

/**
 * HKDF-SHA-256 with an empty salt (RFC 5869 §2.2: as many zero bytes as the hash is long).
 *
 * @param ikm input keying material
 * @param info at most 1024 bytes
 * @param length of the output in bytes
 */
export function hkdfSha256(ikm: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', ikm, EMPTY_SALT, info, length));
}

/**
 * The macaroon root key of one audience: who holds it can neither learn the master nor mint for another audience.
 *
 * @returns 32 bytes; undefined for an audience too long to derive from (over 1003 bytes of UTF-8)
 */
export function deriveRootKey(master: Uint8Array, audience: string): Uint8Array | undefined {
  const info = Buffer.from(ROOT_KEY_INFO + audience, 'utf8');
  return info.length > MAX_INFO_BYTES ? undefined : hkdfSha256(master, info, KEY_BYTES);
}
