/** The claims of a GitHub Actions token (GH-3): every value a string. */
import { DevIssuerError } from './errors.ts';
import { commitOf, numberOf } from './stable-ids.ts';
import type { GitHubRequest } from './token-request.ts';

/** What a workflow run may be said to be. */
export const GITHUB_CLAIMS: ReadonlySet<string> = new Set([
  ...['repository', 'repository_id', 'repository_owner', 'repository_owner_id', 'repository_visibility'],
  ...['ref', 'ref_type', 'ref_protected', 'sha', 'head_ref', 'base_ref', 'event_name', 'actor', 'actor_id'],
  ...['workflow', 'workflow_ref', 'workflow_sha', 'job_workflow_ref', 'job_workflow_sha', 'environment'],
  ...['run_id', 'run_number', 'run_attempt', 'runner_environment', 'enterprise', 'enterprise_id'],
]);

/**
 * Completes what is known of a run as GitHub would: ids from names, `sub` from repository, environment, event and ref.
 * @returns all but the registered claims, with `sub`
 * @throws {DevIssuerError} `invalid_request` for a claim that is no string
 */
export function githubClaims({ claims = {}, subject = 'classic' }: GitHubRequest): Record<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(claims)) {
    if (!GITHUB_CLAIMS.has(name)) continue;
    if (typeof value === 'string') given.set(name, value);
    else if (value !== null) throw new DevIssuerError('invalid_request', `claims.${name}: GitHub's claims are strings`);
  }
  const of = (name: string, otherwise: string) => given.get(name) ?? otherwise;
  const repository = of('repository', 'acme-corp/ai-pipeline');
  const owner = of('repository_owner', repository.split('/', 1)[0] ?? '');
  const ref = of('ref', 'refs/heads/main');
  const sha = of('sha', commitOf(repository, ref));
  const workflow = of('workflow', 'ci');
  const workflowRef = of('workflow_ref', `${repository}/.github/workflows/ci.yml@${ref}`);
  const actor = of('actor', 'octocat');
  const completed: Record<string, string> = {
    repository,
    repository_id: numberOf('repository', repository),
    repository_owner: owner,
    repository_owner_id: numberOf('owner', owner),
    repository_visibility: 'private',
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: 'true',
    sha,
    head_ref: '',
    base_ref: '',
    event_name: 'push',
    actor,
    actor_id: numberOf('owner', actor),
    workflow,
    workflow_ref: workflowRef,
    workflow_sha: sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: sha,
    run_id: numberOf('run', repository),
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    ...Object.fromEntries(given),
  };
  return { sub: subjectOf(completed, subject), ...completed };
}

/** GH-4, GH-5: a colon within a value is escaped. */
function subjectOf(claims: Readonly<Record<string, string>>, form: 'classic' | 'immutable'): string {
  const escaped = (text = '') => text.replaceAll(':', '%3A');
  const { repository = '', repository_id, repository_owner_id, environment, event_name, ref } = claims;
  const [owner = '', name = ''] = repository.split('/', 2);
  const repo = form === 'classic' ? repository : `${owner}@${repository_owner_id}/${name}@${repository_id}`;
  if (environment) return `repo:${repo}:environment:${escaped(environment)}`;
  if (event_name === 'pull_request') return `repo:${repo}:pull_request`;
  return `repo:${repo}:ref:${escaped(ref)}`;
}
