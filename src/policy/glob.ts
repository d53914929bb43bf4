/**
 * Globs: `*` is any run of characters but `/` and `:`, `**` is any run; nothing else is special.
 *
 * A pattern is a row of literal characters, each gap of which may hold a loop. All positions that the pattern can be
 * at are kept as the bits of a word and moved at once (Baeza-Yates and Gonnet, "A new approach to text searching"),
 * so matching never goes back: the cost is the length of the value times a 31st of the pattern's.
 */
export interface Glob {
  readonly pattern: string;
  matches(value: string): boolean;
}

const SLASH = 47;
const COLON = 58;
const STAR = 42;
const BITS = 31;

/** Whether the pattern holds a wildcard: without one a string is compared exactly. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*');
}

/** Whether the pattern is nothing but wildcards. */
export function isOnlyWildcards(pattern: string): boolean {
  for (let i = 0; i < pattern.length; i++) if (pattern.charCodeAt(i) !== STAR) return false;
  return pattern.length > 0;
}

/** Compiles a pattern; any string is one. The result keeps no state between calls. */
export function compileGlob(pattern: string): Glob {
  const first = pattern.indexOf('*');
  if (first < 0) return { pattern, matches: (value) => value === pattern };
  const last = pattern.lastIndexOf('*');
  const prefix = pattern.slice(0, first);
  const suffix = pattern.slice(last + 1);
  const fixed = prefix.length + suffix.length;
  const middle = compileMiddle(pattern.slice(first, last + 1));
  return {
    pattern,
    matches: (value) =>
      value.length >= fixed &&
      value.startsWith(prefix) &&
      value.endsWith(suffix) &&
      middle(value, prefix.length, value.length - suffix.length),
  };
}

type Matcher = (value: string, from: number, to: number) => boolean;

const anyRun: Matcher = () => true;

const unbrokenRun: Matcher = (value, from, to) => {
  for (let i = from; i < to; i++) {
    const c = value.charCodeAt(i);
    if (c === SLASH || c === COLON) return false;
  }
  return true;
};

/** `text` begins and ends with a wildcard. */
function compileMiddle(text: string): Matcher {
  const literals: number[] = [];
  /** For each position: 0 no loop, 1 `*`, 2 `**`. */
  const loops: number[] = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === STAR) {
      loops[literals.length] = Math.min(2, loops[literals.length]! + 1);
    } else {
      literals.push(c);
      loops.push(0);
    }
  }
  if (literals.length === 0) return loops[0] === 2 ? anyRun : unbrokenRun;
  return simulate(literals, loops);
}

function simulate(literals: readonly number[], loops: readonly number[]): Matcher {
  const words = Math.ceil(loops.length / BITS);
  const set = (row: Int32Array, i: number) => {
    row[Math.floor(i / BITS)]! |= 1 << (i % BITS);
  };
  const overAll = new Int32Array(words);
  const overUnbroken = new Int32Array(words);
  loops.forEach((loop, i) => {
    if (loop === 2) set(overAll, i);
    if (loop > 0) set(overUnbroken, i);
  });
  const none = new Int32Array(words);
  const steps = new Map<number, Int32Array>();
  literals.forEach((c, i) => {
    let row = steps.get(c);
    if (!row) {
      row = new Int32Array(words);
      steps.set(c, row);
    }
    set(row, i);
  });
  const ascii = Array.from({ length: 128 }, (_, c) => steps.get(c) ?? none);
  const goal = literals.length;
  return (value, from, to) => {
    const at = new Int32Array(words);
    at[0] = 1;
    for (let i = from; i < to; i++) {
      const c = value.charCodeAt(i);
      const step = c < 128 ? ascii[c]! : (steps.get(c) ?? none);
      const stay = c === SLASH || c === COLON ? overAll : overUnbroken;
      let carry = 0;
      let alive = 0;
      for (let w = 0; w < words; w++) {
        const now = at[w]!;
        const moved = now & step[w]!;
        const next = ((moved << 1) & 0x7fffffff) | carry | (now & stay[w]!);
        carry = (moved >>> (BITS - 1)) & 1;
        at[w] = next;
        alive |= next;
      }
      if (alive === 0) return false;
    }
    return ((at[Math.floor(goal / BITS)]! >>> (goal % BITS)) & 1) === 1;
  };
}
