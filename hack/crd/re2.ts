/** Patterns: API servers compile them with RE2 (Go's regexp), zod with JavaScript's engine. Both must mean the same. */

/** Escapes that mean the same in both: of punctuation alone. `\d`, `\w`, `\s` and `\b` differ or read badly. */
const PLAIN_ESCAPE = /\\[^A-Za-z0-9]/g;

/**
 * Why a pattern is not fit for a CRD; undefined if it is. It must be anchored at both ends, printable ASCII, and use
 * only what RE2 and ECMAScript have in common: literals, classes, groups, alternation, `? * + {n,m}`.
 */
export function patternProblem(pattern: string): string | undefined {
  if (!/^[ -~]*$/.test(pattern)) return 'is not printable ASCII';
  if (!pattern.startsWith('^') || !pattern.endsWith('$') || pattern.endsWith('\\$'))
    return 'is not anchored by ^ and $';
  const bare = pattern.replace(PLAIN_ESCAPE, 'x');
  if (bare.includes('\\')) return 'uses an escape other than of punctuation';
  if (/\(\?(?!:)/.test(bare)) return 'uses a group that RE2 does not have';
  if (/\[[^\]]*(\[:|&&|--)/.test(bare)) return 'uses a class that the engines read differently';
  if (/[*+?}]\+/.test(bare.replaceAll(/\[[^\]]*\]/g, 'x'))) return 'uses a possessive quantifier';
  for (const [, low, high = low] of bare.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Number(low) > 1000 || Number(high) > 1000) return 'repeats more than 1000 times, which RE2 refuses';
  }
  if (alternatesOutsideGroup(bare.slice(1, -1)))
    return 'alternates outside a group, so the anchors bind one branch each';
  try {
    new RegExp(pattern, 'u');
  } catch {
    return 'is not a regular expression';
  }
  return undefined;
}

function alternatesOutsideGroup(pattern: string): boolean {
  let depth = 0;
  for (const c of pattern.replaceAll(/\[[^\]]*\]/g, 'x')) {
    if (c === '(') depth += 1;
    else if (c === ')') depth -= 1;
    else if (c === '|' && depth === 0) return true;
  }
  return false;
}
