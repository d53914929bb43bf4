/** `trustmint serve --manifests DIR`: wires a directory of manifests, the engine and the server, and stops them again. */
import { stat } from 'node:fs/promises';
import { FileKeyStore, openKeyRing } from '../keyring/index.ts';
import { compile } from '../policy/index.ts';
import { createIssuerKeys, createProofVerifier } from '../proof/index.ts';
import { tokenFile } from '../server/index.ts';
import {
  createAgentWriter,
  createManifestStore,
  lockDataDir,
  printProblem,
  writeRevocation,
} from '../standalone/index.ts';
import { recordedAgents } from './agent-records.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';
import { reportLog } from './report-log.ts';
import { revocationWatcher } from './revocation-watcher.ts';
import type { ServeFlags } from './serve.ts';
import { keyRingOptions, withServing } from './serving.ts';

/** Serves until told to stop; then drains. */
export async function serveManifests(flags: ServeFlags & { manifests: string }, io: Io): Promise<void> {
  await requireDirectory(flags.manifests);
  await withServing(
    flags,
    io,
    async (serving) => {
      const { clock, random, log, record, onClose, answer } = serving;
      const store = new FileKeyStore(flags.dataDir);
      const keyring = await openKeyRing({ store, ...keyRingOptions(flags, serving) });
      keyring.start();
      onClose(() => keyring.close());

      const issuerKeys = createIssuerKeys({ clock, allowLoopbackHttp: true });
      onClose(() => issuerKeys.close());
      const revocations = revocationWatcher(record, clock);
      const told = reportLog(log, 'the manifests are');
      const view = await createManifestStore({
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
          told.read(changed.snapshot());
          issuerKeys.retain(changed.snapshot()?.anchors.values() ?? []);
          // Not before the policies are there: they revoke too.
          if (changed.snapshot()) revocations(changed.revocations());
        },
        onReports: (reports) => told.reports(reports),
        onProblems: (problems) => {
          for (const problem of problems) {
            log('error', 'a manifest cannot be read', { problem: printProblem(problem), code: problem.code });
          }
          if (problems.length === 0) log('info', 'every manifest is read again');
        },
      });
      onClose(() => view.close());

      await answer({
        view,
        proofs: createProofVerifier({ keys: issuerKeys, clock }),
        keyring,
        writeRevocation: async ({ by, value, expiresAt }, reason) => {
          const end =
            expiresAt === null ? {} : { expiresAt: new Date(expiresAt * 1000).toISOString().replace('.000Z', 'Z') };
          await writeRevocation(flags.dataDir, { [by]: value, ...end, reason }, { clock, random });
        },
        issuerKeys,
        agents: recordedAgents(
          createAgentWriter({ dataDir: flags.dataDir, clock, random, store: view }),
          serving.recorded,
        ),
        keyProblem: () => keyring.problem(),
        ...(flags.verifierTokenFile && { verifierToken: tokenFile(flags.verifierTokenFile, clock) }),
        ...(flags.adminTokenFile && { adminToken: tokenFile(flags.adminTokenFile, clock) }),
      });
    },
    () => [lockDataDir(flags.dataDir)],
  );
}

/** A directory that is not there is a slip of the pen; one that is there and cannot be read may yet become readable. */
async function requireDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw new CliError('no_manifests', `--manifests: there is no directory ${path}`);
}
