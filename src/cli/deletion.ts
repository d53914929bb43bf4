/** The leader's work on what is deleted, with a client of its own. */
import { hostname } from 'node:os';
import type { LeaderElector } from '../kube/index.ts';
import {
  type ClusterView,
  createTombstones,
  type Deletion,
  handleDeletion,
  policyDeletion,
  type Reporting,
  registrationDeletion,
} from '../operator/index.ts';
import type { Replica } from './numbers.ts';
import { scopeOf } from './scope.ts';
import type { ServeFlags } from './serve.ts';

/** Requests a second and at once: a namespace may go with thousands of policies, and waits for each. */
const DELETIONS = { qps: 200, burst: 400 };

export interface DeletionParts {
  /** The operator's own. */
  readonly namespace: string;
  readonly view: ClusterView;
  readonly reporting: Reporting;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
}

export function deletionOf(flags: ServeFlags, replica: Replica, parts: DeletionParts): Deletion {
  const { clock, random, log, numbers, connect } = replica;
  const { namespace, view, reporting, elector } = parts;
  // Whose rights are its namespaces' own may lose them before the objects of one that ends.
  const withoutFinalizer = scopeOf(flags, namespace) !== undefined;
  const client = connect({ rate: DELETIONS });
  return handleDeletion({
    client,
    clock,
    random,
    log,
    namespace,
    tombstones: createTombstones({ client, namespace, clock, log }),
    kinds: [
      { ...policyDeletion('TrustPolicy', view, flags), withoutFinalizer },
      policyDeletion('ClusterTrustPolicy', view, flags),
      { ...registrationDeletion(view, flags), withoutFinalizer },
    ],
    finalizers: flags.finalizers,
    record: replica.recordEnd,
    metrics: numbers.controller('deletion'),
    isLeader: () => elector.isLeader(),
    reporting,
    instance: hostname(),
  });
}
