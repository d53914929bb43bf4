/**
 * `make bench-operator`: how fast three replicas serve a change that a real API server has answered, and what ten
 * thousand policies cost. `--quick` for a short run; `--check` to fail where a target is missed. docs/benchmarks.md says
 * how to read it.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { install, startCluster } from '../test/e2e/cluster/index.ts';
import { administrator, namespaceNamed } from '../test/e2e/serve-support.ts';
import { BENCH, fill, TEAM_NAMESPACES } from './lib/cluster-objects.ts';
import { measureScale, printScale } from './operator-scale.ts';
import { measureSpread, printSpread } from './operator-spread.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    /** Default: both. */
    part: { type: 'string' },
  },
});
const OTHERS = 1_000;
const ROUNDS = options.quick ? 20 : 100;
const SCALE = options.quick ? 3_000 : 10_000;

const began = performance.now();
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores;`);
console.log('etcd, kube-apiserver, every replica and this program share them\n');
const cluster = await startCluster();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cluster.stop().finally(() => process.exit(130)));
// The cluster does not keep this process alive.
const awake = setInterval(() => {}, 60_000);
try {
  await install(cluster);
  await cluster.apply([BENCH, ...TEAM_NAMESPACES].map((name) => namespaceNamed(name)));
  const admin = await administrator(cluster);
  try {
    await fill(admin, 0, OTHERS);
    if (options.part !== 'scale') {
      const met = printSpread(await measureSpread({ cluster, admin, others: OTHERS, rounds: ROUNDS }));
      if (options.check && !met) process.exitCode = 1;
    }
    if (options.part !== 'spread') printScale(await measureScale({ cluster, admin, from: OTHERS, policies: SCALE }));
  } finally {
    admin.close();
  }
} finally {
  await cluster.stop();
  clearInterval(awake);
}
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s`);
