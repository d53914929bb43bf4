/**
 * `make bench-capacity`: what one replica takes in a cluster, so that somebody can size it: the CPU of an exchange of this
 * cluster's workloads, the API server's share of it, and memory by the number of policies. `--quick` for fewer policies.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Cluster, type Operator, startOperator } from '../test/e2e/cluster/index.ts';
import { account, proofOf } from '../test/e2e/serve-support.ts';
import { withBenchCluster } from './lib/bench-cluster.ts';
import { AUDIENCE, BENCH, fill, measured } from './lib/cluster-objects.ts';
import { cpuSeconds } from './lib/cpu.ts';
import { readGauges } from './lib/gauges.ts';
import { type Generator, startGenerator } from './lib/generator.ts';
import { table } from './lib/report.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const STEPS = options.quick ? [100, 1_000] : [100, 1_000, 3_000, 10_000];
const PROOFS = 400;
/** kubectl processes at once. */
const ASKERS = 4;
const CONNECTIONS = 16;
/** Of 500 exchanges each. */
const WARM_UPS = 10;
/** Milliseconds: what a TokenReview said is remembered for 5 s, by the API server for 10 s. */
const FORGOTTEN = 11_000;
/** Milliseconds in which a replica that starts has collected most of its garbage. */
const SETTLED = 10_000;
const FLAGS = ['--rate-limit=10000,20000'];

interface Cost {
  readonly what: string;
  /** Milliseconds of CPU for each exchange. */
  readonly replica: number;
  readonly apiserver: number;
  readonly p50: number;
  readonly p99: number;
}

async function proofs(cluster: Cluster): Promise<string[]> {
  const found: string[] = [];
  const asker = async () => {
    while (found.length < PROOFS) found.push(await proofOf(cluster, BENCH, 'agent', AUDIENCE));
  };
  await Promise.all(Array.from({ length: ASKERS }, asker));
  return found;
}

async function costs(cluster: Cluster, replica: Operator, generator: Generator): Promise<Cost[]> {
  const bodies = (await proofs(cluster)).map((credentials) => JSON.stringify({ credentials }));
  const pids = [replica.process.pid!, cluster.apiserver.pid!] as const;
  async function slice(what: string, count: number): Promise<Cost> {
    const before = pids.map(cpuSeconds) as [number, number];
    const { statuses, p50, p99 } = await generator.load({
      port: Number(new URL(replica.url).port),
      path: '/api/mint/exchange',
      contentType: 'application/json',
      bodies,
      count,
      connections: CONNECTIONS,
      keepAnswers: false,
    });
    if (statuses[200] !== count) throw new Error(`${what}: ${JSON.stringify(statuses)}`);
    const after = pids.map(cpuSeconds) as [number, number];
    const each = (i: 0 | 1) => ((after[i] - before[i]) / count) * 1_000;
    return { what, replica: each(0), apiserver: each(1), p50, p99 };
  }
  // One workload's, again and again: code that runs for the first time is no measure.
  const others = bodies.splice(1);
  for (let i = 0; i < WARM_UPS; i += 1) await slice('warm-up', 500);
  bodies.splice(0, 1, ...others);
  const first = await slice('a proof never seen: signature and TokenReview', bodies.length);
  await sleep(FORGOTTEN);
  const again = await slice('seen before, not in the last 5 s: TokenReview', bodies.length);
  return [first, again, await slice('seen within 5 s', bodies.length * 10)];
}

/** Heap and resident MiB of a replica that is ready, and has been let alone for a while. */
async function memory(cluster: Cluster, policies: number): Promise<string[]> {
  const began = performance.now();
  const replica = await startOperator(cluster, { flags: FLAGS });
  await replica.ready(120_000);
  const readyMs = performance.now() - began;
  await sleep(SETTLED);
  const { heapMiB, rssMiB } = await readGauges(replica.ops);
  await replica.process.stop('SIGTERM');
  return [policies.toLocaleString('en-US'), (readyMs / 1_000).toFixed(1), heapMiB.toFixed(0), rssMiB.toFixed(0)];
}

await withBenchCluster(async (cluster, admin) => {
  await cluster.apply([account(BENCH, 'agent'), measured('agent', 0)]);
  const replica = await startOperator(cluster, { flags: FLAGS });
  await replica.ready();
  const generator = startGenerator(undefined);
  const cost = await costs(cluster, replica, generator).finally(() => generator.stop());
  await replica.process.stop('SIGTERM');
  table([
    ['an exchange of this cluster’s workload', 'replica, CPU ms', 'API server, CPU ms', 'p50 ms', 'p99 ms'],
    ...cost.map(({ what, ...numbers }) => [
      what,
      numbers.replica.toFixed(2),
      numbers.apiserver.toFixed(2),
      numbers.p50.toFixed(1),
      numbers.p99.toFixed(1),
    ]),
  ]);
  console.log();
  const rows: string[][] = [];
  let there = 0;
  for (const policies of STEPS) {
    await fill(admin, there, policies);
    there = policies;
    rows.push(await memory(cluster, policies));
  }
  table([['policies of 3 rules', 'ready after s', 'heap MiB', 'resident MiB'], ...rows]);
});
