/** What the status of a registration says that is being deleted: worked out from the object alone. */
import { API_VERSION } from '../../api/v1alpha1/index.ts';
import { kubeTime, mergeConditions } from '../../kube/index.ts';
import type { Deletable } from '../deletion/types.ts';
import type { Said } from '../status/types.ts';
import type { HeldRegistration } from './held.ts';
import type { Limits } from './sync.ts';

const VERIFIES = 30 * 60;
const LONGEST = 86_400;

/** As the controller of deletions sees it. What its status said is not held: it is written anew. */
export function deletable(one: HeldRegistration): Deletable {
  const { uid, resourceVersion, finalizers, generation, name, traits, rare } = one;
  return {
    uid,
    resourceVersion,
    finalizers,
    // So that finalizers are put onto what has its status first.
    status: one.said === 0 ? undefined : { observedGeneration: generation },
    read: {
      object: {
        apiVersion: API_VERSION,
        kind: 'AgentRegistration',
        metadata: { name, namespace: traits.namespace, generation, deletionTimestamp: rare?.deletionTimestamp },
      },
    },
    revoking: rare?.revoking,
  };
}

/**
 * @param now epoch milliseconds
 * @param waitsFor what its finalizer still waits for, for people
 */
export function endedRegistration(one: Deletable, now: number, { maxStaleness }: Limits, waitsFor?: string): Said {
  const { revoking, read } = one;
  const { generation, deletionTimestamp = '' } = read.object.metadata;
  const at = Date.parse(deletionTimestamp) || now;
  const by = at + (revoking?.revoked ? Math.max(VERIFIES, maxStaleness) : maxStaleness) * 1_000;
  const until = kubeTime(revoking?.revoked ? by : by + LONGEST * 1_000);
  const before = revoking?.revokeIssuedBefore;
  const said = revoking?.revoked
    ? 'deleted: nothing is issued, and what was issued is dead'
    : `deleted: nothing is issued, and what was issued runs out by ${until}${before ? `, but for what was issued up to ${before}: that is dead` : ''}`;
  const message = waitsFor === undefined ? said : `${said}; the object stays until this is done: ${waitsFor}`;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const conditions = mergeConditions(
    undefined,
    [
      {
        type: 'Ready',
        status: 'False',
        reason: 'Deleting',
        message: 'the object is being deleted, and not served',
        ...observed,
      },
      { type: 'Revoked', status: 'True', reason: 'Deleted', message, ...observed },
    ],
    at,
  );
  return {
    status: {
      ...observed,
      phase: 'Revoked',
      revokedAt: kubeTime(at),
      effectiveEverywhereBy: kubeTime(by),
      tokensValidUntil: until,
      conditions,
    },
    news: [{ type: 'Normal', reason: 'Deleted', note: said }],
  };
}
