/** `trustmint serve` in a cluster: wires the API server, the engine and the server, and stops them again. */
import { hostname } from 'node:os';
import type { HealthCheck } from '../exchange/index.ts';
import {
  ClockSkew,
  type CredentialSource,
  LeaderElector,
  type LeaderElectorOptions,
  loadInCluster,
  loadKubeconfig,
} from '../kube/index.ts';
import type { KubeClient } from '../kube/types.ts';
import {
  clockCheck,
  clockIsWrong,
  createAccess,
  createClusterView,
  createConfigMaps,
  createReferences,
  type Deletion,
  followClusterIssuer,
  type Keeper,
  KeySecret,
  LEASE,
  leaseNotes,
  openKeys,
  reportStatus,
  type StatusReporter,
  tokenReviews,
} from '../operator/index.ts';
import { compile, lintInSteps } from '../policy/index.ts';
import { createIssuerKeys, createProofVerifier } from '../proof/index.ts';
import { deletionOf } from './deletion.ts';
import { CliError } from './errors.ts';
import { revocationWriter } from './giving-up.ts';
import type { Io } from './io.ts';
import { keeperOf } from './keeping.ts';
import { confirming, countReplica, replicaOf } from './numbers.ts';
import { ownCertificates } from './own-certificates.ts';
import { registryOf } from './registering.ts';
import { reportLog } from './report-log.ts';
import { revocationWatcher } from './revocation-watcher.ts';
import { heardOf, reportingOf, scopeCheck, scopeOf, tenancyOf } from './scope.ts';
import type { ServeFlags } from './serve.ts';
import { keyRingOptions, type Serving, withServing } from './serving.ts';

/** Requests a second and at once for tokens to be reviewed: exchanges wait for them, and the list of objects must not. */
const REVIEWS = { qps: 1_000, burst: 2_000 };
/** Requests a second and at once for statuses and Events: after thousands of changes nothing else waits for theirs. */
const STATUSES = { qps: 50, burst: 100 };

/** Seconds between two bookmarks of a watch. */
const SIGN_OF_LIFE = 60;

/** Serves until told to stop; then drains. */
export async function serveCluster(flags: ServeFlags, io: Io): Promise<void> {
  await withServing(flags, io, async (given) => {
    const credentials = await credentialsOf(flags, given);
    const serving = await replicaOf(given, credentials);
    const { clock, random, log, numbers, record, onClose, answer } = serving;
    const namespace = flags.namespace ?? credentials.namespace;
    if (!namespace) throw new CliError('usage', "say with --namespace which one is the operator's own");
    if (flags.maxStaleness < 2 * SIGN_OF_LIFE) {
      const message = `--max-staleness under ${2 * SIGN_OF_LIFE}s refuses exchanges while nothing is wrong`;
      log('warn', `${message}: what does not change gives a sign of life every ${SIGN_OF_LIFE} s`);
    }
    const skew = new ClockSkew(clock);
    const client = serving.connect({ skew });
    const reviews = serving.connect({ skew, rate: REVIEWS });

    const writer = serving.connect({ rate: STATUSES });
    let status: StatusReporter | undefined;
    let deletion: Deletion | undefined;
    let keeper: Keeper | undefined;
    onClose(() => status?.close());
    // A long list must not hold up the leader's renewals.
    const leases = serving.connect({ skew });
    const elector = electorOf({ ...serving, mayLead: () => !clockIsWrong(skew) }, leases, namespace, async (term) => {
      await Promise.all([status?.lead(term), deletion?.lead(term), keeper?.lead(term)]);
    });
    onClose(() => elector.stop());

    const keyring = openKeys({
      store: new KeySecret({ client, namespace }),
      notes: leaseNotes({ client, namespace }),
      mayWrite: () => elector.isLeader(),
      signsOn: flags.maxStaleness,
      ...keyRingOptions(flags, serving),
    });
    onClose(() => keyring.close());

    const cluster = followClusterIssuer({
      client,
      clock,
      ...(flags.serviceAccountIssuers && { others: flags.serviceAccountIssuers }),
      onChange: () => view.invalidate(),
    });
    onClose(() => cluster.close());
    const configMaps = createConfigMaps({
      client,
      clock,
      random,
      namespace,
      log,
      onChange: (name) => {
        issuerKeys.configMapChanged(name);
        if (references.changed()) view.invalidate();
      },
    });
    onClose(() => configMaps.stop());
    const references = createReferences(configMaps);
    const issuerKeys = createIssuerKeys({ clock, allowLoopbackHttp: false, cluster, configMaps });
    onClose(() => issuerKeys.close());
    const revocations = revocationWatcher(record, clock);
    const told = reportLog(log, 'the cluster is');
    const scope = scopeOf(flags, namespace);
    // Of the objects that were compiled last: there is something to lint as soon as there is a snapshot.
    let lintServed: () => ReturnType<typeof lintInSteps>;
    const view = createClusterView({
      client,
      clock,
      random,
      log,
      namespace,
      tenancy: tenancyOf(flags),
      ...(scope && { scope }),
      finalizers: flags.finalizers && !scope,
      onAgents: () => {
        status?.changed();
        deletion?.changed();
      },
      onRevocation: confirming(numbers, clock, skew),
      clusterIssuers: () => cluster.issuers(),
      compile: (objects, now) => {
        const options = {
          ...now,
          defaultAudience: flags.defaultAudience,
          maxTtl: flags.maxTtl,
          ownIssuer: flags.issuer,
          allowLoopbackHttp: false,
        };
        lintServed = () => lintInSteps(objects, options);
        return references.merge(compile(objects, options), objects);
      },
      onChange: (changed) => {
        told.read(changed.snapshot());
        issuerKeys.retain(changed.snapshot()?.anchors.values() ?? []);
        if (changed.snapshot()) revocations(changed.revocations());
        status?.changed();
        deletion?.changed();
        keeper?.changed();
      },
      onReports: (reports) => told.reports(reports),
    });
    onClose(() => view.close());
    const heard = heardOf(flags, serving, { namespace, view, elector });
    const reporting = reportingOf(flags, serving, { namespace, view });
    status = reportStatus({
      client: writer,
      clock,
      random,
      log,
      view,
      lint: () => lintServed(),
      isLeader: () => elector.isLeader(),
      reporting,
      maxStaleness: flags.maxStaleness,
      record: serving.recordEnd,
      metrics: numbers.controller('status'),
      instance: hostname(),
    });
    deletion = deletionOf(flags, serving, { namespace, view, reporting, elector });
    keeper = keeperOf(flags, serving, { namespace, view, reporting, elector });
    countReplica(numbers, { view, elector, configMaps });
    view.start();
    configMaps.start();
    elector.start();
    const own = await ownCertificates(flags, serving, { namespace, skew });

    const access = createAccess({
      client: reviews,
      clock,
      issuer: flags.issuer,
      snapshot: () => view.snapshot(),
      staleSeconds: () => view.staleSeconds(),
    });
    await answer({
      // Without keys of our own nothing can be minted or verified, so nothing is served.
      view: { ...view, snapshot: () => (keyring.ready() && heard.ready() ? view.snapshot() : undefined) },
      proofs: createProofVerifier({ keys: issuerKeys, clock, tokenReview: tokenReviews(reviews) }),
      keyring,
      writeRevocation: revocationWriter(serving, { namespace }),
      issuerKeys,
      keyProblem: () => keyring.problem(),
      checks: () => [
        clusterCheck(cluster),
        clockCheck(skew),
        configMaps.check(),
        scopeCheck({ namespace, view, reporting, heard }),
        ...(own ? [own.check()] : []),
      ],
      ...(own && { tls: own.source }),
      clockAhead: () => skew.ahead(),
      clockIsWrong: () => clockIsWrong(skew),
      access,
      agents: registryOf(flags, serving, { namespace, view, access }),
    });
  });
}

/** Every replica serves; one of them writes. */
function electorOf(
  { clock, random, log, mayLead }: Serving & Pick<LeaderElectorOptions, 'mayLead'>,
  client: KubeClient,
  namespace: string,
  lead: (term: AbortSignal) => Promise<void>,
): LeaderElector {
  const identity = `${hostname()}_${Buffer.from(random(8)).toString('hex')}`;
  return new LeaderElector({
    client,
    clock,
    random,
    namespace,
    name: LEASE,
    identity,
    lead,
    ...(mayLead && { mayLead }),
    onChange: ({ leading, holder }) => log('info', leading ? 'leads' : 'follows', { holder: holder ?? '-' }),
    onError: (error) => log('warn', 'leader election', { error: error instanceof Error ? error.message : 'failed' }),
  });
}

async function credentialsOf({ kubeconfig }: ServeFlags, { clock }: Serving): Promise<CredentialSource> {
  if (kubeconfig !== undefined) return await loadKubeconfig(kubeconfig, undefined, { clock });
  try {
    return await loadInCluster({ clock });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'no credentials';
    throw new CliError('no_cluster', `give --manifests DIR, or --kubeconfig FILE outside a pod: ${why}`);
  }
}

/** It does not end readiness once it was known: keys and issuers go on as they were. */
function clusterCheck(cluster: ReturnType<typeof followClusterIssuer>): HealthCheck {
  const problem = cluster.problem();
  return { name: 'cluster', ok: cluster.issuers() !== undefined, ...(problem && { message: problem.message }) };
}
