/** GitHub's issuers, and what its claims are called in policies. */

/** github.com's issuer: what provider `github` means where no issuer is written. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** Claims that are fields of their own in a rule of provider `github`. */
export const GITHUB_CLAIM_FIELDS: ReadonlyMap<string, string> = new Map([
  ['repository', 'repository'],
  ['repository_id', 'repositoryId'],
  ['repository_owner', 'owner'],
  ['repository_owner_id', 'ownerId'],
  ['ref', 'ref'],
  ['environment', 'environment'],
  ['event_name', 'eventName'],
  ['workflow_ref', 'workflowRef'],
  ['job_workflow_ref', 'jobWorkflowRef'],
  ['runner_environment', 'runnerEnvironment'],
]);

/**
 * Whether an issuer is a GitHub Actions one by its shape: github.com's (with an enterprise's slug or without),
 * `https://token.actions.SUBDOMAIN.ghe.com` of data residency, or `https://HOST/_services/token` of Enterprise Server
 * (http too: whether that may be is decided where keys are fetched).
 */
export function isGithubIssuer(issuer: string): boolean {
  if (issuer === GITHUB_ISSUER) return true;
  if (issuer.startsWith(`${GITHUB_ISSUER}/`))
    return /^[A-Za-z0-9-]{1,100}$/.test(issuer.slice(GITHUB_ISSUER.length + 1));
  if (issuer.length > 2048) return false;
  return (
    /^https:\/\/token\.actions\.[a-z0-9-]{1,63}\.ghe\.com$/.test(issuer) ||
    /^https?:\/\/[A-Za-z0-9.:[\]-]{1,300}\/_services\/token$/.test(issuer)
  );
}
