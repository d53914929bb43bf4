/** A rule must say whose workloads it means; else it would trust whoever the issuer signs for. */
import type { ProviderName } from '../identity.ts';
import { claimPointer } from './claims.ts';
import { hasWildcard, isOnlyWildcards } from './glob.ts';
import { type Predicate, patternsOf, type ValueSource } from './predicate.ts';
import { GITHUB, type SharedIssuer, sharedIssuer } from './shared-issuers.ts';

/** The claims that GitHub's fields are made of. */
export const GITHUB_CLAIMS: ReadonlyMap<string, string> = new Map([
  ['owner', 'repository_owner'],
  ['ownerId', 'repository_owner_id'],
  ['repository', 'repository'],
  ['repositoryId', 'repository_id'],
  ['ref', 'ref'],
  ['environment', 'environment'],
  ['eventName', 'event_name'],
  ['workflowRef', 'workflow_ref'],
  ['jobWorkflowRef', 'job_workflow_ref'],
  ['runnerEnvironment', 'runner_environment'],
]);

/** The claims that Kubernetes' fields are made of, and the others that name an account. */
const KUBERNETES_CLAIMS = new Set([
  '/kubernetes.io/namespace',
  '/kubernetes.io/serviceaccount/name',
  '/kubernetes.io/serviceaccount/uid',
  '/sub',
]);

/** The pointer of the claim that a predicate is about, whether it names the claim or the provider's field. */
export function claimOf(source: ValueSource): string {
  if (source.kind === 'claim') return claimPointer(source.path);
  return `/${GITHUB_CLAIMS.get(source.name) ?? source.name}`;
}

/** A claim as one writes it in a rule of this provider: by the provider's field, where it has one. */
export function ruleName(provider: ProviderName, claim: string): string {
  if (provider !== 'github') return claim;
  for (const [field, name] of GITHUB_CLAIMS) if (name === claim) return field;
  return claim;
}

/** The shared issuer that a policy trusts, if it is one. */
export function sharedBy(provider: ProviderName, issuer: string): SharedIssuer | undefined {
  return provider === 'github' ? GITHUB : sharedIssuer(issuer);
}

/**
 * Why these predicates do not narrow, or undefined if they do.
 *
 * @param issuers all issuers that the policy trusts
 */
export function narrowingFault(
  predicates: readonly Predicate[],
  provider: ProviderName,
  issuers: readonly string[],
): string | undefined {
  if (provider === 'kubernetes') {
    return predicates.some(namesAccounts)
      ? undefined
      : 'the rule must name a namespace or a service account: * alone is every account there is';
  }
  for (const issuer of issuers) {
    const shared = sharedBy(provider, issuer);
    if (shared && !predicates.some((predicate) => narrowsShared(predicate, shared))) {
      const claims = shared.narrowing.map(({ claim, part }) => {
        const name = ruleName(provider, claim);
        return part === 'owner' ? `${name} (its owner)` : name;
      });
      return `${shared.name} signs for anybody: pin one of ${claims.join(', ')} without wildcards`;
    }
  }
  return predicates.some((predicate) => predicate.operator !== 'NotIn' && predicate.operator !== 'DoesNotExist')
    ? undefined
    : 'the rule must say something that its identities have';
}

function namesAccounts({ operator, source, ...values }: Predicate): boolean {
  if (operator !== 'In') return false;
  const claim = source.kind === 'claim' ? claimPointer(source.path) : undefined;
  if (claim !== undefined && !KUBERNETES_CLAIMS.has(claim)) return false;
  const names = claim === '/sub' ? subjectNames : (pattern: string) => !isOnlyWildcards(pattern);
  return patternsOf({ operator, source, ...values }).every(names);
}

const SUBJECT = 'system:serviceaccount:';

/** Whether a pattern of `sub` says more than that it is a service account's. */
function subjectNames(pattern: string): boolean {
  if (!hasWildcard(pattern)) return true;
  return pattern.startsWith(SUBJECT) && /[^*:]/.test(pattern.slice(SUBJECT.length));
}

function narrowsShared(predicate: Predicate, shared: SharedIssuer): boolean {
  if (predicate.operator !== 'In') return false;
  const about = claimOf(predicate.source);
  const entry = shared.narrowing.find(({ claim }) => about === `/${claim}`);
  return entry !== undefined && patternsOf(predicate).every((pattern) => isLiteral(pattern, entry.part));
}

function isLiteral(pattern: string, part: 'whole' | 'owner'): boolean {
  if (part === 'whole') return !hasWildcard(pattern);
  const slash = pattern.indexOf('/');
  if (slash < 0) return !hasWildcard(pattern);
  return slash > 0 && !hasWildcard(pattern.slice(0, slash));
}
