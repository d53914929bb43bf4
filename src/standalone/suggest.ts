/** The name that was probably meant. */

const MAX_LENGTH = 64;

/** `: did you mean x?`, or nothing. Names compare without case, `_` and `-`, then by edit distance up to 2. */
export function suggestion(written: string, known: readonly string[]): string {
  if (written.length > MAX_LENGTH) return '';
  const folded = fold(written);
  let best: string | undefined;
  let least = 3;
  for (const name of known) {
    const away = fold(name) === folded ? 0 : distance(folded, fold(name));
    if (away < least && away < name.length / 2) [best, least] = [name, away];
  }
  return best === undefined ? '' : `: did you mean ${best}?`;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
