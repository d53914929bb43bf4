/** What a soak came to, for people. */
import { table } from '../../../bench/lib/report.ts';
import { quantile } from '../../../bench/lib/stats.ts';
import { held, type Life, type Line, lineThrough, resident } from './memory.ts';
import type { SoakReport } from './soak.ts';
import type { Tally } from './tally.ts';

const TOLD = 5;

/** @returns whether nothing was wrong */
export function printSoak({ minutes, seed, tally, lives }: SoakReport): boolean {
  console.log(`\nsoak of ${minutes} min, seed ${seed}: ${tally.answered.toLocaleString('en-US')} answers checked\n`);
  printAnswers(tally);
  printCounts(tally);
  printDurations(tally);
  printMemory(lives);
  console.log(`\nviolations: ${tally.violationCount}`);
  for (const { at, what, story } of tally.violations.slice(0, TOLD)) {
    console.log(`\n${(at / 1000).toFixed(3)} ${what}`);
    for (const line of story) console.log(`    ${line}`);
  }
  for (const { at, what } of tally.violations.slice(TOLD)) console.log(`${(at / 1000).toFixed(3)} ${what}`);
  return tally.violationCount === 0;
}

function printAnswers(tally: Tally): void {
  const rows = tally.kinds().map(({ kind, answers, p50, p99 }) => {
    const all = [...answers.values()].reduce((sum, one) => sum + one, 0);
    const each = [...answers].map(([what, count]) => `${what} ${count}`).join(', ');
    return [kind, String(all), p50.toFixed(1), p99.toFixed(1), each];
  });
  table([['question', 'answers', 'p50 ms', 'p99 ms', ''], ...rows]);
  const verdicts = tally.counted('verdict: ').map(([what, count]) => `${what} ${count}`);
  console.log(`  tokens, of which the model says that they ${verdicts.join(', ')}`);
}

function printCounts(tally: Tally): void {
  for (const what of ['fault', 'rotation', 'write']) {
    const some = tally.counted(`${what}: `);
    const all = some.reduce((sum, [, count]) => sum + count, 0);
    if (all > 0) console.log(`\n${what}s: ${all}\n  ${some.map(([name, count]) => `${name} ${count}`).join(', ')}`);
  }
}

function printDurations(tally: Tally): void {
  const rows = [...tally.durations()].map(([what, ms]) => {
    const sorted = Float64Array.from(ms).sort();
    const [p50, worst] = [0.5, 1].map((share) => (quantile(sorted, share) / 1000).toFixed(1)) as [string, string];
    return [what, String(ms.length), p50, worst];
  });
  console.log();
  table([['seconds', 'times', 'p50', 'worst'], ...rows]);
}

function printMemory(lives: readonly Life[]): void {
  console.log();
  const rows = lives
    .filter(({ looks }) => looks.length > 1)
    .map((life) => {
      const [first, last] = [life.looks[0], life.looks.at(-1)];
      const seconds = ((last?.at ?? 0) - life.began) / 1000;
      const change = (pick: typeof held) =>
        first && last ? `${pick(first).toFixed(1)} → ${pick(last).toFixed(1)}` : '';
      return [
        `replica ${life.replica}, process ${life.pid}`,
        seconds.toFixed(0),
        change(held),
        text(lineThrough(life, held)),
        change(resident),
        text(lineThrough(life, resident)),
      ];
    });
  const longest = lives.toSorted((a, b) => b.looks.length - a.looks.length)[0];
  table([['memory at rest, MiB', 'seconds', 'held', 'a minute', 'resident', 'a minute'], ...rows]);
  if (longest) printLooks(longest);
}

/** The longest life, look by look. */
function printLooks({ replica, began, looks }: Life): void {
  console.log();
  const rows = looks.map(({ at, heapMiB, heapTotalMiB, externalMiB, rssMiB }) => [
    `replica ${replica} after ${((at - began) / 1000).toFixed(0)} s`,
    ...[heapMiB, heapTotalMiB, externalMiB, rssMiB].map((mib) => mib.toFixed(1)),
  ]);
  table([['MiB at rest', 'heap used', 'heap', 'external', 'resident'], ...rows]);
}

const text = (line: Line | undefined) =>
  line ? `${line.slope >= 0 ? '+' : ''}${line.slope.toFixed(2)} ± ${line.error.toFixed(2)}` : '-';
