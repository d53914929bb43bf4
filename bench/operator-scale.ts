/** What ten thousand policies cost: to be applied at once, to be read at a start, in memory, at each edit. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../src/kube/types.ts';
import { type Cluster, type Operator, startOperator } from '../test/e2e/cluster/index.ts';
import { account, proofOf, TRUST_POLICIES } from '../test/e2e/serve-support.ts';
import { AUDIENCE, BENCH, fill, measured } from './lib/cluster-objects.ts';
import { askUntil, type Latencies, startPulse } from './lib/exchanges.ts';
import { type Gauges, readGauges } from './lib/gauges.ts';
import { table } from './lib/report.ts';
import { quantile } from './lib/stats.ts';

const EDITS = 20;
const AT_REST_MS = 5_000;
/** A Lease outlives its holder by 15 s. */
const LEADS_WITHIN_MS = 60_000;
const REPORTING_MS = 20_000;
const FLAGS = ['--rate-limit=10000,20000'];

export interface ScaleSettings {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  /** How many policies there are already, and are to be. */
  readonly from: number;
  readonly policies: number;
}

/** Exchanges in one situation, and the longest pause of the replica's event loop. */
interface Phase {
  readonly what: string;
  readonly seconds: number;
  readonly latencies: Latencies;
  readonly lagMs: number;
}

export interface Scale {
  readonly policies: number;
  /** Milliseconds from the start of the process until it answers at all, and until it is ready. */
  readonly answersMs: number;
  readonly readyMs: number;
  readonly few: Gauges;
  readonly atReady: Gauges;
  readonly later: Gauges;
  /** Milliseconds of each. */
  readonly edits: readonly number[];
  /** Milliseconds from the last answer of the API server until the last of all policies is served. */
  readonly caughtUpMs: number;
  readonly phases: readonly Phase[];
}

/** One replica sees all of them come; then another one starts among them. */
export async function measureScale({ cluster, admin, from, policies }: ScaleSettings): Promise<Scale> {
  await cluster.apply(['pulse', 'scale'].map((name) => account(BENCH, name)));
  await cluster.apply([measured('pulse', 0)]);
  const [pulse = '', scale = ''] = await Promise.all(
    ['pulse', 'scale'].map((name) => proofOf(cluster, BENCH, name, AUDIENCE)),
  );
  const phases: Phase[] = [];
  async function during<T>(what: string, { url, ops }: Operator, work: () => Promise<T>): Promise<T> {
    await readGauges(ops);
    const began = performance.now();
    const end = startPulse(url, pulse);
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - began) / 1000;
      phases.push({ what, seconds, latencies: await end(), lagMs: (await readGauges(ops)).lagMs });
    }
  }

  const old = await startOperator(cluster, { flags: FLAGS });
  await old.ready();
  await sleep(2_000);
  const few = await readGauges(old.ops);
  await during(`${from} policies, at rest`, old, () => sleep(AT_REST_MS));
  const caughtUpMs = await during(`while ${policies - from} more are applied at once`, old, async () => {
    await fill(admin, from, policies);
    const served = askUntil(old.url, scale, ({ status }) => status === 200);
    served.catch(() => {});
    await admin.create(TRUST_POLICIES, measured('scale', 0), BENCH);
    const answered = performance.now();
    return Math.max(0, (await served) - answered);
  });
  await old.process.stop();

  const began = performance.now();
  const replica = await startOperator(cluster, { flags: FLAGS, kubeconfig: old.kubeconfig });
  const answersMs = performance.now() - began;
  await replica.ready(120_000);
  const readyMs = performance.now() - began;
  const atReady = await readGauges(replica.ops);
  if (atReady.rules < policies * 3) throw new Error(`${atReady.rules} rules are served`);

  await during(`${policies} policies, at rest`, replica, () => sleep(AT_REST_MS));
  const edits = await during(`${EDITS} edits`, replica, async () => {
    const took: number[] = [];
    for (let edition = 1; edition <= EDITS; edition += 1) {
      await sleep(100 + Math.random() * 100);
      const seen = askUntil(replica.url, scale, ({ caveats }) => caveats.includes(`edition = ${edition}`));
      seen.catch(() => {});
      const { spec } = measured('scale', edition) as { spec: object };
      await admin.patch(TRUST_POLICIES, 'scale', BENCH, 'merge', { spec });
      const answered = performance.now();
      took.push(Math.max(0, (await seen) - answered));
    }
    return took;
  });
  await during('it becomes the leader: lint, statuses', replica, async () => {
    const deadline = performance.now() + LEADS_WITHIN_MS;
    while (!/ leads/.test(replica.process.log(100_000)) && performance.now() < deadline) await sleep(250);
    await sleep(REPORTING_MS);
  });
  const later = await readGauges(replica.ops);
  await replica.process.stop();
  return { policies, answersMs, readyMs, few, atReady, later, edits, caughtUpMs, phases };
}

export function printScale(scale: Scale): void {
  const { policies, answersMs, readyMs, few, atReady, later, edits, caughtUpMs, phases } = scale;
  const sorted = Float64Array.from(edits).sort();
  const memory = ({ heapMiB, rssMiB }: Gauges) => `${heapMiB.toFixed(0)} / ${rssMiB.toFixed(0)} MiB`;
  console.log(`\n${policies.toLocaleString('en-US')} policies of 3 rules, one replica`);
  table([
    ['a start: until it answers, until it is ready', `${answersMs.toFixed(0)} ms, ${readyMs.toFixed(0)} ms`],
    ['heap used / resident, with the few', memory(few)],
    ['heap used / resident, when ready', memory(atReady)],
    ['heap used / resident, at the end', memory(later)],
    [
      'an edit takes effect after: median, worst',
      `${quantile(sorted, 0.5).toFixed(0)} ms, ${quantile(sorted, 1).toFixed(0)} ms`,
    ],
    ['applied at once, the last is served after', `${caughtUpMs.toFixed(0)} ms`],
  ]);
  console.log(
    '\nan exchange every 20 ms meanwhile: how long one takes, in ms, and the longest pause of the event loop',
  );
  const rows = phases.map(({ what, seconds, latencies: { count, p50, p99, worst, failed }, lagMs }) => [
    `${what} (${seconds.toFixed(0)} s)`,
    ...[count, failed, p50.toFixed(1), p99.toFixed(1), worst.toFixed(0), lagMs.toFixed(0)].map(String),
  ]);
  table([['', 'exchanges', 'failed', 'median', '99 %', 'worst', 'pause'], ...rows]);
}
