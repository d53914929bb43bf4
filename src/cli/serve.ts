/** `trustmint serve --manifests DIR`: wires a directory of manifests, the engine and the server, and stops them again. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type AuditSink, createAudit, fileSink, streamSink } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { createEngine } from '../exchange/index.ts';
import { FileKeyStore, openKeyRing } from '../keyring/index.ts';
import { compile } from '../policy/index.ts';
import { createIssuerKeys, createProofVerifier } from '../proof/index.ts';
import { createServer, tokenFile } from '../server/index.ts';
import { createManifestStore, lockDataDir, printProblem } from '../standalone/index.ts';
import { CliError } from './errors.ts';
import type { ListenAddress, RateFlag } from './flags.ts';
import { type Io, stopped } from './io.ts';
import { createLog } from './log.ts';
import { reportLines } from './report.ts';
import { revocationWatcher } from './revocation-watcher.ts';
import { version } from './version.ts';

export interface ServeFlags {
  manifests: string;
  issuer: string;
  listen: ListenAddress;
  opsListen: ListenAddress;
  dataDir: string;
  auditLog?: string;
  tlsCert?: string;
  tlsKey?: string;
  insecureHttp?: boolean;
  maxTtl: number;
  maxStaleness: number;
  rateLimit: RateFlag;
  tenant: string;
  defaultAudience: string;
  verifierTokenFile?: string;
  adminTokenFile?: string;
  rotateKeys: number;
}

/** Seconds: verify goes on longer than exchange does, for refusing what was granted hurts more than granting nothing. */
const MAX_VERIFY_STALENESS = 30 * 60;
/** Failed proofs a second and peer address. */
const FAILURES = { perSecond: 20, burst: 200 };
const GRACE_MS = 10_000;

/** Serves until SIGTERM, SIGINT or `io.signal`; then drains. */
export async function serve(flags: ServeFlags, io: Io): Promise<void> {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) {
    throw new CliError('usage', 'give both --tls-cert and --tls-key');
  }
  await requireDirectory(flags.manifests);
  const clock = systemClock;
  const random = (bytes: number) => randomBytes(bytes);
  // Whoever reads the log may go away; without a listener the error of the next line (EPIPE) would end the process.
  io.stderr.on('error', () => {});
  const log = createLog(io.stderr, clock);
  const unlock = lockDataDir(flags.dataDir);
  const closers: (() => void | Promise<void>)[] = [unlock];
  try {
    const audit = createAudit({
      sinks: [streamSink(io.stdout as NodeJS.WriteStream), ...(flags.auditLog ? [await auditLog(flags.auditLog)] : [])],
      clock,
      log: (message) => log('error', message),
    });
    closers.push(() => audit.close());
    const record = (event: Parameters<typeof audit.record>[0]) =>
      void audit.record(event).catch((error: Error) => log('error', error.message));

    const keyring = await openKeyRing({
      store: new FileKeyStore(flags.dataDir),
      clock,
      random,
      maxTtl: flags.maxTtl,
      rotateEvery: flags.rotateKeys,
      onChange: ({ action, kid }) => {
        log('info', `key ${action}`, { kid });
        record({ kind: 'key', id: '-', action, kid });
      },
      onProblem: (error) => log('error', error.message, { code: error.code }),
    });
    keyring.start();
    closers.push(() => keyring.close());

    const keys = createIssuerKeys({ clock, allowLoopbackHttp: true });
    closers.push(() => keys.close());
    const revocations = revocationWatcher(record, clock);
    const store = await createManifestStore({
      dir: flags.manifests,
      dataDir: flags.dataDir,
      clock,
      random,
      compile: (objects) =>
        compile(objects, {
          tenancy: { mode: 'Single', tenant: flags.tenant },
          defaultAudience: flags.defaultAudience,
          maxTtl: flags.maxTtl,
          ownIssuer: flags.issuer,
          allowLoopbackHttp: true,
        }),
      onChange: (changed) => {
        keys.retain(changed.snapshot()?.anchors.values() ?? []);
        // Not before the policies are there: they revoke too.
        if (changed.snapshot()) revocations(changed.revocations());
      },
      onReports: (reports) => {
        for (const { level, message, fields } of reports.flatMap(reportLines)) log(level, message, fields);
      },
      onProblems: (problems) => {
        for (const problem of problems) log('error', printProblem(problem));
        if (problems.length === 0) log('info', 'every manifest is read again');
      },
    });
    closers.push(() => store.close());

    const engine = createEngine({
      view: store,
      proofs: createProofVerifier({ keys, clock }),
      keyring,
      audit,
      clock,
      random,
      issuer: flags.issuer,
      maxStaleness: flags.maxStaleness,
      maxVerifyStaleness: Math.max(MAX_VERIFY_STALENESS, flags.maxStaleness),
      rateLimit: flags.rateLimit,
      failureLimit: FAILURES,
      issuers: () => keys.status(),
      checks: () => {
        const problem = keyring.problem();
        const silent = audit.status().find(({ ok }) => !ok);
        return [
          { name: 'keys', ok: problem === undefined, ...(problem && { message: problem.message }) },
          // Only a next exchange can find out that it works again: readiness must not keep exchanges away.
          { name: 'audit', ok: true, ...(silent && { message: `${silent.name} takes no records: ${silent.failure}` }) },
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
      ...(flags.verifierTokenFile && { verifierToken: tokenFile(flags.verifierTokenFile, clock) }),
      ...(flags.adminTokenFile && { adminToken: tokenFile(flags.adminTokenFile, clock) }),
      version: version(),
    });
    const { url, opsUrl } = await server.start();
    closers.push(() => server.close(GRACE_MS));
    io.stderr.write(`listening url=${url} ops=${opsUrl}\n`);
    await stopped(io.signal);
    log('info', 'draining');
  } finally {
    for (const close of closers.reverse()) await close();
  }
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

/** A directory that is not there is a slip of the pen; one that is there and cannot be read may yet become readable. */
async function requireDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw new CliError('no_manifests', `--manifests: there is no directory ${path}`);
}
