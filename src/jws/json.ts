/** JSON text that means one thing only (RFC 8725 §3.7, RFC 7515 §4): no duplicate members, bounded nesting. */
import { JwsError } from './errors.ts';

/** Read members only through `Object.hasOwn`: their names are untrusted, and `__proto__` may be one of them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Levels of objects and arrays. Proofs seen in practice need 3. */
export const MAX_DEPTH = 16;

/**
 * Parses the text of one JSON object.
 *
 * Integers that a double cannot hold exactly (beyond ±(2^53 − 1)), and numbers beyond a double's range, come back as
 * strings of the very characters that stood in the text: two that differ there never compare equal here.
 *
 * @param text whose size the caller has capped
 * @throws JwsError `json`, `not_an_object`, `duplicate_member` (at any depth, names compared after unescaping),
 *   `too_deep`, `utf8` (a string with half of a surrogate pair: it has no UTF-8 form)
 */
export function parseJsonObject(text: string): JsonObject {
  const shape = scan(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JwsError('json', 'not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JwsError('not_an_object', 'not a JSON object');
  }
  const tally: Tally = { members: 0, unsafeNumber: false, escapes: shape.escapes };
  count(value, tally);
  // JSON.parse keeps one member of each name; each name separator in the text was one member.
  if (tally.members !== shape.members) throw new JwsError('duplicate_member', 'a member occurs twice in one object');
  return (tally.unsafeNumber ? JSON.parse(text, keepDigits as Reviver) : value) as JsonObject;
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  return isUnsafe(value) ? (context?.source ?? String(value)) : value;
}

function isUnsafe(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** Where the string that begins at `start` ends: its closing quote, or the end of a text that has none. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c && quote - backslashes > start) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return text.length;
}

/** Counts the name separators outside strings. Says nothing of validity: JSON.parse does. */
function scan(text: string): { members: number; escapes: boolean } {
  let depth = 0;
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        // "
        i = endOfString(text, i + 1);
        break;
      }
      case 0x3a: // :
        members++;
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > MAX_DEPTH) throw new JwsError('too_deep', `nested deeper than ${MAX_DEPTH} levels`);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
    }
  }
  // In valid JSON a backslash stands nowhere but in a string.
  return { members, escapes: text.includes('\\') };
}

interface Tally {
  members: number;
  unsafeNumber: boolean;
  readonly escapes: boolean;
}

function count(value: unknown, tally: Tally): void {
  if (typeof value === 'string') {
    if (tally.escapes && !value.isWellFormed()) throw new JwsError('utf8', 'a string is not valid Unicode');
  } else if (Array.isArray(value)) {
    for (const element of value) count(element, tally);
  } else if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    tally.members += names.length;
    for (const name of names) {
      count(name, tally);
      count((value as Record<string, unknown>)[name], tally);
    }
  } else if (isUnsafe(value)) {
    tally.unsafeNumber = true;
  }
}
