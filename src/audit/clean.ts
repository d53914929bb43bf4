/** Makes what strangers wrote fit for one line of a log and for a terminal. */

/** Room for strings, members and levels; what does not fit is replaced by `…`. */
export interface Limits {
  readonly string: number;
  readonly members: number;
  readonly depth: number;
  /** Characters of all strings and names together. */
  readonly total: number;
}

export const RECORD_LIMITS: Limits = { string: 1024, members: 128, depth: 6, total: 131_072 };

/** Claims have their own: they are the caller's, and must not crowd out what was granted. */
export const CLAIMS_LIMITS: Limits = { string: 512, members: 64, depth: 4, total: 8192 };

const CUT = '…';

/** Controls, line separators, and the marks that reorder what a terminal shows. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * What looks like a JWT or a macaroon. No member holds one, but callers put their own tokens in all sorts of places.
 * Linear: a run of base64url characters is tried once, at its start.
 */
const TOKEN_LIKE =
  /(?<![A-Za-z0-9_-])(?:eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]|(?:Ag|MDA)[A-Za-z0-9_-]{80,})[A-Za-z0-9_.=-]*/g;

/** What one of them begins with. */
const STARTS = ['eyJ', 'Ag', 'MDA'];

/** Shorter texts hold no token. */
const SHORTEST_TOKEN = 13;

/** What nearly every text is: nothing to replace in it. */
const PLAIN = /^[ -~]*$/;

/** Whether JSON text holds nothing that `cleanText` would replace: an escape stands for what is not plain, or a quote. */
export function isClean(json: string): boolean {
  if (!PLAIN.test(json) || json.includes('\\')) return false;
  return !STARTS.some((start) => json.includes(start)) || json.search(TOKEN_LIKE) < 0;
}

/** @param max characters kept */
export function cleanText(text: string, max: number): string {
  const kept = text.length > max ? text.slice(0, max) + CUT : text;
  const safe = PLAIN.test(kept) ? kept : kept.toWellFormed().replace(UNSAFE, '\ufffd');
  return safe.length < SHORTEST_TOKEN ? safe : safe.replace(TOKEN_LIKE, '[token]');
}

/**
 * A copy of any value as plain JSON within the limits. Unknown members and types are kept as well as JSON can;
 * bytes never.
 */
export function cleanValue(value: unknown, limits: Limits): unknown {
  let room = limits.total;

  const text = (raw: string): string => {
    if (room <= 0) return CUT;
    const clean = cleanText(raw, Math.min(limits.string, room));
    room -= clean.length;
    return clean;
  };

  const copy = (raw: unknown, depth: number): unknown => {
    switch (typeof raw) {
      case 'string':
        return text(raw);
      case 'number':
        return Number.isFinite(raw) ? raw : String(raw);
      case 'boolean':
        return raw;
      case 'bigint':
        return text(String(raw));
      case 'object':
        break;
      default:
        return undefined;
    }
    if (raw === null) return null;
    if (depth >= limits.depth || room <= 0) return CUT;
    if (ArrayBuffer.isView(raw)) return '[bytes]';
    // Every value costs a little, or an array of a million nulls would cost nothing.
    room -= 1;
    if (Array.isArray(raw)) {
      const items = raw.slice(0, limits.members).map((item) => copy(item, depth + 1));
      return raw.length > limits.members ? [...items, CUT] : items;
    }
    const members = Object.entries(raw);
    // An object without a prototype would be twice as slow to write; only one name needs care.
    const out: Record<string, unknown> = {};
    for (const [raw, member] of members.slice(0, limits.members)) {
      const name = text(raw);
      const value = copy(member, depth + 1);
      if (name === '__proto__') Object.defineProperty(out, name, { value, enumerable: true });
      else out[name] = value;
    }
    if (members.length > limits.members) out[CUT] = members.length - limits.members;
    return out;
  };

  return copy(value, 0);
}
