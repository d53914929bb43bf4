/** What serving needs wherever the policies come from: the audit log, the engine and the server, and their end. */
import { randomBytes } from 'node:crypto';
import { type AuditEvent, type AuditSink, createAudit, fileSink, streamSink } from '../audit/index.ts';
import { type Clock, systemClock } from '../clock.ts';
import { createEngine, type EngineSettings, type HealthCheck } from '../exchange/index.ts';
import { type KeyRingOptions, makeJwtKeys } from '../keyring/index.ts';
import type { IssuerKeyStore, ProofVerifier } from '../proof/index.ts';
import { createMetrics, createServer, type Metrics, type ServerOptions } from '../server/index.ts';
import { CliError, ToldError } from './errors.ts';
import { type Io, stopped } from './io.ts';
import { createLog, type Log } from './log.ts';
import { paced } from './paced.ts';
import type { ServeFlags } from './serve.ts';
import { version } from './version.ts';

/** Seconds: verify goes on longer than exchange does, for refusing what was granted hurts more than granting nothing. */
const MAX_VERIFY_STALENESS = 30 * 60;
/** Failed proofs a second and peer address. */
const FAILURES = { perSecond: 20, burst: 200 };
const GRACE_MS = 10_000;

export interface Serving {
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Leaves an audit record; what cannot be written is logged. */
  record(event: AuditEvent): void;
  /** Resolves when the audit record is written. @throws AuditError */
  recorded(event: AuditEvent): Promise<void>;
  /** What to close in the end, last first. */
  onClose(close: () => void | Promise<void>): void;
  /** Answers requests until the process is told to stop. */
  answer(parts: ServingParts): Promise<void>;
}

export interface ServingParts
  extends Pick<ServerOptions, 'access' | 'agents' | 'verifierToken' | 'adminToken' | 'tls'> {
  readonly view: EngineSettings['view'];
  readonly proofs: ProofVerifier;
  readonly keyring: EngineSettings['keyring'];
  readonly writeRevocation: NonNullable<EngineSettings['writeRevocation']>;
  readonly issuerKeys: Pick<IssuerKeyStore, 'status'>;
  /** Why our own keys are not as they should be. */
  readonly keyProblem: () => { readonly message: string } | undefined;
  readonly checks?: () => readonly HealthCheck[];
  readonly clockAhead?: () => number | undefined;
  readonly clockIsWrong?: () => boolean;
}

/** Runs `serve` with what it needs, and closes in the end whatever was begun. */
export async function withServing(
  flags: ServeFlags,
  io: Io,
  serve: (serving: Serving) => Promise<void>,
  before: () => readonly (() => void | Promise<void>)[] = () => [],
): Promise<void> {
  const clock = systemClock;
  const random = (bytes: number) => randomBytes(bytes);
  // Whoever reads the log may go away; without a listener the error of the next line (EPIPE) would end the process.
  io.stderr.on('error', () => {});
  const metrics = createMetrics(version(), clock);
  const { logFormat, logLevel } = flags;
  const logger = createLog(io.stderr, { clock, format: logFormat, level: logLevel, onMessage: metrics.logged });
  const { log } = logger;
  const closers: (() => void | Promise<void>)[] = [() => logger.close()];
  try {
    closers.push(...before());
    const audit = createAudit({
      sinks: [streamSink(io.stdout as NodeJS.WriteStream), ...(flags.auditLog ? [await auditLog(flags.auditLog)] : [])],
      clock,
      log: (message, level) => log(level, message),
    });
    closers.push(() => audit.close());
    metrics.audit(() => audit.status());
    log('info', 'starting', { version: version(), node: process.version });

    await serve({
      clock,
      random,
      log,
      metrics,
      record: paced((event) => audit.record(event), log),
      recorded: (event) => audit.record(event),
      onClose: (close) => void closers.push(close),
      async answer({ view, proofs, keyring, issuerKeys, keyProblem, checks, clockAhead, clockIsWrong, ...others }) {
        const { writeRevocation, ...guards } = others;
        const engine = createEngine({
          view,
          proofs,
          keyring,
          writeRevocation,
          audit,
          clock,
          random,
          issuer: flags.issuer,
          maxStaleness: flags.maxStaleness,
          maxVerifyStaleness: MAX_VERIFY_STALENESS,
          rotateKeys: flags.rotateKeys,
          rateLimit: flags.rateLimit,
          failureLimit: FAILURES,
          ...(clockAhead && { clockAhead }),
          ...(clockIsWrong && { clockIsWrong }),
          issuers: () => issuerKeys.status(),
          checks: () => {
            const problem = keyProblem();
            const silent = audit.status().find(({ ok }) => !ok);
            const message = silent && `${silent.name} takes no records: ${silent.failure}`;
            return [
              // With keys in memory all goes on, and who cannot read the store keeps nobody from verifying.
              { name: 'keys', ok: keyring.states().length > 0, ...(problem && { message: problem.message }) },
              // Only a next exchange can find out that it works again: readiness must not keep exchanges away.
              { name: 'audit', ok: true, ...(message && { message }) },
              ...(checks?.() ?? []),
            ];
          },
        });
        const server = createServer({
          engine,
          clock,
          random,
          log,
          listen: flags.listen,
          opsListen: flags.opsListen,
          ...(flags.tlsCert && flags.tlsKey && { tls: { certFile: flags.tlsCert, keyFile: flags.tlsKey } }),
          insecureHttp: flags.insecureHttp ?? false,
          ...guards,
          metrics,
        });
        const { url, opsUrl } = await server.start();
        closers.push(() => server.close(GRACE_MS));
        log('info', 'listening', { url, ops: opsUrl });
        await stopped(io.signal);
        log('info', 'draining', { delay_s: flags.drainDelay });
        server.retire();
        await drainDelay(flags.drainDelay, clock);
      },
    });
  } catch (error) {
    if (logger.format === 'json') throw toldOf(error, log);
    throw error;
  } finally {
    // What is closed may wait for the clock's timers, which keep no process alive: it would end in the middle.
    const hold = setInterval(() => {}, 60_000);
    try {
      for (const close of closers.reverse()) await close();
    } finally {
      clearInterval(hold);
    }
  }
}

/** What ends `serve` is in its log, and on the terminal of whoever reads no JSON. */
function toldOf(error: unknown, log: Log): unknown {
  const code = (error as { code?: unknown }).code;
  if (!(error instanceof Error) || typeof code !== 'string') return error;
  log('error', error.message, { code });
  return new ToldError(error instanceof CliError ? error.exitCode : 1);
}

/** Goes on as it is for so many seconds, or until it is told to stop a second time. */
async function drainDelay(seconds: number, clock: Clock): Promise<void> {
  if (seconds === 0) return;
  const hurry = new AbortController();
  const waited = Promise.withResolvers<void>();
  const timer = clock.setTimer(waited.resolve, seconds * 1_000);
  // The clock's timers keep no process alive; its listeners do.
  await Promise.race([waited.promise, stopped(hurry.signal)]);
  timer.cancel();
  hurry.abort();
}

/** How our own keys are kept, and who is told of their changes. */
export function keyRingOptions(flags: ServeFlags, { clock, random, log, record }: Serving) {
  return {
    clock,
    random,
    makeJwtKeys,
    maxTtl: flags.maxTtl,
    rotateEvery: flags.rotateKeys,
    onChange: ({ action, kid }) => {
      log('info', `key ${action}`, { kid });
      record({ kind: 'key', id: '-', action, kid });
    },
    onProblem: (error) => log('error', error.message, { code: error.code }),
  } satisfies Partial<KeyRingOptions>;
}

/** No exchange is answered without its record, so a log that cannot be written is found before any. */
async function auditLog(path: string): Promise<AuditSink> {
  const sink = fileSink(path);
  try {
    await sink.write('');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new CliError('audit_log', `--audit-log ${path}: ${why}`);
  }
  return sink;
}
