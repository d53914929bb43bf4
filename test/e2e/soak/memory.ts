/** Whether replicas hold more and more: their memory at rest, all garbage collected, and the line through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readGauges } from '../../../bench/lib/gauges.ts';
import { rest } from './gate.ts';
import type { Replica, Soak } from './soak-types.ts';

/** Milliseconds between two looks: in a short run less, for so many of them. */
const EVERY = 15_000;
const LEAST_EVERY = 7_000;
const LOOKS = 40;
/** Milliseconds before a look in which nobody asks anything, and for the collection. */
const AT_REST = 700;
const COLLECTING = 600;
/** Milliseconds after its start in which a process fills its caches. */
const WARM_UP = 45_000;
/** Looks and milliseconds between the first and the last that a line needs to say anything. */
const LEAST_LOOKS = 4;
const LEAST_SPAN = 40_000;
/** What a line may climb by: MiB a minute, and MiB altogether, below which a short run says nothing. */
export interface Limit {
  readonly aMinute: number;
  readonly altogether: number;
}
/**
 * What is held, on the heap and outside it. People's revocations are kept for 26 h: some 50 TokenRevocations a minute of
 * less than 3 KiB each in this soak. In its first minutes a process holds some MiB more or less: compiled code comes and goes.
 */
export const HELD: Limit = { aMinute: 0.5, altogether: 6 };
/** What the process takes of the machine: that, and what the allocators below V8 keep for later. */
export const RESIDENT: Limit = { aMinute: 3, altogether: 20 };

interface Look {
  /** Milliseconds. */
  readonly at: number;
  readonly heapMiB: number;
  readonly heapTotalMiB: number;
  readonly externalMiB: number;
  readonly rssMiB: number;
}

/** One process of a replica, from its start to its end. */
export interface Life {
  readonly replica: number;
  readonly pid: number;
  readonly began: number;
  readonly looks: Look[];
}

/** A line through what was seen after the warm-up: MiB a minute, how uncertain that is (95 %), and MiB altogether. */
export interface Line {
  readonly slope: number;
  readonly error: number;
  readonly rise: number;
}

/** @param length of the soak, in milliseconds */
export async function watchMemory(soak: Soak, length: number): Promise<readonly Life[]> {
  const every = Math.min(EVERY, Math.max(LEAST_EVERY, length / LOOKS));
  const lives: Life[] = [];
  while (!soak.over.aborted) {
    await rest(every, soak.over);
    if (soak.over.aborted) break;
    await soak.gate.hold(async () => {
      await sleep(AT_REST);
      const well = soak.replicas.filter(({ index }) => isWell(soak, index));
      for (const { operator } of well) if (operator.process.pid) process.kill(operator.process.pid, 'SIGUSR2');
      await sleep(COLLECTING);
      await Promise.all(well.map((replica) => look(lives, replica)));
    });
  }
  return lives;
}

const isWell = ({ impairments }: Soak, index: number) =>
  impairments.during(index, performance.now(), performance.now()).every(({ silent }) => !silent);

async function look(lives: Life[], { index, operator }: Replica): Promise<void> {
  const { pid } = operator.process;
  const gauges = await readGauges(operator.ops).catch(() => undefined);
  if (!gauges || pid === undefined) return;
  let life = lives.find((one) => one.pid === pid);
  if (!life) {
    life = { replica: index, pid, began: performance.now(), looks: [] };
    lives.push(life);
  }
  life.looks.push({ at: performance.now(), ...gauges });
}

export const held = ({ heapMiB, externalMiB }: Look): number => heapMiB + externalMiB;
export const resident = ({ rssMiB }: Look): number => rssMiB;

/**
 * @param share of the looks after the warm-up: the last ones
 * @returns undefined where there is too little to say anything
 */
export function lineThrough({ began, looks }: Life, pick: (look: Look) => number, share = 1): Line | undefined {
  const warm = looks.filter(({ at }) => at - began >= WARM_UP);
  const some = warm.slice(Math.round(warm.length * (1 - share)));
  const [first, last] = [some[0], some.at(-1)];
  if (!first || !last || some.length < LEAST_LOOKS || last.at - first.at < LEAST_SPAN) return undefined;
  const minutes = some.map(({ at }) => (at - first.at) / 60_000);
  return leastSquares(minutes, some.map(pick));
}

/** @throws RangeError for fewer than three points */
export function leastSquares(x: readonly number[], y: readonly number[]): Line {
  const count = x.length;
  if (count < 3 || y.length !== count) throw new RangeError('a line needs three points');
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / count;
  const [middle, level] = [mean(x), mean(y)];
  const spread = x.reduce((sum, one) => sum + (one - middle) ** 2, 0);
  const slope = x.reduce((sum, one, i) => sum + (one - middle) * ((y[i] ?? 0) - level), 0) / spread;
  const residue = x.reduce((sum, one, i) => sum + ((y[i] ?? 0) - level - slope * (one - middle)) ** 2, 0);
  const error = student(count - 2) * Math.sqrt(residue / (count - 2) / spread);
  return { slope, error, rise: slope * (Math.max(...x) - Math.min(...x)) };
}

/** The 97.5 % quantile of Student's t, to some per cent; of one or two degrees of freedom exact. */
function student(freedom: number): number {
  return [12.71, 4.3][freedom - 1] ?? 1.96 + 3.2 / freedom;
}

/**
 * How it climbs, if more than it may, beyond what the line is uncertain by; undefined: it does not. What climbs does so in
 * the second half too: an allocator that takes a piece more of the machine, once, in a busy moment, is no leak.
 */
export function climb(life: Life, pick: (look: Look) => number, { aMinute, altogether }: Limit): Line | undefined {
  const isSteep = ({ slope, error }: Line) => slope - error > aMinute;
  const line = lineThrough(life, pick);
  const late = lineThrough(life, pick, 0.5) ?? line;
  return line && late && isSteep(line) && line.rise > altogether && isSteep(late) ? line : undefined;
}
