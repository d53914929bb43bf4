/** Rule sets of any size, of the kinds that installations grow into, and identities that meet them or do not. */
import type { ClusterTrustPolicy, TrustPolicy, TrustRule } from '../../src/api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../../src/identity.ts';
import type { PolicyObjects } from '../../src/policy/index.ts';

export interface Shape {
  readonly name: string;
  readonly issuer: string;
  objects(rules: number): PolicyObjects;
  /** An identity that rule `i` of those matches. */
  hit(i: number): VerifiedIdentity;
  /** An identity of the same issuer that no rule matches. */
  miss(i: number): VerifiedIdentity;
}

const RULES_PER_POLICY = 64;
const PER_NAMESPACE = 10;
const CLUSTER = 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF';
const GITHUB = 'https://token.actions.githubusercontent.com';
const NOW = 1_800_000_000;
const API_VERSION = 'trustmint.dev/v1alpha1';
const ISSUE = { budgetCredits: 200, ttl: '4h', caveats: ['department = general', 'cost_center = eng-ai'] };

function trustPolicy(namespace: string, name: string, trustRules: TrustRule[]): TrustPolicy {
  return {
    apiVersion: API_VERSION,
    kind: 'TrustPolicy',
    metadata: { namespace, name, uid: `${namespace}/${name}` },
    spec: { provider: 'kubernetes', issuer: CLUSTER, audience: 'satgate', state: 'Active', trustRules },
  };
}

function githubPolicy(name: string, trustRules: TrustRule[]): ClusterTrustPolicy {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterTrustPolicy',
    metadata: { name, uid: name },
    spec: { provider: 'github', audience: 'satgate', state: 'Active', tenant: 'acme', priority: 0, trustRules },
  };
}

/** `count` rules in policies of at most `perPolicy`. */
function policies<P>(
  count: number,
  perPolicy: number,
  rule: (i: number) => TrustRule,
  policy: (n: number, rules: TrustRule[]) => P,
): P[] {
  return Array.from({ length: Math.ceil(count / perPolicy) }, (_, n) => {
    const first = n * perPolicy;
    return policy(
      n,
      Array.from({ length: Math.min(perPolicy, count - first) }, (_, k) => rule(first + k)),
    );
  });
}

function objects(some: Partial<PolicyObjects>): PolicyObjects {
  return parsed({ trustPolicies: [], clusterTrustPolicies: [], protectedResources: [], ...some });
}

/** As it is after parsing: strings that were put together are ropes inside V8, and dearer to compare. */
function parsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function identity(
  provider: VerifiedIdentity['provider'],
  issuer: string,
  subject: string,
  attributes: [string, string][],
  claims: Record<string, unknown>,
): VerifiedIdentity {
  const rest = { anchor: '', provider, issuer, subject, audiences: ['satgate'], holder: { subject } };
  const parts = parsed({ rest, claims: { iss: issuer, sub: subject, ...claims }, attributes });
  const times = { issuedAt: NOW, expiresAt: NOW + 300 };
  return { ...parts.rest, ...times, claims: parts.claims, attributes: new Map(parts.attributes) };
}

function serviceAccount(namespace: string, name: string): VerifiedIdentity {
  const subject = `system:serviceaccount:${namespace}:${name}`;
  const attributes: [string, string][] = [
    ['namespace', namespace],
    ['serviceAccount', name],
  ];
  const claims = { 'kubernetes.io': { namespace, serviceaccount: { name, uid: subject } } };
  return identity('kubernetes', CLUSTER, subject, attributes, claims);
}

function workflow(owner: string, repo: string): VerifiedIdentity {
  const repository = `${owner}/${repo}`;
  const ref = 'refs/heads/main';
  const attributes: [string, string][] = [
    ['owner', owner],
    ['repository', repository],
    ['ref', ref],
    ['eventName', 'push'],
  ];
  const claims = { repository, repository_owner: owner, ref, event_name: 'push', run_id: '1234' };
  return identity('github', GITHUB, `repo:${repository}:ref:${ref}`, attributes, claims);
}

const namespaceOf = (i: number) => `team-${Math.floor(i / PER_NAMESPACE)}`;

export const SHAPES: readonly Shape[] = [
  {
    name: 'service accounts of one namespace',
    issuer: CLUSTER,
    objects: (count) =>
      objects({
        trustPolicies: policies(
          count,
          RULES_PER_POLICY,
          (i) => ({ name: `r${i}`, match: { namespace: 'ai-agents', serviceAccount: `agent-${i}` }, issue: ISSUE }),
          (n, rules) => trustPolicy('ai-agents', `p${n}`, rules),
        ),
      }),
    hit: (i) => serviceAccount('ai-agents', `agent-${i}`),
    miss: (i) => serviceAccount('ai-agents', `stranger-${i}`),
  },
  {
    name: 'the same names in many namespaces',
    issuer: CLUSTER,
    objects: (count) =>
      objects({
        trustPolicies: policies(
          count,
          PER_NAMESPACE,
          (i) => ({
            name: `r${i % PER_NAMESPACE}`,
            match: { namespace: namespaceOf(i), serviceAccount: `agent-${i % PER_NAMESPACE}` },
            issue: ISSUE,
          }),
          (n, rules) => trustPolicy(`team-${n}`, 'agents', rules),
        ),
      }),
    hit: (i) => serviceAccount(namespaceOf(i), `agent-${i % PER_NAMESPACE}`),
    miss: (i) => serviceAccount(namespaceOf(i), `stranger-${i}`),
  },
  {
    name: 'many namespaces, each ending in *',
    issuer: CLUSTER,
    objects: (count) =>
      objects({
        trustPolicies: policies(
          count,
          PER_NAMESPACE,
          (i) => {
            const k = i % PER_NAMESPACE;
            const account = k === PER_NAMESPACE - 1 ? '*' : `agent-${k}`;
            return { name: `r${k}`, match: { namespace: namespaceOf(i), serviceAccount: account }, issue: ISSUE };
          },
          (n, rules) => trustPolicy(`team-${n}`, 'agents', rules),
        ),
      }),
    hit: (i) => serviceAccount(namespaceOf(i), `anyone-${i}`),
    miss: (i) => serviceAccount(`stranger-${i}`, 'anyone'),
  },
  {
    name: 'GitHub repositories',
    issuer: GITHUB,
    objects: (count) =>
      objects({
        clusterTrustPolicies: policies(
          count,
          RULES_PER_POLICY,
          (i) => ({
            name: `r${i}`,
            match: { repository: `acme-${i % 7}/repo-${i}`, ref: 'refs/heads/main' },
            issue: ISSUE,
          }),
          (n, rules) => githubPolicy(`p${n}`, rules),
        ),
      }),
    hit: (i) => workflow(`acme-${i % 7}`, `repo-${i}`),
    miss: (i) => workflow(`acme-${i % 7}`, `stranger-${i}`),
  },
];
