/** A report's conditions in the words of a status: every problem with its path and code, and the generation. */
import type { NewCondition } from '../../kube/index.ts';
import type { Condition, Problem } from '../../policy/types.ts';
import type { FullReport } from './reports.ts';
import { listOf } from './words.ts';

export function statusConditions(report: FullReport): NewCondition[] {
  const { generation, conditions, problems, findings } = report;
  const errors = problems.filter(({ severity }) => severity === 'error');
  // Of what compiling finds, warnings are about references alone.
  const refs = problems.filter(({ severity }) => severity === 'warning');
  return conditions.map((condition) => ({
    ...inWords(condition, errors, refs, findings),
    ...(generation !== undefined && { observedGeneration: generation }),
  }));
}

function inWords(
  condition: Condition,
  errors: readonly Problem[],
  refs: readonly Problem[],
  findings: readonly Problem[],
): Condition {
  const { type, status, reason } = condition;
  if (type === 'ResolvedRefs' && status === 'True' && errors.length > 0)
    return { type, status: 'Unknown', reason: 'NotAccepted', message: 'not all was looked at: see Accepted' };
  if (status !== 'True' && type !== 'Revoked') {
    const why = type === 'ResolvedRefs' || reason === 'PartlyServed' ? refs : errors;
    if (reason !== 'Deleting' && why.some(({ code }) => code === reason || reason === 'PartlyServed'))
      return { ...condition, message: listOf(why) };
  }
  if (findings.length > 0 && status === 'True') {
    if (type === 'Accepted') return { ...condition, message: `${condition.message}, but look at ${listOf(findings)}` };
    // This is what `kubectl get -o wide` shows.
    const codes = [...new Set(findings.map(({ code }) => code))].join(', ');
    if (type === 'Ready') return { ...condition, message: `${condition.message}, but look at Accepted: ${codes}` };
  }
  return condition;
}
