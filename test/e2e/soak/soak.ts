/**
 * A cluster of which a model says at every moment what may be answered: people write policies and revocations, workloads
 * and gateways ask all replicas all the time, and something goes wrong every few seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCallers } from './callers.ts';
import { startFaults } from './faults.ts';
import { Gate } from './gate.ts';
import { Impairments, STALL } from './impairments.ts';
import { KeyFaults } from './key-faults.ts';
import { Killers } from './killers.ts';
import { climb, HELD, held, type Life, RESIDENT, resident, watchMemory } from './memory.ts';
import { startPeople } from './people.ts';
import { chance } from './random.ts';
import { Canary } from './recovery.ts';
import type { Soak } from './soak-types.ts';
import { raise } from './stage.ts';
import { Tally } from './tally.ts';
import { Tokens } from './tokens.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

export interface SoakReport extends SoakOptions {
  readonly tally: Tally;
  readonly lives: readonly Life[];
}

/** Milliseconds between two looks at this process's own clock, and how late one may be before all may have stood still. */
const TICK = 100;
const STALLED = 400;

export async function soak({ minutes, seed }: SoakOptions): Promise<SoakReport> {
  const length = minutes * 60_000;
  const canary = new Canary();
  const stage = await raise(canary);
  const over = new AbortController();
  const dice = chance(seed);
  let writes = 0;
  const one: Soak = {
    ...stage,
    chance: dice,
    impairments: new Impairments(),
    killers: new Killers(),
    tokens: new Tokens(dice.split()),
    tally: new Tally(),
    gate: new Gate(),
    keys: new KeyFaults(),
    over: over.signal,
    nextWrite() {
      writes += 1;
      return writes;
    },
  };
  const end = setTimeout(() => over.abort(), length);
  const ticking = noteStalls(one);
  try {
    const people = startPeople(one);
    const memory = watchMemory(one, length);
    const parts = [people.done, startCallers(one), startFaults(one, { people, canary, length }), memory];
    // Whoever fails ends it for all.
    for (const part of parts) part.catch(() => over.abort());
    await Promise.all(parts);
    const lives = await memory;
    judgeMemory(one, lives);
    return { minutes, seed, tally: one.tally, lives };
  } finally {
    over.abort();
    clearTimeout(end);
    clearInterval(ticking);
    // What was asked last has its answer.
    await sleep(100);
    await stage.strike();
  }
}

/** Where this process gets no turn, replicas on the same cores get none either. */
function noteStalls({ impairments, replicas, tally }: Soak): ReturnType<typeof setInterval> {
  let last = performance.now();
  return setInterval(() => {
    const now = performance.now();
    const late = now - last - TICK;
    if (late > STALLED) {
      tally.took(`${STALL} for`, late);
      for (const { index } of replicas) impairments.note(index, STALL, last, now);
    }
    last = now;
  }, TICK);
}

function judgeMemory({ tally }: Soak, lives: readonly Life[]): void {
  const kinds = [
    { what: 'what it holds', pick: held, limit: HELD },
    { what: 'its resident memory', pick: resident, limit: RESIDENT },
  ];
  for (const life of lives) {
    for (const { what, pick, limit } of kinds) {
      const line = climb(life, pick, limit);
      if (!line) continue;
      const looks = life.looks.map((look) => `${(look.at / 1000).toFixed(0)} s: ${pick(look).toFixed(1)} MiB`);
      const how = `${line.slope.toFixed(2)} ± ${line.error.toFixed(2)} MiB a minute, over ${limit.aMinute}`;
      tally.violate(`replica ${life.replica}: ${what} climbs by ${how}`, looks);
    }
  }
}
