/** From the API server's answer to a write until all three replicas serve it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../src/kube/types.ts';
import { type Cluster, type Operator, startOperator } from '../test/e2e/cluster/index.ts';
import { account, proofOf, TRUST_POLICIES } from '../test/e2e/serve-support.ts';
import { AUDIENCE, BENCH, measured, reported } from './lib/cluster-objects.ts';
import { askUntil, type Seen } from './lib/exchanges.ts';
import { table } from './lib/report.ts';
import { quantile } from './lib/stats.ts';

const REPLICAS = 3;
const WARM_UPS = 3;
const MEDIAN_TARGET = 100;
const WORST_TARGET = 1_000;
const KINDS = ['apply', 'edit', 'delete'] as const;
type Kind = (typeof KINDS)[number];

/** Milliseconds, a number for each write: of the slowest replica. */
export type SpreadTimes = Readonly<Record<Kind, readonly number[]>>;

export interface SpreadSettings {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  /** Policies that are there already. */
  readonly others: number;
  readonly rounds: number;
}

/** Three replicas, then one policy applied, edited and deleted again and again, while all three are asked for tokens. */
export async function measureSpread({ cluster, admin, others, rounds }: SpreadSettings): Promise<SpreadTimes> {
  const name = 'spread';
  await cluster.apply([account(BENCH, name)]);
  const proof = await proofOf(cluster, BENCH, name, AUDIENCE);
  const flags = ['--rate-limit=10000,20000'];
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => startOperator(cluster, { flags })));
  for (const replica of replicas) await replica.ready();
  await reported(admin, others);
  console.log(`${REPLICAS} replicas serve ${others.toLocaleString('en-US')} policies of 3 rules`);

  const times: Record<Kind, number[]> = { apply: [], edit: [], delete: [] };
  const granted = (edition: number) => (seen: Seen) =>
    seen.status === 200 && seen.caveats.includes(`edition = ${edition}`);
  for (let round = -WARM_UPS; round < rounds; round += 1) {
    const note = (kind: Kind, ms: number) => void (round >= 0 && times[kind].push(ms));
    const object = measured(name, 1);
    const create = () => admin.create(TRUST_POLICIES, object, BENCH);
    note('apply', await timed(replicas, proof, create, granted(1)));
    const { spec } = measured(name, 2) as { spec: object };
    const edit = () => admin.patch(TRUST_POLICIES, name, BENCH, 'merge', { spec });
    note('edit', await timed(replicas, proof, edit, granted(2)));
    const remove = () => admin.delete(TRUST_POLICIES, name, BENCH);
    note('delete', await timed(replicas, proof, remove, ({ status }) => status === 403));
  }
  for (const { process } of replicas) await process.stop();
  return times;
}

/** @returns milliseconds from the API server's answer to `write` until the last replica answered by it */
async function timed(
  replicas: readonly Operator[],
  proof: string,
  write: () => Promise<unknown>,
  served: (seen: Seen) => boolean,
): Promise<number> {
  // Not in step with anything, and each write on its own.
  await sleep(50 + Math.random() * 100);
  const seen = Promise.all(replicas.map(({ url }) => askUntil(url, proof, served)));
  // Whatever becomes of the write, it is awaited below.
  seen.catch(() => {});
  await write();
  const answered = performance.now();
  // A replica may hear of it before the writer does.
  return Math.max(0, Math.max(...(await seen)) - answered);
}

/** @returns whether the targets are met */
export function printSpread(times: SpreadTimes): boolean {
  let met = true;
  const rows = KINDS.map((kind) => {
    const sorted = Float64Array.from(times[kind]).sort();
    const [median, high, worst] = [0.5, 0.95, 1].map((share) => quantile(sorted, share)) as [number, number, number];
    const isMet = median <= MEDIAN_TARGET && worst <= WORST_TARGET;
    met &&= isMet;
    const cells = [sorted.length, ...[median, high, worst].map((ms) => ms.toFixed(0)), isMet ? 'met' : 'MISSED'];
    return [kind, ...cells.map(String)];
  });
  console.log(
    `  ms from the API server's answer until all replicas serve it; target: median ≤ ${MEDIAN_TARGET}, worst ≤ ${WORST_TARGET}`,
  );
  table([['write', 'count', 'median', '95 %', 'worst', 'target'], ...rows]);
  return met;
}
