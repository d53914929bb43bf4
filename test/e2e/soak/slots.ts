/** The workloads of a soak: each has one policy at most, which is for nobody else. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ResourceType } from '../../../src/kube/types.ts';
import { TYPES } from '../bad-days/world.ts';
import { AUDIENCE } from '../serve-support.ts';
import { Timeline } from './timeline.ts';

/** What the tokens are for, and who verifies them. */
export const RESOURCE = 'soak-api';
export const GATEWAY = { namespace: 'soak-gateway', serviceAccount: 'proxy' } as const;
/** The tenant of every robot. */
export const ROBOTS = 'robots';
const ISSUER = 'https://elsewhere.example';

export interface PolicySpec {
  readonly edition: number;
  readonly state: 'Active' | 'Suspended' | 'Revoked';
  /** RFC 3339. */
  readonly revokeIssuedBefore?: string;
  readonly deletionPolicy: 'Drain' | 'Revoke';
}

/** As it was written last. */
export interface Policy {
  readonly uid: string;
  readonly spec: PolicySpec;
  /** Since when a leader that sees it has a finalizer to put on it: it was made, or stripped. */
  readonly bareSince: number;
  /** When it was answered last that its deletion will kill. */
  readonly willKillSince: number;
  /** When somebody began to write that what it gave outlives it, though its deletion was to kill that before. */
  readonly sparedFrom?: number;
}

export interface Slot {
  readonly name: string;
  /** Absent: a robot, whose proofs are judged by their signature alone and whose policies are the platform team's. */
  readonly namespace?: string;
  readonly account: string;
  readonly tenant: string;
  readonly type: ResourceType;
  /** Of its policy; and how an exchange names it. */
  readonly policyName: string;
  readonly servedAs: string;
  readonly timeline: Timeline;
  proof: string;
  /** Somebody writes its policy. */
  busy: boolean;
  policy: Policy | undefined;
}

export function accountSlot(namespace: string, account: string): Slot {
  const policyName = `p-${account}`;
  return {
    ...blank(),
    name: `${namespace}/${account}`,
    namespace,
    account,
    tenant: namespace,
    type: TYPES.TrustPolicy,
    policyName,
    servedAs: `${namespace}/${policyName}`,
  };
}

export function robotSlot(account: string): Slot {
  const policyName = `p-${account}`;
  return {
    ...blank(),
    name: account,
    account,
    tenant: ROBOTS,
    type: TYPES.ClusterTrustPolicy,
    policyName,
    servedAs: policyName,
  };
}

const blank = () => ({ timeline: new Timeline(), proof: '', busy: false, policy: undefined });

const robots = await generateKeyPair('ES256', { extractable: true });
const inline = JSON.stringify({
  keys: [{ ...(await exportJWK(robots.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
});

/** Good for half an hour. */
export const robotProof = (account: string) =>
  new SignJWT({ sub: account })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('30m')
    .sign(robots.privateKey);

/** The object, with what a later look recognises the write by. */
export function policyObject(slot: Slot, spec: PolicySpec, write: number): object {
  const { namespace, policyName: name } = slot;
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: namespace === undefined ? 'ClusterTrustPolicy' : 'TrustPolicy',
    metadata: { name, ...(namespace !== undefined && { namespace }), annotations: writtenAs(write) },
    spec: policySpec(slot, spec),
  };
}

export const WRITE = 'example.com/write';
export const writtenAs = (write: number) => ({ [WRITE]: String(write) });

export function policySpec({ namespace, account, tenant }: Slot, spec: PolicySpec): object {
  const { edition, state, revokeIssuedBefore, deletionPolicy } = spec;
  const whose =
    namespace === undefined
      ? { provider: 'oidc', issuer: ISSUER, keys: { inline }, tenant }
      : { provider: 'kubernetes' };
  const match = namespace === undefined ? { claims: { sub: account } } : { serviceAccount: account };
  const issue = { ttl: '1h', resources: [RESOURCE], caveats: [`edition = ${edition}`] };
  return {
    ...whose,
    audience: AUDIENCE,
    state,
    deletionPolicy,
    ...(revokeIssuedBefore !== undefined && { revokeIssuedBefore }),
    trustRules: [{ name: 'only', match, issue }],
  };
}
