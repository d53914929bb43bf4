/** What the schema knows and the engine does not do yet: a rule that says so is not served. A line goes with its feature. */
import type { Issue } from '../api/v1alpha1/index.ts';
import type { Problems } from './problems.ts';

/** @param path of the rule's `issue` */
export function refuseNotYet(issue: Issue, path: string, problems: Problems): void {
  if (issue.delegation) problems.error('NotYet', `${path}.delegation`, 'nothing can be delegated yet');
}
