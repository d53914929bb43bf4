/** What a rule gives, with the limits of its resources applied. */
import type { Issue } from '../api/v1alpha1/index.ts';
import type { ProviderName } from '../identity.ts';
import { compileCaveats } from './caveats.ts';
import { clientIdFault } from './client-id.ts';
import { parseDuration } from './duration.ts';
import type { CompiledIssue, ResourceGrant } from './model.ts';
import { sourceName } from './predicate.ts';
import type { Problems } from './problems.ts';
import { DEFAULT_RESOURCE, type Resources } from './resources.ts';
import { parseTemplate, type Template, templateSources } from './template.ts';
import type { ServedResource } from './types.ts';

export interface IssueContext {
  readonly provider: ProviderName;
  readonly resources: Resources;
  /** Seconds. */
  readonly maxTtl: number;
  /** Of the policy, where only resources that are grantable from it may be given. */
  readonly namespace?: string;
  readonly problems: Problems;
  /** References to what does not exist: the rule gives everything but that. */
  readonly refs: Problems;
}

const MIN_TTL = 60;
const MAX_TTL = 86_400;
const DEFAULT_TTL = 3600;
const MAX_DEPTH = 4;

/** `path` is that of the rule's `issue`. */
export function compileIssue(issue: Issue, path: string, context: IssueContext): CompiledIssue {
  const { provider, problems } = context;
  const ttl = issue.ttl === undefined ? DEFAULT_TTL : (parseDuration(issue.ttl) ?? 0);
  if (ttl < MIN_TTL || ttl > MAX_TTL)
    problems.error('InvalidDuration', `${path}.ttl`, 'must be a duration from 1m to 24h');
  const caveats = compileCaveats(issue.caveats ?? [], `${path}.caveats`, problems);
  const label = compileTemplate(issue.labelTemplate, `${path}.labelTemplate`, problems);
  const clientId = compileClientId(issue, path, context);
  const templates = caveats.flatMap(({ value }) => (typeof value === 'string' ? [] : [value]));
  for (const template of [label, clientId]) if (template) templates.push(template);
  checkDelegation(issue, path, context);
  return {
    resources: [...(issue.resources ?? [DEFAULT_RESOURCE])],
    grants: compileGrants(issue, ttl, path, context),
    ttlFromProof: issue.ttlFromProof ?? false,
    ...compileBudget(issue, ttl, path, context),
    caveats,
    hasFixedCaveats: caveats.every(({ value }) => typeof value === 'string'),
    ...(label && { label }),
    ...(clientId && { clientId }),
    ...(issue.actsFor && { actsFor: issue.actsFor }),
    ...(issue.delegation && { delegation: { maxDepth: issue.delegation.maxDepth } }),
    used: [...new Set(templates.flatMap(templateSources).map((source) => sourceName(source, provider)))],
  };
}

function compileTemplate(text: string | undefined, path: string, problems: Problems): Template | undefined {
  if (text === undefined) return undefined;
  const parsed = parseTemplate(text);
  if ('template' in parsed) return parsed.template;
  problems.error('InvalidTemplate', path, `at character ${parsed.position}: ${parsed.message}`);
  return undefined;
}

function compileClientId(issue: Issue, path: string, { problems, resources }: IssueContext): Template | undefined {
  const at = `${path}.clientId`;
  const template = compileTemplate(issue.clientId, at, problems);
  if (!template) return undefined;
  const [first] = template.parts;
  const fault = typeof first === 'string' ? clientIdFault(first) : undefined;
  if (fault !== undefined) problems.error('InvalidClientId', at, fault);
  if (!namesOf(issue).some((name) => resources.known.get(name)?.object.spec.tokenType === 'JWT'))
    problems.warning('NoClient', at, "none of the rule's resources takes JWTs, which alone say a client");
  return template;
}

/** Only what a JWT carries can be handed on. */
function checkDelegation(issue: Issue, path: string, { problems, resources }: IssueContext): void {
  if (!issue.delegation) return;
  const at = `${path}.delegation`;
  const { maxDepth } = issue.delegation;
  if (!Number.isInteger(maxDepth) || maxDepth < 1 || maxDepth > MAX_DEPTH)
    problems.error('InvalidDelegation', `${at}.maxDepth`, `must be 1 to ${MAX_DEPTH}`);
  if (carriesMore(issue))
    problems.error('NotEnforceable', at, 'what is delegated is a JWT, which would ignore budgetCredits and caveats');
  for (const name of namesOf(issue)) {
    const known = resources.known.get(name);
    const takesMacaroons = known ? known.object.spec.tokenType !== 'JWT' : resources.served.has(name);
    if (takesMacaroons)
      problems.error('NotDelegable', at, `${name} takes macaroons, which their holder attenuates instead`);
    else if (known && (known.object.spec.scopes ?? []).length === 0)
      problems.warning('NoScopes', at, `${name} has no scopes, and scopes are what is delegated`);
  }
}

function namesOf(issue: Issue): readonly string[] {
  return [...new Set(issue.resources ?? [DEFAULT_RESOURCE])];
}

/** Whether the rule says what only a macaroon can hold. */
function carriesMore(issue: Issue): boolean {
  return issue.budgetCredits !== undefined || (issue.caveats?.length ?? 0) > 0;
}

/** A CI run is one instance and needs one budget; a workload that lives on gets a new one each window. */
function compileBudget(
  issue: Issue,
  ttl: number,
  path: string,
  { provider, problems }: IssueContext,
): Pick<CompiledIssue, 'budgetPer' | 'budgetWindow'> {
  const budgetPer = issue.budgetPer ?? (provider === 'github' ? 'Instance' : 'Subject');
  if (issue.budgetWindow === undefined)
    return { budgetPer, budgetWindow: provider === 'github' && budgetPer === 'Instance' ? 'Lifetime' : ttl };
  if (issue.budgetWindow === 'Lifetime') return { budgetPer, budgetWindow: 'Lifetime' };
  const window = parseDuration(issue.budgetWindow) ?? 0;
  if (window < MIN_TTL)
    problems.error('InvalidDuration', `${path}.budgetWindow`, 'must be a duration of at least 1m, or Lifetime');
  return { budgetPer, budgetWindow: window };
}

function compileGrants(issue: Issue, ttl: number, path: string, context: IssueContext): ResourceGrant[] {
  const { resources, refs, problems } = context;
  const names = namesOf(issue);
  const wanted = new Set(issue.scopes ?? []);
  const grants: ResourceGrant[] = [];
  names.forEach((name, i) => {
    const at = `${path}.resources[${i}]`;
    const known = resources.known.get(name);
    if (known?.object.spec.tokenType === 'JWT' && carriesMore(issue))
      problems.error('NotEnforceable', at, `${name} takes JWTs, which would ignore budgetCredits and caveats`);
    const { namespace } = context;
    if (known && namespace !== undefined && !known.grantableFrom.some((glob) => glob.matches(namespace)))
      problems.error('ResourceNotGrantable', at, `${name} is not grantable from namespace ${namespace}`);
    const resource = resources.served.get(name);
    if (resource) grants.push(compileGrant(resource, issue, ttl, wanted, context.maxTtl));
    else if (known) refs.warning('ResourceNotAccepted', at, `ProtectedResource ${name} is not accepted`);
    else refs.warning('ResourceNotFound', at, `there is no ProtectedResource ${name}`);
  });
  issue.scopes?.forEach((scope, i) => {
    if (!grants.some(({ scopes }) => scopes?.includes(scope)))
      refs.warning('ScopeNotFound', `${path}.scopes[${i}]`, `none of the rule's resources has the scope ${scope}`);
  });
  return grants;
}

function compileGrant(
  resource: ServedResource,
  { budgetCredits }: Issue,
  ttl: number,
  wanted: ReadonlySet<string>,
  maxTtl: number,
): ResourceGrant {
  const budgets = [budgetCredits, resource.maxBudgetCredits].filter((one) => one !== undefined);
  return {
    resource,
    ttl: Math.min(ttl, maxTtl, resource.maxTtl ?? ttl),
    ...(resource.scopes.length > 0 && { scopes: resource.scopes.filter((scope) => wanted.has(scope)) }),
    ...(budgets.length > 0 && { budgetCredits: Math.min(...budgets) }),
  };
}
