/** The shapes that claims of our tokens have. What we mint and what we verify is judged by the same. */
import { MAX_SCOPE_LENGTH, MAX_SCOPES } from './limits.ts';

const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const CONTROL = /\p{Cc}/u;
/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Printable ASCII without spaces at its ends. */
export function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length <= max && PRINTABLE.test(value);
}

/** What may stand in `sub`. */
export function isSubject(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= 2048 &&
    value.isWellFormed() &&
    !CONTROL.test(value)
  );
}

/** Seconds since the epoch. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** At least one scope, none twice. */
export function isScopes(value: readonly unknown[]): value is readonly string[] {
  return (
    value.length > 0 &&
    value.length <= MAX_SCOPES &&
    value.every((one) => typeof one === 'string' && one.length <= MAX_SCOPE_LENGTH && SCOPE.test(one)) &&
    new Set(value).size === value.length
  );
}

/** A `scope` claim of either form: one string with spaces (RFC 8693 §4.2), or an array. Undefined if it is neither. */
export function readScope(value: unknown): readonly string[] | undefined {
  const list = typeof value === 'string' ? value.split(' ', MAX_SCOPES + 1) : value;
  return Array.isArray(list) && isScopes(list) ? list : undefined;
}
