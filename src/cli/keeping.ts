/** What keeps dead what was dead, with a client of its own. */
import { hostname } from 'node:os';
import { type CredentialSource, createKubeClient, type LeaderElector } from '../kube/index.ts';
import { type ClusterView, createTombstones, type Keeper, keepRevocations, type Reporting } from '../operator/index.ts';
import { revocationEvent } from './revocation-watcher.ts';
import type { ServeFlags } from './serve.ts';
import type { Serving } from './serving.ts';

/** Requests a second and at once: a namespace may go with thousands of TokenRevocations, and each is kept. */
const REVOCATIONS = { qps: 200, burst: 400 };

export interface KeepingParts {
  readonly credentials: CredentialSource;
  /** The operator's own. */
  readonly namespace: string;
  readonly view: ClusterView;
  readonly reporting: Reporting;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
}

export function keeperOf(flags: ServeFlags, serving: Serving, parts: KeepingParts): Keeper {
  const { credentials, namespace, view, reporting, elector } = parts;
  const { clock, random, log, record, onClose } = serving;
  const client = createKubeClient({ credentials, clock, random, rate: REVOCATIONS });
  onClose(() => client.close());
  const keeper = keepRevocations({
    client,
    clock,
    random,
    log,
    view,
    namespace,
    tombstones: createTombstones({ client, namespace, clock, log }),
    isLeader: () => elector.isLeader(),
    finalized: (claim) => flags.finalizers && (claim.namespace === undefined || !flags.watchNamespaces),
    reporting,
    onKept: (entry, why) => record(revocationEvent('kept', entry, why)),
    instance: hostname(),
  });
  onClose(() => keeper.close());
  return keeper;
}
