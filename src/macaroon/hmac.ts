import { hash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
const SCRATCH = 4096;

// One-shot `hash` on a buffer that is kept costs a fraction of `createHmac`, whose set-up outweighs short messages; and
// digests as binary strings, one character a byte, cost a third of digests as buffers. Nothing here is asynchronous, so one buffer serves every call; it holds key material only within a call.
const scratch = Buffer.alloc(BLOCK + SCRATCH);
const outer = Buffer.alloc(BLOCK + DIGEST);

/**
 * HMAC-SHA-256 (RFC 2104, RFC 6234).
 * @param key of any length; the chain's are 32 bytes.
 * @returns 32 bytes of its own.
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Buffer {
  const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
  const inner = message.length > SCRATCH ? Buffer.alloc(BLOCK + message.length) : scratch;
  inner.fill(0x36, 0, BLOCK);
  outer.fill(0x5c, 0, BLOCK);
  for (let i = 0; i < short.length; i++) {
    const byte = short[i]!;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(message, BLOCK);
  outer.write(hash('sha256', inner.subarray(0, BLOCK + message.length), 'binary'), BLOCK, 'binary');
  const mac = Buffer.from(hash('sha256', outer, 'binary'), 'binary');
  inner.fill(0, 0, BLOCK + message.length);
  outer.fill(0);
  return mac;
}
