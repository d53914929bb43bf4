/** What the status of a policy says. */
import { mergeConditions } from '../../kube/index.ts';
import type { HeldPolicy } from '../held.ts';
import { statusConditions } from '../status/conditions.ts';
import type { FullReport } from '../status/reports.ts';
import { conditionNews, conditionsOf, phaseNews } from '../status/transitions.ts';
import type { Said } from '../status/types.ts';
import { type Limits, longestTtl, timesOf, withoutTimes } from './lifetime.ts';

/**
 * @param one with its status as it is: what others wrote there stays
 * @param now epoch milliseconds
 */
export function syncPolicy(report: FullReport, one: HeldPolicy, now: number, limits: Limits): Said {
  const { generation, phase, rules } = report;
  const { status: old } = one;
  const conditions = mergeConditions(conditionsOf(old), statusConditions(report), now);
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const longest = longestTtl(one);
  const times = timesOf(phase, one, now, limits);
  const news = phaseNews(old, phase);
  return {
    status: {
      ...withoutTimes(old),
      ...observed,
      phase,
      rules,
      ...(longest !== undefined && { longestTtl: longest }),
      ...times,
      conditions,
    },
    news: [...conditionNews(old, conditions), ...news],
    ...(news.some(({ reason }) => reason === 'Revoked') && {
      end: {
        action: 'revoked',
        policy_kind: report.kind,
        uid: report.uid,
        namespace: report.namespace ?? null,
        name: report.name,
        why: 'state: Revoked',
        tombstone: null,
        tokens_valid_until: times.tokensValidUntil === undefined ? null : Date.parse(times.tokensValidUntil) / 1_000,
      },
    }),
  };
}
