/** What the status of a TokenRevocation says. */
import { mergeConditions, type NewCondition } from '../../kube/index.ts';
import type { RevocationProblem } from '../../revocation/index.ts';
import { conditionNews, conditionsOf } from '../status/transitions.ts';
import type { Said } from '../status/types.ts';
import { listOf } from '../status/words.ts';

/**
 * @param problems what is wrong with this one
 * @param old its status as it is: what others wrote there stays
 * @param now epoch milliseconds
 */
export function syncRevocation(
  generation: number | undefined,
  problems: readonly RevocationProblem[],
  old: unknown,
  now: number,
): Said {
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const next = { ...accepted(problems), ...observed };
  const conditions = mergeConditions(conditionsOf(old), [next], now);
  return {
    status: { ...(old as object | undefined), ...observed, conditions },
    news: conditionNews(old, conditions),
  };
}

function accepted(problems: readonly RevocationProblem[]): NewCondition {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first) return { type: 'Accepted', status: 'False', reason: first.code, message: listOf(errors) };
  const message = problems.length > 0 ? `in force, but look at ${listOf(problems)}` : 'in force';
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message };
}
