/** What is easily got wrong about GitHub's tokens (GH-5, GH-6). */
import type { CompiledRule } from './model.ts';
import { claimOf } from './narrowing.ts';
import { type Predicate, patternsOf } from './predicate.ts';
import type { Problems } from './problems.ts';

/** Events that anybody can set off, and that run with the base branch's ref and secrets. */
const OUTSIDERS = ['pull_request_target', 'workflow_run', 'issue_comment', 'pull_request', 'issues'];

/** `path` is that of the rule. */
export function lintGithub(rule: CompiledRule, path: string, problems: Problems): void {
  const at = `${path}.match`;
  const about = new Map(rule.predicates.map((predicate) => [claimOf(predicate.source), predicate]));
  const ref = about.get('/ref');
  for (const pattern of ref ? values(ref) : [])
    if (!pattern.startsWith('refs/') && !pattern.startsWith('*'))
      problems.warning('RefNotFull', at, `a ref is written in full, as refs/heads/main: ${pattern} never matches`);
  if (!rule.issue) return;
  const event = about.get('/event_name');
  if (ref && !event)
    problems.warning(
      'EventNotPinned',
      at,
      'pull_request_target and others run with the base branch as ref: also pin eventName',
    );
  const outside = event?.operator === 'In' ? event.exact.filter((one) => OUTSIDERS.includes(one)) : [];
  if (outside.length > 0)
    problems.warning('OutsidersEvent', at, `people from outside can set off ${outside.join(', ')}`);
  const workflow = about.get('/job_workflow_ref');
  for (const pattern of workflow ? values(workflow) : [])
    if (!/@[^*]/.test(pattern))
      problems.warning(
        'WorkflowNotPinned',
        at,
        `jobWorkflowRef ${pattern} takes any version: pin it with @refs/… or @<sha>`,
      );
  if (about.has('/actor') || about.has('/actor_id'))
    problems.warning('ActorIsNoAuthority', at, 'the actor set off the run, and need not have written what runs');
  const subject = about.get('/sub');
  for (const pattern of subject ? values(subject) : [])
    if (/^repo:[^@:/]*\/[^@:]*(?::|$)/.test(pattern))
      problems.warning(
        'FragileSubject',
        at,
        'repositories made or renamed since 2026-07-15 have subjects of the form repo:<owner>@<id>/<repo>@<id>:…: use the fields',
      );
}

function values(predicate: Predicate): string[] {
  return predicate.operator === 'In' ? patternsOf(predicate) : [];
}
