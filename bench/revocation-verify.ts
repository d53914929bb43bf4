/** What ten thousand TokenRevocations cost each verify: two mints on one core, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGenerator } from './lib/generator.ts';
import { measure, type Slice, warmUp } from './lib/measure.ts';
import type { Cores } from './lib/pin.ts';
import { printServers, ratios, type Targeted } from './lib/report.ts';
import { spread } from './lib/stats.ts';
import { startVerifier } from './lib/verify-servers.ts';

const CHECKED = 200;
/** Of the requests per CPU second: less is noticeable. */
const TARGET = 0.9;

export interface VerifySettings {
  readonly cores: Cores;
  readonly revocations: number;
  readonly rounds: number;
}

/** @returns how many requests a mint that knows them answers for one that a mint that knows none does */
export async function measureVerify({ cores, revocations, rounds }: VerifySettings): Promise<Targeted> {
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-bench-'));
  const stops: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })];
  try {
    const generator = startGenerator(cores.load);
    stops.push(() => generator.stop());
    const none = await startVerifier(cores.server, join(dir, 'none'), 0);
    stops.push(() => none.server.stop());
    const many = await startVerifier(cores.server, join(dir, 'many'), revocations);
    stops.push(() => many.server.stop());
    const targets = [none, many];
    for (const target of targets) {
      await warmUp(generator, target, CHECKED);
      await measure(generator, target, target.slice);
    }
    const slices = new Map(targets.map(({ name }) => [name, [] as Slice[]]));
    for (let round = 0; round < rounds; round += 1) {
      for (const target of round % 2 === 0 ? targets : targets.toReversed())
        slices.get(target.name)?.push(await measure(generator, target, target.slice));
    }
    printServers(slices);
    return {
      what: `${many.name} / ${none.name}`,
      value: spread(ratios(slices, many.name, none.name)),
      atLeast: TARGET,
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
