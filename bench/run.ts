/**
 * `make bench`: Trustmint beside a bare node:http echo and oidc-provider, in turns in one run, and the rule index.
 * `--quick` for a short run; `--check` to fail where a target is missed. docs/benchmarks.md says how to read it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { IndexRatio } from './index.ts';
import { CPU_SOURCE } from './lib/cpu.ts';
import { startGenerator } from './lib/generator.ts';
import { CONNECTIONS, measure, type Slice, warmUp } from './lib/measure.ts';
import { type Cores, chooseCores, pinSelf, spawnNode } from './lib/pin.ts';
import { printServers, printTargets, ratios, type Targeted } from './lib/report.ts';
import { spread } from './lib/stats.ts';
import { startEcho } from './peers/echo.ts';
import { startOidcProvider } from './peers/oidc-provider.ts';
import type { Target } from './peers/target.ts';
import { startTrustmint } from './peers/trustmint.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
});
const ROUNDS = options.quick ? 3 : 9;
const SCALE = options.quick ? 0.5 : 1;
const CHECKED = 500;

const FIRST_SEEN_TARGET = 2.5;
const REPEATED_TARGET = 5;
const INDEX_TARGET = 1.5;

async function servers(cores: Cores, dir: string): Promise<Targeted[]> {
  const stops: (() => unknown)[] = [];
  try {
    const generator = startGenerator(cores.load);
    stops.push(() => generator.stop());
    const { server, firstSeen, repeated } = await startTrustmint(cores.server, dir);
    stops.push(() => server.stop());
    const oidc = await startOidcProvider(cores.server);
    stops.push(() => oidc.server.stop());
    const answerBytes = await answerSize(firstSeen);
    const echo = await startEcho(cores.server, repeated.bodies, answerBytes);
    stops.push(() => echo.server.stop());

    const targets = [firstSeen, repeated, oidc, echo];
    for (const target of targets) {
      await warmUp(generator, target, CHECKED);
      await measure(generator, target, Math.ceil(target.slice * SCALE));
    }
    const rounds = new Map(targets.map((target) => [target.name, [] as Slice[]]));
    for (let round = 0; round < ROUNDS; round += 1) {
      // Each round begins with another server, so that none is always the one after another.
      for (let i = 0; i < targets.length; i += 1) {
        const target = targets[(round + i) % targets.length] as Target;
        rounds.get(target.name)?.push(await measure(generator, target, Math.ceil(target.slice * SCALE)));
      }
      const line = targets.map((t) => `${t.name} ${rounds.get(t.name)?.at(-1)?.perCpuSecond.toFixed(0)}`);
      console.log(`  round ${round + 1}/${ROUNDS}: ${line.join(' · ')}`);
    }
    console.log();
    printServers(rounds);
    console.log(`  answers of ${answerBytes} bytes from Trustmint and the echo; no errors\n`);
    return [
      compare(rounds, firstSeen, oidc, FIRST_SEEN_TARGET),
      compare(rounds, repeated, oidc, REPEATED_TARGET),
      compare(rounds, firstSeen, echo),
      compare(rounds, repeated, echo),
    ];
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function compare(rounds: ReadonlyMap<string, Slice[]>, ours: Target, theirs: Target, atLeast?: number): Targeted {
  const perRound = ratios(rounds, ours.name, theirs.name);
  const what = `${ours.name} / ${theirs.name}`;
  console.log(`  ${what}, by round: ${perRound.map((ratio) => ratio.toFixed(2)).join('  ')}`);
  return { what, value: spread(perRound), atLeast };
}

async function answerSize({ server, path, contentType, bodies, check }: Target): Promise<number> {
  const [body = ''] = bodies(1);
  const response = await fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { 'Content-Type': contentType },
    body,
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`Trustmint answers ${response.status}: ${answer}`);
  check(answer);
  return Buffer.byteLength(answer);
}

/** In a process of its own: its compiler must not have seen the servers' code, nor its core the generator. */
async function index(cores: Cores): Promise<Targeted[]> {
  const program = join(import.meta.dirname, 'index.ts');
  const args = options.quick ? [program, '--quick'] : [program];
  const child = spawnNode(cores.server, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { promise, resolve, reject } = Promise.withResolvers<IndexRatio[]>();
  child.once('message', (ratio) => resolve(ratio as IndexRatio[]));
  child.once('exit', (code) => reject(new Error(`the index bench ended with ${code}`)));
  return (await promise).map(({ what, value, isTargeted }) => ({
    what,
    value,
    atMost: isTargeted ? INDEX_TARGET : undefined,
  }));
}

const cores = chooseCores();
pinSelf(cores.load);
const dir = mkdtempSync(join(tmpdir(), 'trustmint-bench-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const started = performance.now();
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores; ${cores.note}`);
console.log(`CPU: ${CPU_SOURCE}; ${CONNECTIONS} keep-alive connections, one request at a time on each\n`);
const targets = [...(await servers(cores, dir)), ...(await index(cores))];
console.log();
const met = printTargets(targets);
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
if (options.check && !met) process.exitCode = 1;
