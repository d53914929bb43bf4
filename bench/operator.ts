/**
 * `make bench-operator`: how fast three replicas serve a change that a real API server has answered, and what ten
 * thousand policies cost. `--quick` for a short run; `--check` to fail where a target is missed. docs/benchmarks.md says
 * how to read it.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { withBenchCluster } from './lib/bench-cluster.ts';
import { fill } from './lib/cluster-objects.ts';
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
await withBenchCluster(async (cluster, admin) => {
  await fill(admin, 0, OTHERS);
  if (options.part !== 'scale') {
    const met = printSpread(await measureSpread({ cluster, admin, others: OTHERS, rounds: ROUNDS }));
    if (options.check && !met) process.exitCode = 1;
  }
  if (options.part !== 'spread') printScale(await measureScale({ cluster, admin, from: OTHERS, policies: SCALE }));
});
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s`);
