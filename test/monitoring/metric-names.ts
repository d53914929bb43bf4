/** Names of metrics in queries, and those that the reference promises. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './rules.ts';

const reference = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8');
const rows = [...reference.matchAll(/^\| `([a-z_0-9]+)` \| (\w+) \| (.*?) \| .*\|$/gm)];

/** With the series of histograms; `up` is Prometheus's own. */
export const PROMISED: ReadonlySet<string> = new Set([
  'up',
  ...rows.flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);

/** The labels that the reference gives a metric, beside those of a scrape. */
export const LABELS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  rows.map(([, name = '', , labels = '']) => [
    name,
    new Set([...labels.matchAll(/`(\w+)`:/g)].map(([, label = '']) => label)),
  ]),
);

/** Names of metrics in a query: words that no `(` follows, outside of strings, label sets and lists of labels. */
export function namesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  return [...bare.matchAll(/(?<![\w:.])([a-z]\w*)(?![\w:]*\s*\(|[\w:]*:)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !['and', 'or', 'unless', 'bool', 'by'].includes(name));
}
