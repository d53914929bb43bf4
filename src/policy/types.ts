/** What the policy engine takes and gives. A Snapshot is immutable; the engine holds one reference to it and swaps it. */
import type { ClusterTrustPolicy, ProtectedResource, TrustPolicy } from '../api/v1alpha1/index.ts';
import type { Anchor, VerifiedIdentity } from '../identity.ts';

/** The objects that a snapshot is a function of. Those with a deletionTimestamp are not served. */
export interface PolicyObjects {
  readonly trustPolicies: readonly TrustPolicy[];
  readonly clusterTrustPolicies: readonly ClusterTrustPolicy[];
  readonly protectedResources: readonly ProtectedResource[];
}

/** What a tenant is in this installation (architecture: Tenancy). */
export type Tenancy =
  | { readonly mode: 'Single'; readonly tenant: string }
  | { readonly mode: 'Namespace' }
  | { readonly mode: 'NamespaceLabel'; readonly tenantOf: ReadonlyMap<string, string> };

export interface CompileOptions {
  readonly tenancy: Tenancy;
  /** The audience of the built-in resource `default`. */
  readonly defaultAudience: string;
  /** Seconds; no grant outlives it. */
  readonly maxTtl: number;
  /** Our own issuer: never an anchor. Absent where it is not known yet: before anything is applied. */
  readonly ownIssuer?: string;
  /** Whether http key URLs and issuers on loopback are allowed (standalone only). */
  readonly allowLoopbackHttp: boolean;
  /** The issuers of this cluster's own tokens; absent where there is no cluster. */
  readonly cluster?: { readonly issuers: readonly string[] };
  /** The only namespaces whose accounts, of this cluster, are served; absent: all. */
  readonly scope?: readonly string[];
}

/** One thing wrong, or unwise, in an object: `path` as in `spec.trustRules[1].issue.ttl`. */
export interface Problem {
  /** Stable, CamelCase: a condition reason. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly message: string;
}

export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'Ready' | 'Revoked';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface ObjectReport {
  readonly kind: 'TrustPolicy' | 'ClusterTrustPolicy' | 'ProtectedResource' | 'AgentRegistration';
  readonly uid: string;
  readonly namespace?: string;
  readonly name: string;
  /** metadata.generation, where the object has one. */
  readonly generation?: number;
  readonly served: boolean;
  /** Expired: of a registration. */
  readonly phase: 'Active' | 'Invalid' | 'Suspended' | 'Revoked' | 'Expired';
  readonly rules: number;
  readonly conditions: readonly Condition[];
  readonly problems: readonly Problem[];
}

export interface PolicyRef {
  readonly kind: 'TrustPolicy' | 'ClusterTrustPolicy';
  readonly uid: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A ProtectedResource that tokens can be minted for, or the built-in `default`. */
export interface ServedResource {
  readonly name: string;
  readonly audience: string;
  readonly tokenType: 'JWT' | 'Macaroon';
  /** Of a JWT: how `scope` is written. */
  readonly scopeFormat: 'String' | 'Array';
  /** Of a JWT. */
  readonly signingAlgorithm: 'ES256' | 'RS256' | 'EdDSA';
  readonly resourceUris: readonly string[];
  readonly scopes: readonly string[];
  readonly maxTtl?: number;
  readonly maxBudgetCredits?: number;
  readonly verifiers: readonly { readonly namespace: string; readonly serviceAccount: string }[];
}

/** What is asked of the policies, beside the identity. */
export interface DecisionRequest {
  /** A ProtectedResource's name or one of its URIs. */
  readonly resource?: string;
  /** A ProtectedResource's audience. */
  readonly audience?: string;
  readonly scopes?: readonly string[];
  readonly tenant?: string;
}

export interface Attribute {
  readonly key: string;
  readonly value: string;
}

/** What the winning rule gives, templates rendered, limits applied. The exchange narrows it to the request. */
export interface GrantTerms {
  readonly identity: VerifiedIdentity;
  readonly policy: PolicyRef;
  readonly rule: string;
  readonly tenant: string;
  readonly resource: ServedResource;
  /** Seconds: the least of the rule's ttl, the resource's and the installation's limit. */
  readonly ttl: number;
  readonly ttlFromProof: boolean;
  /** Seconds since the proof's iat. */
  readonly maxProofAge: number;
  /** Of the resource's scopes, those that the rule names; undefined where the resource has none. */
  readonly scopes?: readonly string[];
  readonly budgetCredits?: number;
  readonly budgetPer: 'Subject' | 'Instance' | 'Rule';
  /** Seconds, or one window for ever. */
  readonly budgetWindow: number | 'Lifetime';
  readonly caveats: readonly Attribute[];
  readonly label?: string;
  /** What the rule says a JWT's `client_id` is, rendered. */
  readonly clientId?: string;
  /** Whether the token is for the user that the workload is registered for; without a registration it is refused. */
  readonly actsFor?: 'RegisteredUser';
  /** How far the workload may hand on what it gets; absent: not at all. */
  readonly delegation?: { readonly maxDepth: number };
  /** The names of the claims and attributes that the policy read: the audit record states their values. */
  readonly used: readonly string[];
}

export type DenyReason =
  | 'no_rule'
  | 'wrong_audience'
  | 'namespace_not_watched'
  | 'denied_by_rule'
  | 'policy_suspended'
  | 'policy_revoked'
  | 'unknown_resource'
  | 'resource_mismatch'
  | 'template_failed'
  | 'nothing_left';

export type Decision =
  | { readonly allowed: true; readonly terms: GrantTerms }
  | {
      readonly allowed: false;
      readonly reason: DenyReason;
      /** For the audit record only: a caller never sees it. */
      readonly detail: string;
      readonly policy?: PolicyRef;
      readonly rule?: string;
      readonly used: readonly string[];
    };

export interface PredicateTrace {
  /** As `namespace`, `claims.repository`, `expressions[0] eventName`, `audience`, `resource`, `tenant`. */
  readonly predicate: string;
  readonly expected: string;
  /** JSON of the value found; undefined where there is none. */
  readonly actual?: string;
  readonly holds: boolean;
}

export interface RuleTrace {
  readonly policy: PolicyRef;
  readonly rule: string;
  readonly verdict: 'granted' | 'denied' | 'no_match' | 'not_reached';
  readonly predicates: readonly PredicateTrace[];
}

export interface Explanation {
  readonly generation: string;
  readonly decision: Decision;
  /** In the order in which rules are tried; only rules of the identity's anchors. */
  readonly rules: readonly RuleTrace[];
}

export interface Snapshot {
  /** Derived from the content alone: the same on every replica and after every restart. */
  readonly generation: string;
  readonly anchors: ReadonlyMap<string, Anchor>;
  readonly reports: readonly ObjectReport[];
  readonly resources: ReadonlyMap<string, ServedResource>;
  /** The number of rules served. */
  readonly ruleCount: number;
  /** The anchors whose issuer is exactly this, at most 8. */
  anchorsOf(issuer: string): readonly Anchor[];
  /** Whether a resource that is served has this scope. */
  hasScope(scope: string): boolean;
  /** Whether the policy of this uid is served, and neither suspended nor revoked. */
  isActive(policyUid: string): boolean;
  /** The resource that a verifier names by name, URI or audience. */
  findResource(name: string): ServedResource | undefined;
  /** The resource whose tokens have this audience. */
  resourceOfAudience(audience: string): ServedResource | undefined;
  /** The first rule, in the one order, that matches one of the identities and lists the asked resource. */
  decide(identities: readonly VerifiedIdentity[], request: DecisionRequest): Decision;
  explain(identities: readonly VerifiedIdentity[], request: DecisionRequest): Explanation;
}

/** What an orchestrator asks for when it registers an agent. As it was sent: nothing of it is trusted. */
export interface AgentAsked {
  readonly namespace?: string;
  readonly name?: string;
  /** agentType, userId, identity, scopes, expiresAt. */
  readonly spec: Readonly<Record<string, unknown>>;
}
