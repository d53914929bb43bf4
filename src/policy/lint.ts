/** What compiles, and still is probably not what was meant. */
import type { ClusterTrustPolicy, TrustPolicy } from '../api/v1alpha1/index.ts';
import { DEFAULT_CLUSTER_ISSUERS } from './anchors.ts';
import { type Compilation, compileAll } from './compile.ts';
import { parseDuration } from './duration.ts';
import { isOnlyWildcards } from './glob.ts';
import { isLoopbackUrl } from './issuer.ts';
import { lintAttributes } from './lint-attributes.ts';
import { lintGithub } from './lint-github.ts';
import { lintSpiffe } from './lint-spiffe.ts';
import type { CompiledPolicy, CompiledRule } from './model.ts';
import { claimOf, ruleName, sharedBy } from './narrowing.ts';
import { patternsOf } from './predicate.ts';
import { Problems } from './problems.ts';
import { findUnreachable } from './shadow.ts';
import { GITHUB_ISSUER } from './shared-issuers.ts';
import { type Template, templateSources } from './template.ts';
import type { CompileOptions, ObjectReport, PolicyObjects } from './types.ts';

/** Audiences that proofs are commonly made for, so that a proof for one place would open another. */
const COMMON_AUDIENCES = [
  'https://kubernetes.default.svc',
  'https://kubernetes.default.svc.cluster.local',
  'api://AzureADTokenExchange',
  'sigstore',
  'vault',
  'account',
];

/** Claims that a person or an administrator can change, or that pass to another. */
const MUTABLE_CLAIMS = ['/email', '/preferred_username', '/upn', '/unique_name', '/name', '/nickname'];

/**
 * Everything that `compile` finds in each object, and what else is unwise in it: unreachable rules, rules that are too
 * broad or hang on names that change hands. Codes are stable. Reports are those of `compile`, with more problems.
 */
export function lint(objects: PolicyObjects, options: CompileOptions): readonly ObjectReport[] {
  const steps = lintInSteps(objects, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** `lint`, a little at a time, so that others have their turn. The first step compiles, and takes as long as that. */
export function* lintInSteps(
  objects: PolicyObjects,
  options: CompileOptions,
): Generator<undefined, readonly ObjectReport[]> {
  const { snapshot, policies, served } = compileAll(objects, options);
  yield;
  const found = new Map<string, Problems>();
  for (const compilation of policies) {
    const { policy } = compilation;
    if (!policy) continue;
    const problems = new Problems();
    found.set(keyOf(policy.ref), problems);
    lintPolicy(compilation, policy, options, problems);
    yield;
  }
  for (const unreachable of findUnreachable(served)) {
    for (const { rule, by } of unreachable) lintUnreachable(rule, by, found);
    yield;
  }
  return snapshot.reports.map((report) => {
    const more = found.get(keyOf(report))?.list ?? [];
    return more.length === 0 ? report : { ...report, problems: [...report.problems, ...more] };
  });
}

/** Of one policy, before those that others cause are no longer added. */
const MAX_FINDINGS = 128;

/** Of two policies of one kind both are told: the author of the first may not have meant to take all. */
function lintUnreachable(rule: CompiledRule, by: CompiledRule, found: ReadonlyMap<string, Problems>): void {
  const [late, early] = [rule.policy.ref, by.policy.ref];
  const where = by.policy === rule.policy ? by.name : `${by.name} of ${early.kind} ${early.name}`;
  found
    .get(keyOf(late))
    ?.warning('Unreachable', pathOf(rule), `rule ${where} comes first and matches all that this one does`);
  if (by.policy === rule.policy || early.kind !== late.kind) return;
  const told = found.get(keyOf(early));
  // One that takes all of everybody's need not hear of each.
  if (!told || told.list.length >= MAX_FINDINGS) return;
  told.warning(
    'Overlap',
    pathOf(by),
    `comes before rule ${rule.name} of ${late.kind} ${late.name} and leaves it nothing`,
  );
}

function keyOf({ kind, namespace, name }: Pick<ObjectReport, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

function pathOf(rule: CompiledRule): string {
  return `spec.trustRules[${rule.index}]`;
}

function lintPolicy(
  { object }: Compilation,
  policy: CompiledPolicy,
  options: CompileOptions,
  problems: Problems,
): void {
  lintTrust(object, policy, options, problems);
  if (policy.tenant.kind === 'template')
    lintAttributes(policy, 'spec.tenant', templateSources(policy.tenant.template), problems);
  if (policy.provider === 'spiffe') lintSpiffe(object, policy, options, problems);
  for (const rule of policy.rules) {
    if (rule.issue) {
      lintBreadth(rule, problems);
      lintTrusted(rule, object, problems);
      lintIssue(object, rule, options, problems);
    }
    if (
      policy.provider === 'github' ||
      policy.anchors.some(({ issuer }) => sharedBy('oidc', issuer)?.name === 'GitHub')
    )
      lintGithub(rule, pathOf(rule), problems);
  }
}

function lintTrust(
  { spec }: TrustPolicy | ClusterTrustPolicy,
  policy: CompiledPolicy,
  options: CompileOptions,
  problems: Problems,
): void {
  if (COMMON_AUDIENCES.includes(spec.audience) || spec.audience.startsWith('https://github.com/'))
    problems.warning(
      'SharedAudience',
      'spec.audience',
      'other systems accept proofs made for this audience: choose one of your own',
    );
  for (const { issuer } of policy.anchors) {
    if (policy.provider === 'kubernetes' && !policy.isThisCluster && DEFAULT_CLUSTER_ISSUERS.includes(issuer))
      problems.warning(
        'DefaultClusterIssuer',
        'spec.issuer',
        'many clusters bear this name: only the keys tell this one from the others',
      );
    if (policy.provider === 'oidc' && options.cluster?.issuers.includes(issuer))
      problems.warning(
        'ClusterIssuerAsOidc',
        'spec.provider',
        "these are this cluster's accounts: provider kubernetes also asks whether they still exist",
      );
    if (policy.provider === 'oidc' && sharedBy('oidc', issuer)?.name === 'GitHub')
      problems.warning('UseProviderGithub', 'spec.provider', 'provider github knows these tokens and their ids');
    if (policy.provider === 'github' && !isGithubIssuer(issuer) && !isLoopbackUrl(issuer))
      problems.warning(
        'UnknownGithubIssuer',
        'spec.issuer',
        `GitHub's issuers are ${GITHUB_ISSUER}[/enterprise], https://token.actions.<name>.ghe.com and https://<host>/_services/token`,
      );
  }
}

/** GH-1: github.com with or without an enterprise, data residency, Enterprise Server. */
function isGithubIssuer(issuer: string): boolean {
  if (issuer === GITHUB_ISSUER) return true;
  if (issuer.startsWith(`${GITHUB_ISSUER}/`)) return /^[A-Za-z0-9_-]+$/.test(issuer.slice(GITHUB_ISSUER.length + 1));
  return (
    /^https:\/\/token\.actions\.[a-z0-9-]+\.ghe\.com$/.test(issuer) ||
    /^https:\/\/[^/]+\/_services\/token$/.test(issuer)
  );
}

/** Whoever writes `*` for "there is one" also takes what they did not think of. */
function lintBreadth(rule: CompiledRule, problems: Problems): void {
  for (const predicate of rule.predicates)
    if (patternsOf(predicate).some(isOnlyWildcards))
      problems.warning(
        'MatchesAnything',
        `${pathOf(rule)}.match`,
        `${predicate.label}: * alone is any value; to ask only that there is one, use operator Exists`,
      );
}

function lintTrusted(rule: CompiledRule, object: TrustPolicy | ClusterTrustPolicy, problems: Problems): void {
  const at = `${pathOf(rule)}.match`;
  const about = new Map(rule.predicates.map((predicate) => [claimOf(predicate.source), predicate]));
  const { provider, anchors } = rule.policy;
  if (provider === 'spiffe') return;
  if (provider === 'kubernetes') {
    const account = about.get('/serviceAccount');
    if (account?.operator === 'In' && account.exact.includes('default'))
      problems.warning('DefaultServiceAccount', at, 'every pod that names no service account runs as default');
    const namespace = about.get('/namespace') ?? about.get('/kubernetes.io/namespace');
    const namespaces = namespace?.operator === 'In' ? patternsOf(namespace) : ['*'];
    const isById = about.has('/kubernetes.io/serviceaccount/uid') || about.has('/sub');
    if (object.kind === 'ClusterTrustPolicy' && namespaces.some(isOnlyWildcards) && !isById)
      problems.warning('AnyNamespace', at, 'whoever may create a service account of this name anywhere is trusted');
    return;
  }
  const subject = about.get('/sub');
  if (subject && patternsOf(subject).some((pattern) => pattern.startsWith('spiffe://')))
    problems.warning('UseProviderSpiffe', at, 'only provider spiffe takes a proof whose sub is a SPIFFE ID');
  for (const claim of MUTABLE_CLAIMS)
    if (about.has(claim) && !about.has('/sub'))
      problems.warning('MutableIdentifier', at, `${claim.slice(1)} can be changed or pass to another: pin sub`);
  if (about.has('/email') && about.get('/email_verified')?.operator !== 'IsTrue')
    problems.warning('EmailUnverified', at, 'anybody may state an email: also ask that email_verified IsTrue');
  for (const [name, id] of sharedBy(provider, anchors[0]!.issuer)?.ids ?? [])
    if (about.has(`/${name}`) && !about.has(`/${id}`) && !MUTABLE_CLAIMS.includes(`/${name}`))
      problems.warning(
        'MutableIdentifier',
        at,
        `the name ${ruleName(provider, name)} can pass to another: also pin ${ruleName(provider, id)}`,
      );
}

function lintIssue(
  object: TrustPolicy | ClusterTrustPolicy,
  rule: CompiledRule,
  options: CompileOptions,
  problems: Problems,
): void {
  const at = `${pathOf(rule)}.issue`;
  const { issue, policy } = rule;
  const written = object.spec.trustRules[rule.index]?.issue;
  const ttl = written?.ttl === undefined ? undefined : parseDuration(written.ttl);
  if (ttl !== undefined && ttl > options.maxTtl)
    problems.warning('TtlCapped', `${at}.ttl`, `this installation gives at most ${options.maxTtl} s`);
  const sixHours = 6 * 3600;
  if (policy.provider === 'github' && ttl !== undefined && ttl > sixHours && !issue?.ttlFromProof)
    problems.warning('OutlivesJob', `${at}.ttl`, 'the token outlives any job on a GitHub-hosted runner (6h)');
  for (const { resource, scopes } of issue?.grants ?? [])
    if (scopes?.length === 0)
      problems.warning('NoScopes', `${at}.scopes`, `${resource.name} has scopes, and the rule names none of them`);
  const templates = [issue?.label, ...(issue?.caveats ?? []).map(({ value }) => value)].filter(
    (one): one is Template => typeof one === 'object',
  );
  lintAttributes(policy, at, templates.flatMap(templateSources), problems);
  if (issue?.budgetPer === 'Instance' && (policy.provider === 'oidc' || policy.provider === 'spiffe'))
    problems.warning('NoInstance', `${at}.budgetPer`, `proofs of provider ${policy.provider} name no instance`);
}
