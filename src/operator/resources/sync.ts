/** What the status of a ProtectedResource says. */
import { mergeConditions } from '../../kube/index.ts';
import type { HeldPolicy } from '../held.ts';
import { statusConditions } from '../status/conditions.ts';
import type { FullReport } from '../status/reports.ts';
import { conditionNews, conditionsOf } from '../status/transitions.ts';
import type { Said } from '../status/types.ts';

/**
 * @param one with its status as it is: what others wrote there stays
 * @param now epoch milliseconds
 */
export function syncResource(report: FullReport, { status: old }: HeldPolicy, now: number): Said {
  const { generation } = report;
  const conditions = mergeConditions(conditionsOf(old), statusConditions(report), now);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return {
    status: { ...(old as object | undefined), ...observed, conditions },
    news: conditionNews(old, conditions),
  };
}
