import { malformed } from './shape.ts';

const STANDARD = /^[A-Za-z0-9+/]*$/;
const URL_SAFE = /^[A-Za-z0-9_-]*$/;

/**
 * Decodes standard or URL-safe base64 (RFC 4648 §4, §5), padded or not. One alphabet at a time, padding that fits,
 * and no stray bits, so that no two texts of one kind mean the same bytes.
 * @throws MacaroonError `malformed`
 */
export function decodeBase64(text: string): Buffer {
  const body = text.endsWith('==') ? text.slice(0, -2) : text.endsWith('=') ? text.slice(0, -1) : text;
  if (body.length !== text.length && text.length % 4 !== 0) throw malformed('the base64 padding does not fit');
  if (!URL_SAFE.test(body) && !STANDARD.test(body)) throw malformed('a character is not base64');
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.toString('base64url') !== body.replaceAll('+', '-').replaceAll('/', '_')) {
    throw malformed('the base64 is not canonical');
  }
  return bytes;
}
