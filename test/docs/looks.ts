/** Whether what a page shows is what a program printed, but for what differs each time. */

/** Kinds of words that differ from run to run: one of a kind stands for any other of it. */
const VOLATILE: readonly RegExp[] = [
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$/,
  // Ages, as kubectl writes them.
  /^(?:[0-9]+[dhms])+$/,
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  /^[0-9a-f]{32,}$/i,
  /^[A-Za-z0-9_-]{22}$/,
  /^[A-Za-z0-9_-]{11}$/,
  /^[A-Za-z0-9_-]{60,}(?:\.[A-Za-z0-9_-]+){0,2}$/,
  // Seconds since 1970.
  /^1[0-9]{9}$/,
];

/** Words of a line: what stands in quotes or brackets is looked at for itself. */
const words = (line: string): string[] => line.match(/[A-Za-z0-9_.:/…-]+|[^\sA-Za-z0-9_.:/…-]/g) ?? [];
const bare = (word: string) => word.replace(/[.:;,]+$/, '').replace(/127\.0\.0\.1:[0-9]+/g, '127.0.0.1:');

function wordLooks(shown: string, is: string): boolean {
  const [a, b] = [bare(shown), bare(is)];
  if (a === b || VOLATILE.some((kind) => kind.test(a) && kind.test(b))) return true;
  if (!a.includes('…')) return false;
  const parts = a.split('…');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  return b.startsWith(first) && b.endsWith(last) && b.length >= first.length + last.length;
}

/** `…` on its own is any run of words, also none. */
function lineLooks(shown: readonly string[], is: readonly string[]): boolean {
  const [head, ...rest] = shown;
  if (head === undefined) return is.length === 0;
  if (head === '…') return is.some((_, i) => lineLooks(rest, is.slice(i))) || rest.length === 0 || lineLooks(rest, []);
  if (is.length === 0) return false;
  if (wordLooks(head, is[0]!) && lineLooks(rest, is.slice(1))) return true;
  // `AgEa…` may stand for what is several words here.
  return head.endsWith('…') && is[0]!.startsWith(head.slice(0, -1)) && lineLooks(['…', ...rest], is.slice(1));
}

/**
 * Lines that a page shows and a program did not print, in that order; lines may be left out of what is shown.
 * Columns may be of another width.
 */
export function missingLines(shown: string, printed: string): string[] {
  const left = printed.split('\n');
  return shown.split('\n').filter((line) => {
    if (line.trim() === '' || line.trim() === '…') return false;
    const at = left.findIndex((one) => lineLooks(words(line), words(one)));
    if (at >= 0) left.splice(0, at + 1);
    return at < 0;
  });
}

/** Where JSON that a page shows is another than what was answered: members, types, and values that do not differ each time. */
export function jsonDifferences(shown: unknown, is: unknown, path = '$'): string[] {
  if (typeof shown === 'string' && typeof is === 'string') {
    return missingLines(shown, is).length === 0 ? [] : [`${path}: ${shown} is ${is}`];
  }
  if (typeof shown === 'number' && typeof is === 'number') {
    return wordLooks(String(shown), String(is)) ? [] : [`${path}: ${shown} is ${is}`];
  }
  if (Array.isArray(shown) && Array.isArray(is)) {
    if (shown.length !== is.length) return [`${path}: ${shown.length} elements are ${is.length}`];
    return shown.flatMap((one, i) => jsonDifferences(one, is[i], `${path}[${i}]`));
  }
  if (typeof shown === 'object' && typeof is === 'object' && shown !== null && is !== null) {
    const [a, b] = [shown as Record<string, unknown>, is as Record<string, unknown>];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
      if (!Object.hasOwn(a, key)) return [`${path}.${key} is not shown`];
      if (!Object.hasOwn(b, key)) return [`${path}.${key} is not there`];
      return jsonDifferences(a[key], b[key], `${path}.${key}`);
    });
  }
  return shown === is ? [] : [`${path}: ${JSON.stringify(shown)} is ${JSON.stringify(is)}`];
}
