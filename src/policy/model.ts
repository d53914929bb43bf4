/** What compiling makes of the objects: all that deciding reads. */
import type { Anchor, ProviderName } from '../identity.ts';
import type { Predicate } from './predicate.ts';
import type { Template } from './template.ts';
import type { Attribute, GrantTerms, PolicyRef, ServedResource } from './types.ts';

/** Where a token's tenant comes from. */
export type TenantSource =
  | { readonly kind: 'fixed'; readonly tenant: string }
  | { readonly kind: 'template'; readonly template: Template }
  /** The namespace of the service account. */
  | { readonly kind: 'namespace' }
  /** The tenant that the service account's namespace is labelled with. */
  | { readonly kind: 'label'; readonly tenantOf: ReadonlyMap<string, string> };

export interface CompiledPolicy {
  readonly ref: PolicyRef;
  readonly priority: number;
  readonly provider: ProviderName;
  /** Of the proof: exact. */
  readonly audience: string;
  readonly state: 'Active' | 'Suspended' | 'Revoked';
  readonly anchors: readonly Anchor[];
  /** Whether the identities are this cluster's own service accounts. */
  readonly isThisCluster: boolean;
  readonly tenant: TenantSource;
  /** Seconds. */
  readonly maxProofAge: number;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledRule {
  readonly policy: CompiledPolicy;
  readonly name: string;
  /** In its policy's list, from 0. */
  readonly index: number;
  /** Where it stands in the one order; set once, when all policies are known. */
  ordinal: number;
  readonly predicates: readonly Predicate[];
  /** Absent: the rule denies. */
  readonly issue?: CompiledIssue;
  /** The names of what the rule reads. */
  readonly used: readonly string[];
}

/** What a rule gives for one of its resources. */
export interface ResourceGrant {
  readonly resource: ServedResource;
  /** Seconds. */
  readonly ttl: number;
  readonly scopes?: readonly string[];
  readonly budgetCredits?: number;
}

export interface CompiledCaveat {
  readonly key: string;
  readonly value: Template;
}

export interface CompiledIssue {
  /** The resources as the rule names them, also those that do not exist. */
  readonly resources: readonly string[];
  readonly grants: readonly ResourceGrant[];
  readonly ttlFromProof: boolean;
  readonly budgetPer: GrantTerms['budgetPer'];
  readonly budgetWindow: GrantTerms['budgetWindow'];
  /** Those without a template, and those with one, in the order of the rule. */
  readonly caveats: readonly (Attribute | CompiledCaveat)[];
  /** Whether no caveat holds a template. */
  readonly hasFixedCaveats: boolean;
  readonly label?: Template;
  readonly clientId?: Template;
  readonly actsFor?: 'RegisteredUser';
  readonly delegation?: { readonly maxDepth: number };
  readonly used: readonly string[];
}
