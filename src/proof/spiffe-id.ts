/** SPIFFE IDs (SPIFFE-ID.md §2): one spelling each, and whatever has another is none. */
import type { PathSegment } from '../identity.ts';

export interface SpiffeId {
  readonly trustDomain: string;
  /** Empty for the trust domain itself. */
  readonly segments: readonly string[];
}

export const SPIFFE_SCHEME = 'spiffe://';

/** §2.3: longer ones need not be supported. All characters are ASCII, so these are bytes. */
export const MAX_SPIFFE_ID = 2048;
const MAX_TRUST_DOMAIN = 255;

/**
 * Reads an ID strictly: scheme and trust domain in lower case (§2.4 lets them be compared without case, and then two
 * spellings would be one), no port, userinfo, query, fragment, percent-encoding, empty or dot segment.
 *
 * @returns the ID, or what is wrong with it: never any of the text
 */
export function parseSpiffeId(text: string): SpiffeId | string {
  if (!text.startsWith(SPIFFE_SCHEME)) return 'a SPIFFE ID begins with spiffe://';
  if (text.length > MAX_SPIFFE_ID) return `a SPIFFE ID has at most ${MAX_SPIFFE_ID} bytes`;
  const [trustDomain = '', ...segments] = text.slice(SPIFFE_SCHEME.length).split('/');
  if (trustDomain === '') return 'the SPIFFE ID has no trust domain';
  if (trustDomain.length > MAX_TRUST_DOMAIN) return `a trust domain has at most ${MAX_TRUST_DOMAIN} bytes`;
  if (!/^[a-z0-9._-]+$/.test(trustDomain)) return 'a trust domain is lower-case letters, digits, dots, dashes and _';
  for (const segment of segments) {
    if (segment === '') return 'the path of a SPIFFE ID has no empty segment and no trailing slash';
    if (segment === '.' || segment === '..') return 'the path of a SPIFFE ID has no dot segments';
    if (!/^[A-Za-z0-9._-]+$/.test(segment)) return 'a path segment is letters, digits, dots, dashes and _';
  }
  return { trustDomain, segments };
}

/** The fields of a path by their names; none if the template does not match the whole of it. */
export function readPath(
  template: readonly PathSegment[],
  segments: readonly string[],
): readonly (readonly [name: string, value: string])[] {
  if (template.length !== segments.length) return [];
  const fields: [string, string][] = [];
  for (const [i, part] of template.entries()) {
    const segment = segments[i]!;
    if ('field' in part) fields.push([part.field, segment]);
    else if (part.literal !== segment) return [];
  }
  return fields;
}
