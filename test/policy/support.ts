/** Objects and identities in one line each. */
import type {
  ClusterTrustPolicy,
  ClusterTrustPolicySpec,
  ProtectedResource,
  ProtectedResourceSpec,
  TrustPolicy,
  TrustPolicySpec,
  TrustRule,
} from '../../src/api/v1alpha1/index.ts';
import type { Anchor, Claims, VerifiedIdentity } from '../../src/identity.ts';
import { compile } from '../../src/policy/index.ts';
import type { CompileOptions, ObjectReport, PolicyObjects, Problem, Snapshot } from '../../src/policy/types.ts';
import { readPath } from '../../src/proof/spiffe-id.ts';

const apiVersion = 'trustmint.dev/v1alpha1';

export const CLUSTER = 'https://cluster.example';
export const GITHUB = 'https://token.actions.githubusercontent.com';
export const IDP = 'https://idp.example';
export const DOMAIN = 'spiffe://cluster.local';

export const standalone: CompileOptions = {
  tenancy: { mode: 'Single', tenant: 'acme' },
  defaultAudience: 'default',
  maxTtl: 86_400,
  ownIssuer: 'https://mint.example',
  allowLoopbackHttp: true,
};

export const inCluster: CompileOptions = {
  ...standalone,
  tenancy: { mode: 'Namespace' },
  allowLoopbackHttp: false,
  cluster: { issuers: [CLUSTER] },
};

export function objects(some: Partial<PolicyObjects>): PolicyObjects {
  return { trustPolicies: [], clusterTrustPolicies: [], protectedResources: [], ...some };
}

export function tpol(
  name: string,
  trustRules: TrustRule[],
  spec: Partial<TrustPolicySpec> = {},
  namespace = 'ai-agents',
): TrustPolicy {
  return {
    apiVersion,
    kind: 'TrustPolicy',
    metadata: { name, namespace, uid: `tp-${namespace}-${name}` },
    spec: { provider: 'kubernetes', audience: 'satgate', state: 'Active', trustRules, ...spec },
  };
}

export function ctpol(
  name: string,
  trustRules: TrustRule[],
  spec: Partial<ClusterTrustPolicySpec> = {},
): ClusterTrustPolicy {
  return {
    apiVersion,
    kind: 'ClusterTrustPolicy',
    metadata: { name, uid: `ctp-${name}` },
    spec: {
      provider: 'github',
      audience: 'satgate',
      tenant: 'acme',
      state: 'Active',
      priority: 0,
      trustRules,
      ...spec,
    },
  };
}

export function pres(name: string, spec: Partial<ProtectedResourceSpec> = {}): ProtectedResource {
  return {
    apiVersion,
    kind: 'ProtectedResource',
    metadata: { name, uid: `pres-${name}` },
    spec: { audience: name, tokenType: 'Macaroon', scopeFormat: 'String', signingAlgorithm: 'ES256', ...spec },
  };
}

export function rule(name: string, match: TrustRule['match'], rest: Partial<TrustRule> = { issue: {} }): TrustRule {
  return { name, match, ...rest };
}

export const deny = (name: string, match: TrustRule['match']): TrustRule => rule(name, match, { deny: true });

/** A policy of an OpenID provider of one company. */
export function oidc(name: string, trustRules: TrustRule[], spec: Partial<ClusterTrustPolicySpec> = {}) {
  return ctpol(name, trustRules, { provider: 'oidc', issuer: IDP, ...spec });
}

/** A policy of the trust domain cluster.local, for our own clients. */
export function spiffe(
  name: string,
  trustRules: TrustRule[],
  changes: Partial<NonNullable<ClusterTrustPolicySpec['spiffe']>> = {},
  spec: Partial<ClusterTrustPolicySpec> = {},
) {
  const trust = { trustDomain: 'cluster.local', bundle: { endpoint: { url: 'https://spire.example:8443' } } };
  return ctpol(name, trustRules, {
    provider: 'spiffe',
    audience: 'https://mint.example',
    spiffe: { ...trust, pathTemplate: '/agent/{tenantId}/{userId}/{agentType}/{agentId}', ...changes },
    ...spec,
  });
}

const GITHUB_FIELDS: Record<string, string> = {
  owner: 'repository_owner',
  ownerId: 'repository_owner_id',
  repository: 'repository',
  repositoryId: 'repository_id',
  ref: 'ref',
  environment: 'environment',
  eventName: 'event_name',
  workflowRef: 'workflow_ref',
  jobWorkflowRef: 'job_workflow_ref',
  runnerEnvironment: 'runner_environment',
};

/** The identity that a verified proof with these claims is. */
export function identityOf(
  anchor: Anchor,
  claims: Claims,
  audiences: readonly string[] = ['satgate'],
): VerifiedIdentity {
  const subject = typeof claims.sub === 'string' ? claims.sub : 'someone';
  const attributes = new Map<string, string>();
  if (anchor.provider === 'kubernetes') {
    const [, , namespace = '', serviceAccount = ''] = subject.split(':');
    if (namespace) attributes.set('namespace', namespace);
    if (serviceAccount) attributes.set('serviceAccount', serviceAccount);
  }
  if (anchor.provider === 'github')
    for (const [field, claim] of Object.entries(GITHUB_FIELDS)) {
      const value = claims[claim];
      if (typeof value === 'string' && value !== '') attributes.set(field, value);
    }
  if (anchor.provider === 'spiffe') {
    const [trustDomain = '', ...segments] = subject.slice('spiffe://'.length).split('/');
    attributes.set('id', subject).set('trustDomain', trustDomain);
    for (const [field, value] of readPath(anchor.pathTemplate ?? [], segments)) attributes.set(field, value);
  }
  return {
    anchor: anchor.id,
    provider: anchor.provider,
    issuer: anchor.issuer,
    subject,
    audiences,
    claims,
    attributes,
    holder: { subject },
    issuedAt: 1_700_000_000,
    expiresAt: 1_700_003_600,
  };
}

export const serviceAccount = (namespace: string, name: string): Claims => ({
  sub: `system:serviceaccount:${namespace}:${name}`,
  'kubernetes.io': { namespace, serviceaccount: { name, uid: `uid-${name}` } },
});

/** A compiled set of objects, asked with claims. */
export class World {
  readonly snapshot: Snapshot;

  constructor(some: Partial<PolicyObjects>, options: CompileOptions = standalone) {
    this.snapshot = compile(objects(some), options);
  }

  identities(issuer: string, claims: Claims, audiences?: readonly string[]): VerifiedIdentity[] {
    return this.snapshot.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
  }

  decide(issuer: string, claims: Claims, request = {}, audiences?: readonly string[]) {
    return this.snapshot.decide(this.identities(issuer, claims, audiences), request);
  }

  /** `policy/rule` that gave, or the reason of the refusal. */
  outcome(issuer: string, claims: Claims, request = {}, audiences?: readonly string[]): string {
    const decision = this.decide(issuer, claims, request, audiences);
    return decision.allowed ? `${decision.terms.policy.name}/${decision.terms.rule}` : decision.reason;
  }

  /** What was given. */
  terms(issuer: string, claims: Claims, request = {}) {
    const decision = this.decide(issuer, claims, request);
    if (!decision.allowed) throw new Error(`refused: ${decision.reason} ${decision.detail}`);
    return decision.terms;
  }

  report(name: string): ObjectReport {
    const found = this.snapshot.reports.find((report) => report.name === name);
    if (!found) throw new Error(`no report of ${name}`);
    return found;
  }

  condition(name: string, type: string): string {
    const found = this.report(name).conditions.find((condition) => condition.type === type);
    return `${found?.status}/${found?.reason}`;
  }
}

/** The codes of an object's errors, and that nothing of it is served. */
export function errorsOf(some: Partial<PolicyObjects>, name: string, options = standalone): string[] {
  return new World(some, options)
    .report(name)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);
}

export const codes = (problems: readonly Problem[]): string[] => problems.map(({ code }) => code);
