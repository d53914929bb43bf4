/** Reading claims. Their names are the issuer's: only own members are ever looked at. */
import type { Claims } from '../identity.ts';

/** The members to walk from the claim set down. */
export type ClaimPath = readonly string[];

/**
 * Reads the name of a claim: literal (`kubernetes.io`), or a JSON Pointer if it begins with `/` (RFC 6901 §3).
 *
 * @returns the path, or undefined for a pointer with a stray `~`
 */
export function parseClaimName(name: string): ClaimPath | undefined {
  if (!name.startsWith('/')) return [name];
  if (/~(?![01])/.test(name)) return undefined;
  // ~1 before ~0, so that ~01 stands for ~1 (RFC 6901 §4).
  return name
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The name that {@link parseClaimName} reads as this path; literal where that can be. */
export function claimName(path: ClaimPath): string {
  const [only] = path;
  if (path.length === 1 && only !== undefined && !only.startsWith('/')) return only;
  return claimPointer(path);
}

/** The path as a JSON Pointer. */
export function claimPointer(path: ClaimPath): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The own member `name` of an object, or the element of an array; undefined if there is none. */
export function ownMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) && !/^(?:0|[1-9][0-9]{0,8})$/.test(name)) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** The value at a path, or undefined. */
export function readClaim(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) value = ownMember(value, name);
  return value;
}

/** Whether a value counts as absent: undefined, null, `""` and `[]` do. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
