/** How the numbers are shown, and what is demanded of them. */
import type { Slice } from './measure.ts';
import { format, pairwise, type Spread, spread } from './stats.ts';

export interface Targeted {
  readonly what: string;
  readonly value: Spread;
  readonly digits?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Prints lines of columns, the first to the left and the others to the right. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
}

/** One row per server: medians over the rounds with their range. */
export function printServers(rounds: ReadonlyMap<string, readonly Slice[]>): void {
  const rows = [['server', 'requests per server CPU second', 'p50 ms', 'p99 ms', 'CPU s a round', "generator's core"]];
  for (const [name, slices] of rounds) {
    const of = (pick: (slice: Slice) => number) => spread(slices.map(pick));
    rows.push([
      name,
      format(
        of((s) => s.perCpuSecond),
        0,
      ),
      format(of((s) => s.p50)),
      format(of((s) => s.p99)),
      of((s) => s.cpuSeconds).median.toFixed(2),
      `${(100 * of((s) => s.generatorLoad).median).toFixed(0)} %`,
    ]);
  }
  table(rows);
}

/** Per round: how many requests `ours` answers for one of `theirs`, at the same server CPU. */
export function ratios(rounds: ReadonlyMap<string, readonly Slice[]>, ours: string, theirs: string): number[] {
  const rate = (name: string) => (rounds.get(name) ?? []).map((slice) => slice.perCpuSecond);
  return pairwise(rate(ours), rate(theirs), (a, b) => a / b);
}

/** Prints each ratio beside its target. @returns whether every median meets its target */
export function printTargets(targets: readonly Targeted[]): boolean {
  let met = true;
  const rows = targets.map(({ what, value, digits, atLeast, atMost }) => {
    const isMet = value.median >= (atLeast ?? -Infinity) && value.median <= (atMost ?? Infinity);
    met &&= isMet;
    const demand = atLeast === undefined ? (atMost === undefined ? '' : `≤ ${atMost}`) : `≥ ${atLeast}`;
    return [what, format(value, digits), demand, demand === '' ? '' : isMet ? 'met' : 'MISSED'];
  });
  table([['ratio', 'median (range)', 'target', ''], ...rows]);
  return met;
}
