/** What the local copies counted, for metrics. */
import type { Reflector, ReflectorCounters } from '../kube/index.ts';
import type { Copies } from './copies.ts';
import { FINALIZER } from './deletion/finalizer.ts';

export interface WatchTally extends Pick<ReflectorCounters, 'failures' | 'divergences'> {
  readonly kind: string;
  /** That are held. */
  readonly objects: number;
  /** Objects with our finalizer that are being deleted; absent: such a kind has none. */
  readonly deleting?: number;
}

export function watchTallies({ policies, revocations, registrations, namespaces, agents }: Copies): WatchTally[] {
  const tally = (kind: string, one: Reflector<unknown>) => ({ kind, ...tallyOf(one) });
  return [
    ...[...policies].map(([kind, one]) => {
      if (kind === 'ProtectedResource') return tally(kind, one);
      let deleting = 0;
      for (const { read, finalizers } of one.items().values())
        if (read.object.metadata.deletionTimestamp !== undefined && finalizers.includes(FINALIZER)) deleting += 1;
      return { ...tally(kind, one), deleting };
    }),
    tally('TokenRevocation', revocations),
    {
      ...tally('AgentRegistration', registrations),
      deleting: [...agents.unsettled(0)].filter(({ finalizers }) => finalizers.includes(FINALIZER)).length,
    },
    tally('Namespace', namespaces),
  ];
}

/** Of a collection beside those that are compiled, too. */
export function tallyOf(one: Pick<Reflector<unknown>, 'counters' | 'items'>): Omit<WatchTally, 'kind'> {
  const { failures, divergences } = one.counters();
  return { failures, divergences, objects: one.items().size };
}
