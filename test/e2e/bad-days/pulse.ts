/** Signs of life of every kind that is followed, where tests cannot wait for bookmarks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../../src/kube/types.ts';
import { NAMESPACES } from '../../../src/operator/kinds.ts';
import { OPERATOR } from '../cluster/index.ts';
import { TYPES } from './world.ts';

/** Milliseconds between two. */
const PULSE_EVERY = 2_000;

/** Writes into what `standing` names, of every kind, until told to stop. */
export async function beat(admin: KubeClient, signal: AbortSignal): Promise<void> {
  for (let count = 0; !signal.aborted; count += 1) {
    const body = { metadata: { annotations: { 'example.com/pulse': String(count) } } };
    const call = { signal, deadlineMs: PULSE_EVERY };
    await Promise.allSettled([
      admin.patch(TYPES.TrustPolicy, 'agents', 'team-a', 'merge', body, call),
      admin.patch(TYPES.ClusterTrustPolicy, 'signed', undefined, 'merge', body, call),
      admin.patch(TYPES.ProtectedResource, 'api', undefined, 'merge', body, call),
      admin.patch(TYPES.TokenRevocation, 'pulse', OPERATOR.namespace, 'merge', body, call),
      admin.patch(TYPES.AgentRegistration, 'pulse', OPERATOR.namespace, 'merge', body, call),
      admin.patch(NAMESPACES, 'team-a', undefined, 'merge', body, call),
    ]);
    await sleep(PULSE_EVERY, undefined, { signal }).catch(() => {});
  }
}
