import { hash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
const SCRATCH = 4096;

// One-shot `hash` on a buffer that is kept costs a fraction of `createHmac`, whose set-up outweighs short messages; and
// digests as binary strings, one character a byte, cost a third of digests as buffers. Nothing here is asynchronous, so
// one buffer serves every call: between calls it holds the pads of an empty key, and no key material.
const scratch = Buffer.alloc(BLOCK + SCRATCH, 0x36);
const outer = Buffer.alloc(BLOCK + DIGEST, 0x5c);

/**
 * HMAC-SHA-256 (RFC 2104, RFC 6234).
 * @param key of any length; the chain's are 32 bytes.
 * @returns 32 bytes of its own.
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Buffer {
  const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
  const inner = message.length > SCRATCH ? Buffer.alloc(BLOCK + message.length, 0x36) : scratch;
  for (let i = 0; i < short.length; i++) {
    const byte = short[i]!;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(message, BLOCK);
  outer.write(hash('sha256', inner.subarray(0, BLOCK + message.length), 'binary'), BLOCK, 'binary');
  const mac = Buffer.from(hash('sha256', outer, 'binary'), 'binary');
  for (let i = 0; i < short.length; i++) {
    inner[i] = 0x36;
    outer[i] = 0x5c;
  }
  for (let i = BLOCK; i < BLOCK + DIGEST; i++) outer[i] = 0;
  return mac;
}
