import { JwsError } from './errors.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CHARACTERS = /^[A-Za-z0-9_-]*$/;

/** By the number of characters in the last group of four: the bits of its last character that carry nothing. */
const STRAY_BITS = [0, 0, 0b1111, 0b11];

/**
 * Refuses all but the one canonical form of base64url (RFC 7515 §2): no padding, no other characters, no stray
 * trailing bits.
 * @throws JwsError `base64url`
 */
export function requireBase64url(text: string): void {
  const last = text.length % 4;
  const stray = ALPHABET.indexOf(text.charAt(text.length - 1)) & (STRAY_BITS[last] as number);
  if (last === 1 || stray !== 0 || !CHARACTERS.test(text)) throw new JwsError('base64url', 'not canonical base64url');
}

/**
 * Decodes base64url in its canonical form.
 * @throws JwsError `base64url`
 */
export function decodeBase64url(text: string): Buffer {
  requireBase64url(text);
  return Buffer.from(text, 'base64url');
}
