/** Unguessable ids: for tokens, and for requests. */

const ID_BYTES = 16;
const POOL = 64;

/**
 * Ids of 128 random bits. Randomness is drawn for 64 of them at a time: one draw costs as much as one id.
 * @param random cryptographically secure bytes
 */
export function randomIds(random: (bytes: number) => Uint8Array, encoding: 'base64url' | 'hex'): () => string {
  let pool = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used >= pool.length) {
      pool = Buffer.from(random(POOL * ID_BYTES));
      used = 0;
    }
    used += ID_BYTES;
    return pool.toString(encoding, used - ID_BYTES, used);
  };
}
