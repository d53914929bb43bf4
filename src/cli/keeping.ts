/** What keeps dead what was dead, with a client of its own. */
import { hostname } from 'node:os';
import type { LeaderElector } from '../kube/index.ts';
import { type ClusterView, createTombstones, type Keeper, keepRevocations, type Reporting } from '../operator/index.ts';
import type { Replica } from './numbers.ts';
import { revocationEvent } from './revocation-watcher.ts';
import type { ServeFlags } from './serve.ts';

/** Requests a second and at once: a namespace may go with thousands of TokenRevocations, and each is kept. */
const REVOCATIONS = { qps: 200, burst: 400 };

export interface KeepingParts {
  /** The operator's own. */
  readonly namespace: string;
  readonly view: ClusterView;
  readonly reporting: Reporting;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
}

export function keeperOf(flags: ServeFlags, replica: Replica, parts: KeepingParts): Keeper {
  const { namespace, view, reporting, elector } = parts;
  const { clock, random, log, numbers, record, connect, onClose } = replica;
  const client = connect({ rate: REVOCATIONS });
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
    onKept: (entry, why) => {
      numbers.revocationKept();
      record(revocationEvent('kept', entry, why));
    },
    metrics: numbers.controller('revocations'),
    instance: hostname(),
  });
  onClose(() => keeper.close());
  return keeper;
}
