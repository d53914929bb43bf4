import { JwsError } from './errors.ts';

/**
 * Decodes base64url in its one canonical form (RFC 7515 §2): no padding, no other characters, no stray trailing bits.
 * @throws JwsError `base64url`
 */
export function decodeBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what it does not know; only canonical text comes back the same.
  if (bytes.toString('base64url') !== text) throw new JwsError('base64url', 'not canonical base64url');
  return bytes;
}
