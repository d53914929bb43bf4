/** The leader's work on what is deleted, with a client of its own. */
import { hostname } from 'node:os';
import { type CredentialSource, createKubeClient, type LeaderElector } from '../kube/index.ts';
import {
  type ClusterView,
  createTombstones,
  type Deletion,
  handleDeletion,
  policyDeletion,
  registrationDeletion,
} from '../operator/index.ts';
import type { ServeFlags } from './serve.ts';
import type { Serving } from './serving.ts';

/** Requests a second and at once: a namespace may go with thousands of policies, and waits for each. */
const DELETIONS = { qps: 200, burst: 400 };

export interface DeletionParts {
  readonly credentials: CredentialSource;
  /** The operator's own. */
  readonly namespace: string;
  readonly view: ClusterView;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
}

export function deletionOf(flags: ServeFlags, serving: Serving, parts: DeletionParts): Deletion {
  const { clock, random, log, recorded, onClose } = serving;
  const { credentials, namespace, view, elector } = parts;
  const client = createKubeClient({ credentials, clock, random, rate: DELETIONS });
  onClose(() => client.close());
  return handleDeletion({
    client,
    clock,
    random,
    log,
    namespace,
    tombstones: createTombstones({ client, namespace, clock, log }),
    kinds: [
      ...(['TrustPolicy', 'ClusterTrustPolicy'] as const).map((kind) => policyDeletion(kind, view, flags)),
      registrationDeletion(view, flags),
    ],
    finalizers: flags.finalizers,
    record: (end) => recorded({ kind: 'policy', id: '-', ...end }),
    isLeader: () => elector.isLeader(),
    instance: hostname(),
  });
}
