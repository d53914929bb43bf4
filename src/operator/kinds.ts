/** The collections that are read and asked. */
import { GROUP, VERSION } from '../api/v1alpha1/index.ts';
import type { ResourceType } from '../kube/types.ts';

const ours = (plural: string, namespaced: boolean): ResourceType => ({
  group: GROUP,
  version: VERSION,
  plural,
  namespaced,
});

/** The kinds of this operator, by name. */
export const WATCHED = {
  TrustPolicy: ours('trustpolicies', true),
  ClusterTrustPolicy: ours('clustertrustpolicies', false),
  AgentRegistration: ours('agentregistrations', true),
  ProtectedResource: ours('protectedresources', false),
  TokenRevocation: ours('tokenrevocations', true),
} as const;

export type WatchedKind = keyof typeof WATCHED;

export const NAMESPACES: ResourceType = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };
export const CONFIG_MAPS: ResourceType = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
export const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
export const TOKEN_REVIEWS: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  namespaced: false,
};
export const SUBJECT_ACCESS_REVIEWS: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  namespaced: false,
};
