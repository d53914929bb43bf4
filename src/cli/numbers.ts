/** The numbers of a replica in a cluster: who counts what. */
import { type Clock, epochSeconds } from '../clock.ts';
import {
  type ClientOptions,
  type ClockSkew,
  type CredentialSource,
  createKubeClient,
  type LeaderElector,
  REFLECTOR_REASONS,
} from '../kube/index.ts';
import type { KubeClient } from '../kube/types.ts';
import { type ClusterView, type createConfigMaps, LEASE, type PolicyEnd, watchTallies } from '../operator/index.ts';
import type { ClusterMetrics } from '../server/index.ts';
import type { Serving } from './serving.ts';

/** What serving in a cluster has beside. */
export interface Replica extends Serving {
  readonly numbers: ClusterMetrics;
  /** A client of its own rate, whose requests are counted, and which is closed in the end. */
  connect(options?: Pick<ClientOptions, 'rate' | 'skew'>): KubeClient;
  /** Leaves the audit record of what ended. */
  recordEnd(end: PolicyEnd): Promise<void>;
}

export async function replicaOf(serving: Serving, credentials: CredentialSource): Promise<Replica> {
  const numbers = serving.metrics.cluster();
  const { server } = await credentials.current();
  const { clock, random, onClose, recorded } = serving;
  const onRequest = numbers.requests(server.host);
  return {
    ...serving,
    numbers,
    connect(options = {}) {
      const client = createKubeClient({ credentials, clock, random, onRequest, ...options });
      onClose(() => client.close());
      return client;
    },
    recordEnd(end) {
      numbers.ended(end.action);
      return recorded({ kind: 'policy', id: '-', ...end });
    },
  };
}

export interface Counted {
  readonly view: Pick<ClusterView, 'copies'>;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
  readonly configMaps: Pick<ReturnType<typeof createConfigMaps>, 'tally'>;
}

/** What is asked at each scrape. */
export function countReplica(numbers: ClusterMetrics, { view, elector, configMaps }: Counted): void {
  numbers.follow({
    reasons: REFLECTOR_REASONS,
    lease: LEASE,
    isLeader: () => elector.isLeader(),
    watches: () => [...watchTallies(view.copies), configMaps.tally()],
  });
}

/** Takes each TokenRevocation as it comes into force: how long after it was made, by the API server's clock. */
export function confirming(numbers: ClusterMetrics, clock: Clock, skew: Pick<ClockSkew, 'ahead'>) {
  return ({ metadata }: { readonly metadata: { readonly creationTimestamp?: string } }) => {
    const made = Date.parse(metadata.creationTimestamp ?? '') / 1_000;
    const seconds = epochSeconds(clock) - (skew.ahead() ?? 0) - made;
    if (Number.isFinite(seconds)) numbers.revocationConfirmed(Math.max(0, seconds));
  };
}
