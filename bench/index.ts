/**
 * What one decision costs among 10, 1,000 and 100,000 rules: `decide()` on a compiled snapshot, in process, for an
 * identity that a rule matches and for one that none does. `make bench` runs it, and `node bench/index.ts` alone.
 */
import { parseArgs } from 'node:util';
import type { VerifiedIdentity } from '../src/identity.ts';
import { compile, type Snapshot } from '../src/policy/index.ts';
import { SHAPES, type Shape } from './lib/index-shapes.ts';
import { table } from './lib/report.ts';
import { format, pairwise, type Spread, spread } from './lib/stats.ts';

export interface IndexRatio {
  readonly what: string;
  readonly value: Spread;
  readonly isTargeted: boolean;
}

type Kind = (typeof KINDS)[number]['name'];

interface Series {
  readonly rules: number;
  readonly kind: Kind;
  readonly snapshot: Snapshot;
  /** One request each: `decide` takes the identities of one proof. */
  readonly proofs: (readonly [VerifiedIdentity])[];
  /** CPU nanoseconds per decision, by round. */
  readonly nanoseconds: number[];
}

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const SIZES = [10, 1_000, 100_000] as const;
const ROUNDS = options.quick ? 7 : 15;
const WARM_UPS = 3;
const DECISIONS = options.quick ? 20_000 : 50_000;
/** Proofs, each an object of its own, at every size. */
const IDENTITIES = 4_096;
/**
 * Whose proofs they are. Ten workloads at every size: only the number of rules differs, and that is what has a target.
 * As many workloads as proofs: each match also reads a rule that the CPU's caches have long forgotten.
 */
const KINDS = [
  { name: 'match', workloads: 10, isTargeted: true },
  { name: 'match, each another rule', workloads: IDENTITIES, isTargeted: false },
  { name: 'no match', workloads: IDENTITIES, isTargeted: false },
] as const;

function prepare(shape: Shape, rules: number): Series[] {
  const snapshot = compile(shape.objects(rules), {
    tenancy: { mode: 'Single', tenant: 'default' },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ownIssuer: 'http://127.0.0.1:8080',
    allowLoopbackHttp: true,
  });
  if (snapshot.ruleCount !== rules) throw new Error(`${shape.name}: ${snapshot.ruleCount} of ${rules} rules served`);
  const anchor = snapshot.anchorsOf(shape.issuer)[0]?.id ?? '';
  return KINDS.map(({ name: kind, workloads }) => {
    const isMatch = kind !== 'no match';
    const proofs = Array.from({ length: IDENTITIES }, (_, i): [VerifiedIdentity] => {
      const workload = scattered(i % workloads) % rules;
      return [{ ...(isMatch ? shape.hit(workload) : shape.miss(workload)), anchor }];
    });
    for (const proof of proofs)
      if (snapshot.decide(proof, {}).allowed !== isMatch) throw new Error(`${shape.name}: not a ${kind}`);
    return { rules, kind, snapshot, proofs, nanoseconds: [] };
  });
}

/** Spread over the whole range, in an order that no cache can follow. */
function scattered(i: number): number {
  return Math.imul(i, 0x9e3779b1) >>> 0;
}

/** @returns CPU nanoseconds per decision */
function time({ snapshot, proofs }: Series, decisions: number): number {
  let allowed = 0;
  // CPU time, for a busy machine stretches the other.
  const start = process.cpuUsage();
  for (let i = 0; i < decisions; i += 1) {
    const proof = proofs[i % IDENTITIES] as readonly [VerifiedIdentity];
    if (snapshot.decide(proof, {}).allowed) allowed += 1;
  }
  const { user, system } = process.cpuUsage(start);
  if (allowed !== 0 && allowed !== decisions) throw new Error('the decisions differ');
  return ((user + system) * 1000) / decisions;
}

function measure(shape: Shape): IndexRatio[] {
  const series = SIZES.flatMap((rules) => prepare(shape, rules));
  for (let i = 0; i < WARM_UPS; i += 1) for (const one of series) time(one, DECISIONS);
  for (let round = 0; round < ROUNDS; round += 1) for (const one of series) one.nanoseconds.push(time(one, DECISIONS));

  return KINDS.map(({ name: kind, isTargeted }) => {
    const of = (rules: number) => series.find((s) => s.kind === kind && s.rules === rules)?.nanoseconds ?? [];
    rows.push([`${shape.name}: ${kind}`, ...SIZES.map((rules) => format(spread(of(rules)), 0))]);
    const value = spread(pairwise(of(100_000), of(10), (a, b) => a / b));
    return { what: `${shape.name}: ${kind}, among 100,000 / 10`, value, isTargeted };
  });
}

const rows = [['CPU ns per decision', '10 rules', '1,000 rules', '100,000 rules']];
const ratios = SHAPES.flatMap(measure);
console.log();
table(rows);
if (process.send) process.send(ratios, () => process.disconnect());
else table([['ratio', 'median (range)'], ...ratios.map(({ what, value }) => [what, format(value)])]);
