/** What a rule gives, with the limits of its resources applied. */
import type { Issue } from '../api/v1alpha1/index.ts';
import type { ProviderName } from '../identity.ts';
import { compileCaveats } from './caveats.ts';
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

/** `path` is that of the rule's `issue`. */
export function compileIssue(issue: Issue, path: string, context: IssueContext): CompiledIssue {
  const { provider, problems } = context;
  const ttl = issue.ttl === undefined ? DEFAULT_TTL : (parseDuration(issue.ttl) ?? 0);
  if (ttl < MIN_TTL || ttl > MAX_TTL)
    problems.error('InvalidDuration', `${path}.ttl`, 'must be a duration from 1m to 24h');
  const caveats = compileCaveats(issue.caveats ?? [], `${path}.caveats`, problems);
  const label = issue.labelTemplate === undefined ? undefined : compileLabel(issue.labelTemplate, path, problems);
  const templates = caveats.flatMap(({ value }) => (typeof value === 'string' ? [] : [value]));
  if (label) templates.push(label);
  return {
    resources: [...(issue.resources ?? [DEFAULT_RESOURCE])],
    grants: compileGrants(issue, ttl, path, context),
    ttlFromProof: issue.ttlFromProof ?? false,
    ...compileBudget(issue, ttl, path, context),
    caveats,
    hasFixedCaveats: caveats.every(({ value }) => typeof value === 'string'),
    ...(label && { label }),
    used: [...new Set(templates.flatMap(templateSources).map((source) => sourceName(source, provider)))],
  };
}

function compileLabel(text: string, path: string, problems: Problems): Template | undefined {
  const parsed = parseTemplate(text);
  if ('template' in parsed) return parsed.template;
  problems.error('InvalidTemplate', `${path}.labelTemplate`, `at character ${parsed.position}: ${parsed.message}`);
  return undefined;
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
  const names = [...new Set(issue.resources ?? [DEFAULT_RESOURCE])];
  const wanted = new Set(issue.scopes ?? []);
  const grants: ResourceGrant[] = [];
  const hasBudgetOrCaveats = issue.budgetCredits !== undefined || (issue.caveats?.length ?? 0) > 0;
  names.forEach((name, i) => {
    const at = `${path}.resources[${i}]`;
    const known = resources.known.get(name);
    if (known?.object.spec.tokenType === 'JWT' && hasBudgetOrCaveats)
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
