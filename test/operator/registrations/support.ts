/** Registrations and registries as the API server gives them, and who their agents are. */
import type { VerifiedIdentity } from '../../../src/identity.ts';
import { raw } from '../support.ts';

export const SPEC = {
  agentType: 'worker',
  userId: 'alice',
  identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 't' } },
};
export const registration = (name: string, spec: object = {}, namespace = 'trustmint', metadata: object = {}) =>
  raw('AgentRegistration', namespace, name, { ...SPEC, ...spec }, metadata);
export const registry = (name: string, value = 'true') =>
  raw('Namespace', undefined, name, {}, { labels: { 'trustmint.dev/agent-registry': value } });

/** The verified identity of an SVID, as the proof's verifier gives it. */
export const svid = (agentId: string) =>
  ({
    provider: 'spiffe',
    issuer: 'spiffe://cluster.local',
    attributes: new Map(Object.entries({ tenantId: 't', userId: 'alice', agentType: 'worker', agentId })),
  }) as unknown as VerifiedIdentity;
