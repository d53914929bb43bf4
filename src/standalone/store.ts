/** Manifests in a directory, and revocations under a data directory, as the view that the engine serves from. */
import type {
  AgentRegistration,
  ClusterTrustPolicy,
  ProtectedResource,
  TokenRevocation,
  TrustmintResource,
  TrustPolicy,
} from '../api/v1alpha1/index.ts';
import { type Clock, epochSeconds } from '../clock.ts';
import type { AgentDirectory } from '../policy/index.ts';
import type { ObjectReport, PolicyObjects, Snapshot } from '../policy/types.ts';
import { fromRevokingObjects, fromTokenRevocations, RevocationIndex } from '../revocation/index.ts';
import { agentsDir, ensureAgents, MAX_AGENTS, onlyAgents, readAgents } from './agents.ts';
import { Directory } from './directory.ts';
import type { ManifestProblem } from './errors.ts';
import { type WatchDirectory, watchDirectory } from './follow.ts';
import { ensureRevocations, onlyRevocations, removeExpired, revocationsDir } from './revocations.ts';
import { Graveyard } from './tombstones.ts';

export interface ManifestStoreSettings {
  /** The directory of manifests. */
  readonly dir: string;
  /** Where `trustmint revoke` writes; without it revocations come from the manifests alone. */
  readonly dataDir?: string;
  readonly clock: Clock;
  /** Cryptographically secure bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly compile: (objects: PolicyObjects) => Snapshot;
  readonly watch?: WatchDirectory;
  /** A new view is in use. */
  readonly onChange?: (store: ManifestStore) => void;
  /** Objects whose conditions or problems are not what they were. */
  readonly onReports?: (reports: readonly ObjectReport[]) => void;
  /** What is wrong with the newest read changed; empty: nothing is, any more. */
  readonly onProblems?: (problems: readonly ManifestProblem[]) => void;
}

/** Milliseconds between two looks for revocations that are over. */
const SWEEP_EVERY = 60_000;

/** Files. With more the read fails, and a view that may miss a revocation soon serves nothing. */
const MAX_REVOCATIONS = 100_000;

/** Fits `exchange/`'s View. */
export interface ManifestStore {
  /** undefined before the first good read: nothing may be granted or verified. */
  snapshot(): Snapshot | undefined;
  revocations(): RevocationIndex;
  /** The registrations that are served. */
  agents(): AgentDirectory;
  /** The same as objects. */
  registrations(): readonly AgentRegistration[];
  /** Seconds since everything was last seen to be what is served; infinite before the first good read. */
  staleSeconds(): number;
  readErrors(): readonly { readonly source: string; readonly code: string; readonly message: string }[];
  /** Documents of other API groups. */
  ignored(): number;
  /** Reads now, changed or not; resolves when what is there is served, or is known to be wrong. */
  reload(): Promise<void>;
  /** Resolves when nothing is being read. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads the directory and goes on following it. A first read that fails is no exception: the store says so in
 * `readErrors`, serves nothing, and recovers when the files do.
 * @throws StandaloneError data_dir_unusable
 */
export async function createManifestStore(settings: ManifestStoreSettings): Promise<ManifestStore> {
  const { clock, dataDir, watch = watchDirectory } = settings;
  let compiled: Snapshot | undefined;
  let snapshot: Snapshot | undefined;
  let agents = readAgents([]);
  let revocations = RevocationIndex.from([]);
  let reported = new Map<string, string>();
  let problems = '[]';
  let sweepAt = 0;
  let sweeping: Promise<void> = Promise.resolve();
  let policies: PolicyObjects = { trustPolicies: [], clusterTrustPolicies: [], protectedResources: [] };
  if (dataDir !== undefined) {
    await ensureRevocations(dataDir);
    await ensureAgents(dataDir);
  }
  const graveyard = await Graveyard.open(settings);

  const manifests = new Directory({
    dir: settings.dir,
    clock,
    watch,
    onRead(directory, good) {
      if (good) {
        const objects = policyObjects(directory);
        compiled = settings.compile(objects);
        policies = objects;
        takeAgents();
      }
      changed();
    },
  });
  const registered =
    dataDir === undefined
      ? undefined
      : new Directory({
          dir: agentsDir(dataDir),
          clock,
          watch,
          restless: true,
          maxFiles: MAX_AGENTS,
          admit: onlyAgents,
          onRead(_, good) {
            // At the start the manifests are still to be read.
            if (good && compiled) takeAgents();
            if (compiled) changed();
          },
        });
  const kept =
    dataDir === undefined
      ? undefined
      : new Directory({
          dir: revocationsDir(dataDir),
          clock,
          watch,
          // Every file is renamed into its place, and revocations may come faster than the directory rests.
          restless: true,
          maxFiles: MAX_REVOCATIONS,
          admit: onlyRevocations,
          onRead: () => changed(),
          onFresh: sweep,
        });
  const directories = [manifests, kept, registered].filter((one) => one !== undefined);

  /** All registrations, and what of the objects that went stays dead. A manifest goes before what was asked for. */
  function takeAgents(): void {
    const all = [registered, manifests].flatMap((one) => one?.objects.filter(isRegistration) ?? []);
    const registrations = [...new Map(all.map((one) => [one.metadata.uid, one])).values()];
    agents = readAgents(registrations);
    graveyard.bury({ ...policies, registrations });
  }

  function changed(): void {
    const registrations = agents.reports(epochSeconds(clock));
    snapshot =
      compiled && registrations.length > 0
        ? Object.freeze({ ...compiled, reports: [...compiled.reports, ...registrations] })
        : compiled;
    const dead = [...directories.flatMap((directory) => directory.revocations), ...graveyard.revocations];
    revocations = RevocationIndex.from([...entriesOf(dead), ...revokedPolicies(policies), ...agents.revoked]);
    const wrong = wrongs();
    if (JSON.stringify(wrong) !== problems) {
      problems = JSON.stringify(wrong);
      settings.onProblems?.(wrong);
    }
    report();
    settings.onChange?.(store);
  }

  function sweep(directory: Directory): void {
    if (dataDir === undefined || clock.monotonic() < sweepAt) return;
    sweepAt = clock.monotonic() + SWEEP_EVERY;
    sweeping = removeExpired(dataDir, directory.revocations, clock);
  }

  function wrongs(): readonly ManifestProblem[] {
    return [...directories.flatMap((directory) => directory.problems), ...graveyard.problems];
  }

  function report(): void {
    const now = new Map((snapshot?.reports ?? []).map((one) => [`${one.kind}/${one.uid}`, JSON.stringify(one)]));
    const news = (snapshot?.reports ?? []).filter((one) => {
      const key = `${one.kind}/${one.uid}`;
      return now.get(key) !== reported.get(key);
    });
    reported = now;
    if (news.length > 0) settings.onReports?.(news);
  }

  const store: ManifestStore = {
    snapshot: () => snapshot,
    revocations: () => revocations,
    agents: () => agents.index,
    registrations: () => agents.objects,
    staleSeconds: () => Math.max(...directories.map((directory) => directory.age)) / 1000,
    readErrors: () => wrongs().map(readError),
    ignored: () => manifests.ignored,
    async reload() {
      await Promise.all(directories.map((directory) => directory.reload()));
      await Promise.all([graveyard.written(), sweeping]);
    },
    async idle() {
      await Promise.all(directories.map((directory) => directory.idle()));
      await Promise.all([graveyard.written(), sweeping]);
    },
    async close() {
      await Promise.all(directories.map((directory) => directory.close()));
      await Promise.all([graveyard.written(), sweeping]);
    },
  };
  // Revocations first: no policy is served before what it kills is known.
  await kept?.reload();
  await registered?.reload();
  await manifests.reload();
  await graveyard.written();
  return store;
}

function policyObjects({ objects }: Directory): PolicyObjects {
  return {
    trustPolicies: objects.filter((o): o is TrustPolicy => o.kind === 'TrustPolicy'),
    clusterTrustPolicies: objects.filter((o): o is ClusterTrustPolicy => o.kind === 'ClusterTrustPolicy'),
    protectedResources: objects.filter((o): o is ProtectedResource => o.kind === 'ProtectedResource'),
  };
}

function isRegistration(object: TrustmintResource): object is AgentRegistration {
  return object.kind === 'AgentRegistration';
}

/** There is one tenant, so a revocation kills whatever it names. */
function entriesOf(objects: readonly TokenRevocation[]) {
  return fromTokenRevocations(objects, () => null).entries;
}

/** Also of policies that do not compile: what they gave is dead all the same. */
function revokedPolicies({ trustPolicies, clusterTrustPolicies }: PolicyObjects) {
  const revoking = [...trustPolicies, ...clusterTrustPolicies].map(({ kind, metadata, spec }) => ({
    uid: metadata.uid!,
    revoked: spec.state === 'Revoked',
    ...(spec.revokeIssuedBefore === undefined ? {} : { revokeIssuedBefore: spec.revokeIssuedBefore }),
    tenant: null,
    source: `${kind}/${metadata.namespace ?? '-'}/${metadata.name}`,
  }));
  return fromRevokingObjects(revoking).entries;
}

function readError({ file, line, path, code, message }: ManifestProblem) {
  const source = line === undefined ? file : `${file}:${line}`;
  return { source, code, message: path === '' ? message : `${path}: ${message}` };
}
