/** One policy object → what deciding reads of it, or what is wrong with it. */
import { type ClusterTrustPolicy, FOREIGN_AUDIENCES, type TrustPolicy, type TrustRule } from '../api/v1alpha1/index.ts';
import { checkActsFor } from './acts-for.ts';
import { compileAnchors } from './anchors.ts';
import { parseDuration } from './duration.ts';
import { compileIssue, type IssueContext } from './issue.ts';
import type { CompiledIssue, CompiledPolicy, CompiledRule } from './model.ts';
import { narrowingFault } from './narrowing.ts';
import { writtenFields } from './path-template.ts';
import { compileMatch, equals, type Predicate, sourceName } from './predicate.ts';
import type { Problems } from './problems.ts';
import type { Resources } from './resources.ts';
import { templateSources } from './template.ts';
import { compileTenant, confineTrustPolicy, namespaceOf } from './tenancy.ts';
import type { CompileOptions, PolicyRef } from './types.ts';

export interface PolicyContext {
  readonly options: CompileOptions;
  readonly resources: Resources;
  /** What was compiled of equal `issue` members before: rules often differ in whom they match alone. */
  readonly issues: Map<string, CompiledIssue>;
  readonly problems: Problems;
  readonly refs: Problems;
}

/** Seconds. */
const MAX_PROOF_AGE = { github: 600, oidc: 3600, spiffe: 3600, kubernetes: 86_400 } as const;

export function policyRef(object: TrustPolicy | ClusterTrustPolicy): PolicyRef {
  const { name, uid } = object.metadata;
  const namespace = object.kind === 'TrustPolicy' ? namespaceOf(object) : undefined;
  return {
    kind: object.kind,
    uid: uid ?? `${object.kind}/${namespace ?? ''}/${name}`,
    ...(namespace !== undefined && { namespace }),
    name,
  };
}

/** Undefined if there is an error; every problem is in the context's lists. */
export function compilePolicy(
  object: TrustPolicy | ClusterTrustPolicy,
  context: PolicyContext,
): CompiledPolicy | undefined {
  const { options, problems } = context;
  const { spec } = object;
  if (object.kind === 'TrustPolicy') confineTrustPolicy(object, options, problems);
  if (problems.errors > 0) return undefined;
  checkAudience(spec.audience, problems);
  const maxProofAge =
    spec.maxProofAge === undefined ? MAX_PROOF_AGE[spec.provider] : (parseDuration(spec.maxProofAge) ?? 0);
  if (maxProofAge < 1 || maxProofAge > 86_400)
    problems.error('InvalidDuration', 'spec.maxProofAge', 'must be a duration from 1s to 24h');
  const trusted = compileAnchors(spec, options, problems);
  const tenant = trusted && compileTenant(object, trusted.isThisCluster, options, problems);
  const issuers = trusted?.anchors.map((anchor) => anchor.issuer) ?? [];
  const parts = compileRules(object, { issuers, pathFields: writtenFields(spec.spiffe?.pathTemplate) }, context);
  if (!trusted || !tenant || problems.errors > 0) return undefined;
  const tenantUses =
    tenant.kind === 'template' ? templateSources(tenant.template).map((s) => sourceName(s, spec.provider)) : [];
  if (tenant.kind === 'namespace' || tenant.kind === 'label') tenantUses.push('namespace');
  const rules: CompiledRule[] = [];
  const policy: CompiledPolicy = {
    ref: policyRef(object),
    priority: object.kind === 'ClusterTrustPolicy' ? (object.spec.priority ?? 0) : 0,
    provider: spec.provider,
    audience: spec.audience,
    state: spec.state ?? 'Active',
    ...trusted,
    tenant,
    maxProofAge,
    rules,
  };
  parts.forEach((part, index) => {
    const names = part.predicates.map((predicate) => sourceName(predicate.source, spec.provider));
    const used = [...new Set([...names, ...(part.issue ? [...tenantUses, ...part.issue.used] : [])])];
    rules.push({ policy, index, ordinal: -1, used, ...part });
  });
  return policy;
}

function checkAudience(audience: string, problems: Problems): void {
  const path = 'spec.audience';
  if (audience === '') problems.error('InvalidAudience', path, 'the audience of the proof is required');
  if (audience.includes('*')) problems.error('InvalidAudience', path, 'an audience is exact: it has no wildcards');
  if ((FOREIGN_AUDIENCES as readonly string[]).includes(audience))
    problems.error(
      'ForeignAudience',
      path,
      `proofs for ${audience} are credentials elsewhere: choose another audience`,
    );
}

type RulePart = Pick<CompiledRule, 'name' | 'predicates' | 'issue'>;

/** What the policy trusts, as far as its rules speak of it. */
interface Trusted {
  readonly issuers: readonly string[];
  readonly pathFields: readonly string[];
}

function compileRules(object: TrustPolicy | ClusterTrustPolicy, trusted: Trusted, context: PolicyContext): RulePart[] {
  const { problems } = context;
  const names = new Set<string>();
  return object.spec.trustRules.map((rule, i) => {
    const path = `spec.trustRules[${i}]`;
    if (names.has(rule.name)) problems.error('DuplicateName', `${path}.name`, `two rules are named ${rule.name}`);
    names.add(rule.name);
    const predicates = compilePredicates(object, rule, path, trusted, problems);
    if ((rule.issue === undefined) === (rule.deny === undefined))
      problems.error('IssueOrDeny', path, 'a rule has either issue or deny: true');
    if (rule.issue === undefined) return { name: rule.name, predicates };
    if (rule.issue.actsFor) checkActsFor(object.spec.provider, trusted.pathFields, `${path}.issue.actsFor`, problems);
    return { name: rule.name, predicates, issue: compileShared(object, rule.issue, `${path}.issue`, context) };
  });
}

function compilePredicates(
  object: TrustPolicy | ClusterTrustPolicy,
  rule: TrustRule,
  path: string,
  { issuers, pathFields }: Trusted,
  problems: Problems,
): Predicate[] {
  const { provider } = object.spec;
  const before = problems.errors;
  const predicates = compileMatch(rule.match, provider, `${path}.match`, problems, pathFields);
  if (object.kind === 'TrustPolicy' && provider === 'kubernetes' && rule.match.namespace === undefined)
    predicates.unshift(equals('namespace', { kind: 'attribute', name: 'namespace' }, namespaceOf(object)));
  if (problems.errors > before) return predicates;
  // A deny trusts nobody, so a guardrail may be as broad as `eventName: pull_request_target`.
  const fault =
    rule.deny === undefined
      ? narrowingFault(predicates, provider, issuers)
      : predicates.length === 0
        ? 'the rule must say whom it refuses'
        : undefined;
  if (fault !== undefined) problems.error('MustNarrow', `${path}.match`, fault);
  return predicates;
}

function compileShared(
  object: TrustPolicy | ClusterTrustPolicy,
  issue: NonNullable<TrustRule['issue']>,
  path: string,
  context: PolicyContext,
): CompiledIssue {
  const { options, resources, problems, refs } = context;
  const { provider } = object.spec;
  const confined = object.kind === 'TrustPolicy' && options.tenancy.mode !== 'Single';
  const namespace = confined ? namespaceOf(object) : undefined;
  const key = JSON.stringify([provider, namespace, issue]);
  const earlier = context.issues.get(key);
  if (earlier) return earlier;
  const before = problems.list.length + refs.list.length;
  const compileContext: IssueContext = {
    provider,
    resources,
    maxTtl: options.maxTtl,
    ...(namespace !== undefined && { namespace }),
    problems,
    refs,
  };
  const compiled = compileIssue(issue, path, compileContext);
  // One with problems is compiled again for each rule, so that each names its own path.
  if (problems.list.length + refs.list.length === before) context.issues.set(key, compiled);
  return compiled;
}
