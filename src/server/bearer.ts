/** Bearer credentials in the Authorization header (RFC 6750 §2.1) and how secrets are compared. */
import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The token of an `Authorization: Bearer` header.
 * @returns undefined without such a header; `null` where it holds another scheme, no token, or more than one
 */
export function bearerToken(header: string | undefined): string | null | undefined {
  if (header === undefined || header === '') return undefined;
  if (header.length < 8 || header.charCodeAt(6) !== 32 || header.slice(0, 6).toLowerCase() !== 'bearer') return null;
  const token = header.slice(7).trim();
  return token === '' || token.includes(' ') ? null : token;
}

/** Whether two credentials of one caller are equal, in a time that depends on their lengths alone. */
export function sameCredential(one: string, other: string): boolean {
  const a = Buffer.from(one);
  const b = Buffer.from(other);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a presented secret is the expected one; digests are compared, so that not even the length shows. */
export function sameSecret(presented: string, expected: Uint8Array): boolean {
  const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
  return timingSafeEqual(digest(presented), digest(expected));
}
