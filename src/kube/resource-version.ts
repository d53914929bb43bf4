/** resourceVersions: numbers of any size, as text. They order what one collection holds; between servers they say nothing. */

/**
 * @returns below 0 if `a` is older than `b`, 0 if they are equal, above 0 if it is newer; undefined if either is no number
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (!isNumber(a) || !isNumber(b)) return undefined;
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function isOlder(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order < 0;
}

function isNumber(text: string): boolean {
  return /^(0|[1-9]\d{0,38})$/.test(text);
}
