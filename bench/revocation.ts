/**
 * `make bench-revocation`: how soon a revocation is in force in three replicas and in an offline verifier, on a real API
 * server, and what ten thousand of them cost each verify. `--quick` for a short run; `--check` to fail where a target is
 * missed. docs/benchmarks.md says how to read it.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startOperator } from '../test/e2e/cluster/index.ts';
import { withBenchCluster } from './lib/bench-cluster.ts';
import { fill, reported } from './lib/cluster-objects.ts';
import { chooseCores } from './lib/pin.ts';
import { printTargets } from './lib/report.ts';
import { fillRevocations } from './lib/revocations.ts';
import { printRevocations } from './revocation-report.ts';
import { measureRevocations } from './revocation-spread.ts';
import { measureVerify } from './revocation-verify.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    /** `spread` or `verify`; default: both. */
    part: { type: 'string' },
  },
});
const REPLICAS = 3;
const POLICIES = 1_000;
const REVOCATIONS = 10_000;
/** Seconds: what examples/gateway takes where nobody says otherwise. */
const POLL = 5;

const began = performance.now();
const cores = chooseCores();
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`);
let met = true;
if (options.part !== 'spread') {
  console.log(`verify, ${cores.note}`);
  const rounds = options.quick ? 3 : 9;
  met = printTargets([await measureVerify({ cores, revocations: REVOCATIONS, rounds })]) && met;
}
if (options.part !== 'verify') met = (await spread(options.quick ? 54 : 300)) && met;
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s`);
if (options.check && !met) process.exitCode = 1;

async function spread(rounds: number): Promise<boolean> {
  console.log('\netcd, kube-apiserver, every replica, the verifier and this program share the cores');
  return await withBenchCluster(async (cluster, admin) => {
    await fill(admin, 0, POLICIES);
    await fillRevocations(admin, REVOCATIONS);
    const flags = ['--rate-limit=10000,20000'];
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => startOperator(cluster, { flags })));
    for (const replica of replicas) await replica.ready();
    await reported(admin, POLICIES);
    const counts = [POLICIES, REVOCATIONS].map((count) => count.toLocaleString('en-US'));
    console.log(`${REPLICAS} replicas serve ${counts[0]} policies of 3 rules and ${counts[1]} TokenRevocations`);
    return printRevocations(await measureRevocations({ cluster, admin, replicas, rounds, interval: POLL }));
  });
}
