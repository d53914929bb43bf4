/** What became of each object, as conditions say it (KEP-1623). */
import type { ClusterTrustPolicy, ProtectedResource, TrustPolicy } from '../api/v1alpha1/index.ts';
import { policyRef } from './compile-policy.ts';
import type { Condition, ObjectReport, Problem } from './types.ts';

export interface Outcome {
  /** Everything found, errors first decide. */
  readonly problems: readonly Problem[];
  /** References to what does not exist. */
  readonly refs: readonly Problem[];
}

export function reportPolicy(object: TrustPolicy | ClusterTrustPolicy, outcome: Outcome): ObjectReport {
  const { metadata, spec } = object;
  const errors = outcome.problems.filter(({ severity }) => severity === 'error');
  const isDeleting = metadata.deletionTimestamp !== undefined;
  const state = spec.state ?? 'Active';
  const conditions: Condition[] = [
    accepted(errors),
    outcome.refs.length === 0
      ? yes('ResolvedRefs', 'ResolvedRefs', 'everything that the policy refers to exists')
      : no('ResolvedRefs', outcome.refs[0]!.code, summary(outcome.refs)),
    readiness(errors, outcome.refs, state, isDeleting),
    state === 'Revoked'
      ? yes('Revoked', 'StateRevoked', 'nothing is issued, and what was issued is dead')
      : no('Revoked', 'NotRevoked', `the state is ${state}`),
  ];
  const isServed = errors.length === 0 && !isDeleting;
  return {
    ...policyRef(object),
    ...(metadata.generation !== undefined && { generation: metadata.generation }),
    served: isServed,
    phase: state === 'Revoked' || errors.length === 0 ? state : 'Invalid',
    rules: isServed ? spec.trustRules.length : 0,
    conditions,
    problems: [...outcome.problems, ...outcome.refs],
  };
}

export function reportResource({ metadata }: ProtectedResource, problems: readonly Problem[]): ObjectReport {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const isDeleting = metadata.deletionTimestamp !== undefined;
  return {
    kind: 'ProtectedResource',
    uid: metadata.uid ?? `ProtectedResource//${metadata.name}`,
    name: metadata.name,
    ...(metadata.generation !== undefined && { generation: metadata.generation }),
    served: errors.length === 0 && !isDeleting,
    phase: errors.length === 0 ? 'Active' : 'Invalid',
    rules: 0,
    conditions: [accepted(errors), readiness(errors, [], 'Active', isDeleting)],
    problems,
  };
}

function accepted(errors: readonly Problem[]): Condition {
  return errors.length === 0
    ? yes('Accepted', 'Accepted', 'the object is valid')
    : no('Accepted', errors[0]!.code, summary(errors));
}

function readiness(
  errors: readonly Problem[],
  refs: readonly Problem[],
  state: 'Active' | 'Suspended' | 'Revoked',
  isDeleting: boolean,
): Condition {
  if (isDeleting) return no('Ready', 'Deleting', 'the object is being deleted, and not served');
  if (errors.length > 0) return no('Ready', errors[0]!.code, summary(errors));
  if (state !== 'Active') return no('Ready', state, `the policy is ${state.toLowerCase()}: what it matches is refused`);
  if (refs.length > 0) return no('Ready', 'PartlyServed', summary(refs));
  return yes('Ready', 'Ready', 'served');
}

const MAX_SHOWN = 3;

function summary(problems: readonly Problem[]): string {
  const texts = problems.slice(0, MAX_SHOWN).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - texts.length;
  return texts.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const yes = (type: Condition['type'], reason: string, message: string): Condition => ({
  type,
  status: 'True',
  reason,
  message,
});

const no = (type: Condition['type'], reason: string, message: string): Condition => ({
  type,
  status: 'False',
  reason,
  message,
});
