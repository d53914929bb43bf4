/** One slice of load on one target, and what it cost. */
import type { Target } from '../peers/target.ts';
import { cpuSeconds } from './cpu.ts';
import type { Generator } from './generator.ts';
import type { LoadReport } from './load.ts';

export const CONNECTIONS = 16;

export interface Slice {
  /** Requests per CPU second of the server. */
  readonly perCpuSecond: number;
  /** CPU seconds of the server. */
  readonly cpuSeconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** How busy the generator's core was: near 1, the latencies are partly its own. */
  readonly generatorLoad: number;
}

/** Sends requests whose every answer is checked, so that only a server that does its whole job is measured. */
export async function warmUp(generator: Generator, target: Target, count: number): Promise<void> {
  const report = await send(generator, target, target.bodies(count), count, true);
  for (const answer of report.answers) target.check(answer);
}

/** @throws Error if any answer is not a 200: a number with errors in it is no number */
export async function measure(generator: Generator, target: Target, count: number): Promise<Slice> {
  // Signing the bodies comes before the window.
  const bodies = target.bodies(count);
  const before = cpuSeconds(target.server.pid);
  const report = await send(generator, target, bodies, count, false);
  const cpu = cpuSeconds(target.server.pid) - before;
  return {
    perCpuSecond: report.requests / cpu,
    cpuSeconds: cpu,
    p50: report.p50,
    p99: report.p99,
    generatorLoad: report.cpuSeconds / report.seconds,
  };
}

async function send(
  generator: Generator,
  target: Target,
  bodies: readonly string[],
  count: number,
  keepAnswers: boolean,
): Promise<LoadReport> {
  const { path, contentType, server } = target;
  const port = Number(server.url.port);
  const report = await generator.load({
    port,
    path,
    contentType,
    bodies,
    count,
    connections: CONNECTIONS,
    keepAnswers,
  });
  if (report.problem !== undefined || report.statuses[200] !== count)
    throw new Error(
      `${target.name}: ${JSON.stringify(report.statuses)} ${report.problem ?? ''} ${report.answers[0] ?? ''}`,
    );
  return report;
}
