/** Every kind of `trustmint.dev/v1alpha1`: schema, type and CRD metadata. */
export * from './agent-registration.ts';
export * from './common.ts';
export * from './keys.ts';
export * from './match.ts';
export * from './protected-resource.ts';
export * from './spiffe.ts';
export * from './token-revocation.ts';
export * from './trust-policy.ts';
export * from './trust-rule.ts';

import type { AgentRegistration } from './agent-registration.ts';
import {
  agentRegistration,
  agentRegistrationMeta,
  agentRegistrationSpec,
  agentRegistrationStatus,
} from './agent-registration.ts';
import type { ProtectedResource } from './protected-resource.ts';
import {
  protectedResource,
  protectedResourceMeta,
  protectedResourceSpec,
  protectedResourceStatus,
} from './protected-resource.ts';
import type { TokenRevocation } from './token-revocation.ts';
import {
  tokenRevocation,
  tokenRevocationMeta,
  tokenRevocationSpec,
  tokenRevocationStatus,
} from './token-revocation.ts';
import type { ClusterTrustPolicy, TrustPolicy } from './trust-policy.ts';
import {
  clusterTrustPolicy,
  clusterTrustPolicyMeta,
  clusterTrustPolicySpec,
  trustPolicy,
  trustPolicyMeta,
  trustPolicySpec,
  trustPolicyStatus,
} from './trust-policy.ts';

/** Any object that Trustmint reads. */
export type TrustmintResource =
  | TrustPolicy
  | ClusterTrustPolicy
  | AgentRegistration
  | ProtectedResource
  | TokenRevocation;

/** The kinds by name: the manifest's schema, and what the CRD is made of. */
export const KINDS = new Map([
  ['TrustPolicy', { manifest: trustPolicy, spec: trustPolicySpec, status: trustPolicyStatus, meta: trustPolicyMeta }],
  [
    'ClusterTrustPolicy',
    {
      manifest: clusterTrustPolicy,
      spec: clusterTrustPolicySpec,
      status: trustPolicyStatus,
      meta: clusterTrustPolicyMeta,
    },
  ],
  [
    'AgentRegistration',
    {
      manifest: agentRegistration,
      spec: agentRegistrationSpec,
      status: agentRegistrationStatus,
      meta: agentRegistrationMeta,
    },
  ],
  [
    'ProtectedResource',
    {
      manifest: protectedResource,
      spec: protectedResourceSpec,
      status: protectedResourceStatus,
      meta: protectedResourceMeta,
    },
  ],
  [
    'TokenRevocation',
    { manifest: tokenRevocation, spec: tokenRevocationSpec, status: tokenRevocationStatus, meta: tokenRevocationMeta },
  ],
] as const);
