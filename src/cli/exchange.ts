/** `trustmint exchange`: a workload's own token for one of ours. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import { CliError } from './errors.ts';
import { readInput, unreadable } from './input.ts';
import { inspectJwt, looksLikeJwt } from './inspect-jwt.ts';
import type { Io } from './io.ts';
import { askMint, type MintAnswer, MintError, shown } from './mint-client.ts';
import { describedToken } from './token.ts';

interface ExchangeFlags {
  url: string;
  proofFile: string;
  caFile?: string;
  resource?: string;
  scope?: string[];
  /** Seconds. */
  ttl?: number;
  out?: string;
  inspect?: true;
  /** Seconds. */
  wait?: number;
}

/** Milliseconds between two tries: soon at first, for a policy takes a moment, then at leisure. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

/**
 * What may be otherwise in a while: a policy is served or a certificate made, a mint comes up. `refused` stands for a
 * proxy that has no mint behind it yet.
 */
const PASSING = new Set([
  'unreachable',
  'untrusted',
  'no_ca',
  'refused',
  'invalid_proof',
  'no_matching_policy',
  'rate_limited',
  'temporarily_unavailable',
  'server_error',
]);

/** One exchange. The token goes to standard output or into a file, and with `inspect` is shown only by what it says. */
export async function exchange(flags: ExchangeFlags, io: Io, clock: Clock = systemClock): Promise<void> {
  const { out, inspect } = flags;
  const answer = await granted(flags, io, clock);
  const { token } = answer;
  if (typeof token !== 'string' || token === '')
    throw new CliError('refused', `no mint: ${flags.url} answered without a token`);
  if (out !== undefined) await keep(out, token);
  if (inspect)
    io.stdout.write(`${about(answer)}${looksLikeJwt(token) ? inspectJwt(token, false) : describedToken(token)}`);
  else if (out === undefined) io.stdout.write(`${token}\n`);
}

/** Asks until it is granted, refused for good, or `wait` is over; says on standard error what it waits for. */
async function granted(flags: ExchangeFlags, io: Io, clock: Clock): Promise<MintAnswer> {
  const { wait = 0, proofFile } = flags;
  const end = clock.monotonic() + wait * 1000;
  // Standard input is there once; a file is read for each try, for its token is replaced as it ages.
  const once = proofFile === '-' ? await readInput('-', io) : undefined;
  let told = '';
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await ask(flags, once ?? (await readInput(proofFile, io)), io);
    } catch (error) {
      const left = end - clock.monotonic();
      if (!(error instanceof CliError) || !PASSING.has(error.code) || left <= 0 || io.signal?.aborted) throw error;
      const why = `${error.message.replace(/; correlation id .*$/, '')} (${error.code})`;
      if (why !== told) io.stderr.write(`waiting: ${why}\n`);
      told = why;
      const asked = error instanceof MintError ? error.retryAfter * 1000 : 0;
      await pass(clock, Math.min(left, Math.max(pause, asked)));
    }
  }
}

/** The clock's timers keep no process alive, and between two tries nothing else does. */
async function pass(clock: Clock, ms: number): Promise<void> {
  const awake = setInterval(() => {}, ms);
  await new Promise<void>((resolve) => clock.setTimer(resolve, ms));
  clearInterval(awake);
}

async function ask({ url, caFile, resource, scope, ttl }: ExchangeFlags, proof: string, io: Io): Promise<MintAnswer> {
  const credentials = proof.trim();
  if (credentials === '') throw new CliError('no_proof', '--proof-file: there is nothing in it');
  const body = { credentials, resource, ttl, ...(scope && { scopes: scope }) };
  return await askMint({ url, path: '/api/mint/exchange', body, caFile, signal: io.signal });
}

/** For nobody else to read, and whole or not at all. */
async function keep(file: string, token: string): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    await writeFile(beside, `${token}\n`, { mode: 0o600, flag: 'wx' });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw unreadable(file, error);
  }
}

/** What the answer says beside the token. */
function about({ policy, resource, correlation_id: id }: MintAnswer): string {
  const rows = Object.entries({ 'granted by': policy, resource, correlation: id });
  return rows
    .flatMap(([name, value]) => (typeof value === 'string' ? `${name.padEnd(12)}${shown(value)}\n` : []))
    .join('');
}
