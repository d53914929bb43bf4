/** How soon revocations were in force, as a table, and whether that is soon enough. */
import { table } from './lib/report.ts';
import { quantile } from './lib/stats.ts';
import type { RevocationSpread, Times } from './revocation-spread.ts';

/** Milliseconds of the 99 % of all revocations in the slowest replica. */
const REPLICA_TARGET = 1_000;
/** Milliseconds that a verifier may need beyond one interval: its poll, and what the replica needs itself. */
const POLL_TARGET = 1_000;

export interface Target {
  readonly what: string;
  readonly ms: number;
  readonly atMost: number;
}

/** @returns whether the targets are met */
export function printRevocations({ times, interval }: RevocationSpread): boolean {
  const kinds = [...new Set(times.map(({ kind }) => kind))];
  const of = (kind: string) => times.filter((one) => one.kind === kind);
  console.log("\nms from the API server's answer to a revocation until the first refusal");
  const head = ['the slowest replica', 'count', 'p50', 'p99', 'worst', 'a bare watch: p50', 'p99', 'worst'];
  const row = (name: string, some: readonly Times[]) => [
    name,
    String(some.length),
    ...figures(some.map(slowest)),
    ...figures(some.map(({ watch }) => watch)),
  ];
  table([head, ...kinds.map((kind) => row(kind, of(kind))), row('all', times)]);

  const each = (times[0]?.replicas ?? []).map((_, i) => [
    `replica ${i + 1}`,
    String(times.length),
    ...figures(times.map(({ replicas }) => replicas[i] as number)),
  ]);
  console.log();
  table([['each replica', 'count', 'p50', 'p99', 'worst'], ...each]);

  const polled = times.filter(({ offline }) => offline !== undefined);
  const late = (some: readonly Times[]) => figures(some.map(({ offline = 0 }) => offline));
  const rows = kinds.flatMap((kind) => {
    const some = polled.filter((one) => one.kind === kind);
    return some.length === 0 ? [] : [[kind, String(some.length), ...late(some)]];
  });
  console.log();
  const title = `an offline verifier that polls every ${interval} s (examples/gateway)`;
  table([[title, 'count', 'p50', 'p99', 'worst'], ...rows, ['all', String(polled.length), ...late(polled)]]);

  const targets = targetsOf({ times, interval });
  console.log();
  table([
    ['target', 'ms', 'at most', ''],
    ...targets.map(({ what, ms, atMost }) => [what, ms.toFixed(0), String(atMost), ms <= atMost ? 'met' : 'MISSED']),
  ]);
  return targets.every(({ ms, atMost }) => ms <= atMost);
}

/** What is demanded of the times, and what they came to, in milliseconds. */
export function targetsOf({ times, interval }: RevocationSpread): readonly Target[] {
  const late = times.flatMap(({ offline }) => (offline === undefined ? [] : [offline]));
  const inReplicas = quantile(Float64Array.from(times.map(slowest)).sort(), 0.99);
  return [
    { what: 'the slowest replica, 99 %', ms: inReplicas, atMost: REPLICA_TARGET },
    {
      what: 'the verifier, worst: one interval and its poll',
      ms: Math.max(...late),
      atMost: interval * 1_000 + POLL_TARGET,
    },
  ];
}

const slowest = ({ replicas }: Times): number => Math.max(...replicas);

function figures(ms: readonly number[]): string[] {
  const sorted = Float64Array.from(ms).sort();
  return [0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(0));
}
