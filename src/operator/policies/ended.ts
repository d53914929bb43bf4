/** What the status of a policy says that is being deleted: worked out from the object alone, whatever else is gone. */
import { mergeConditions, type NewCondition } from '../../kube/index.ts';
import type { HeldPolicy } from '../held.ts';
import { changedTo, conditionsOf } from '../status/transitions.ts';
import type { Said } from '../status/types.ts';
import { type Limits, longestTtl, type Times, timesOfDeletion, withoutTimes } from './lifetime.ts';

/**
 * @param now epoch milliseconds
 * @param waitsFor what its finalizer still waits for, for people
 */
export function endedPolicy(one: HeldPolicy, now: number, limits: Limits, waitsFor?: string): Said {
  const { status, read, revoking } = one;
  const { generation } = read.object.metadata;
  const times = timesOfDeletion(one, limits);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const longest = longestTtl(one);
  const message = sentence(revoking, times);
  const told: NewCondition[] = [
    { type: 'Ready', status: 'False', reason: 'Deleting', message: 'the object is being deleted, and not served' },
    {
      type: 'Revoked',
      status: 'True',
      reason: 'Deleted',
      message: waitsFor === undefined ? message : `${message}; the object stays until this is done: ${waitsFor}`,
    },
  ];
  const conditions = mergeConditions(
    conditionsOf(status),
    told.map((condition) => ({ ...condition, ...observed })),
    now,
  );
  return {
    status: {
      ...withoutTimes(status),
      ...observed,
      phase: 'Revoked',
      rules: 0,
      ...(longest !== undefined && { longestTtl: longest }),
      ...times,
      conditions,
    },
    news: changedTo(status, conditions, 'Revoked', 'Deleted')
      ? [{ type: 'Normal', reason: 'Deleted', note: message }]
      : [],
  };
}

function sentence(revoking: HeldPolicy['revoking'], { tokensValidUntil }: Times): string {
  if (revoking?.revoked) return 'deleted: nothing is issued, and what was issued is dead';
  const runsOut = `deleted: nothing is issued, and what was issued runs out by ${tokensValidUntil}`;
  const before = revoking?.revokeIssuedBefore;
  return before === undefined ? runsOut : `${runsOut}, but for what was issued up to ${before}: that is dead`;
}
