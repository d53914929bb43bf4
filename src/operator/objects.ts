/** What the API server holds → what the policy engine takes. One object that cannot be read takes no other down. */
import {
  API_VERSION,
  type ClusterTrustPolicy,
  KINDS,
  type ProtectedResource,
  REVOCATION_TARGETS,
  type TokenRevocation,
  type TrustPolicy,
} from '../api/v1alpha1/index.ts';
import type { KubeObject } from '../kube/types.ts';
import type { Problem } from '../policy/types.ts';
import { member, printable, text } from './errors.ts';
import type { WatchedKind } from './kinds.ts';
import { refusing, unknownMember } from './unknown-members.ts';

/** The kinds that are compiled. */
export type PolicyKind = Exclude<WatchedKind, 'TokenRevocation' | 'AgentRegistration'>;
export type PolicyObject = TrustPolicy | ClusterTrustPolicy | ProtectedResource;

export interface ReadObject {
  /** Defaults applied, unknown members left out. Where `fault` is, it has no spec: the compiler refuses it too. */
  readonly object: PolicyObject;
  /** Why it could not be read. */
  readonly fault?: Problem;
  /** What of a policy is not understood, so that it refuses what it matches. */
  readonly unknown?: Problem;
}

/** What of an object decides what is served: a change of its status, or of who manages it, is none. */
export function contentOf(raw: KubeObject): string {
  const { uid, generation, deletionTimestamp } = raw.metadata;
  return JSON.stringify([uid, generation ?? null, deletionTimestamp ?? null, raw.spec ?? null]);
}

/**
 * Reads a policy or resource by its schema. Members that the schema does not know are those of a newer CRD, and left
 * out; a policy that has some gives nothing, for what is not understood may be what narrows it. What does not fit keeps its place and name without a spec, so that it is refused, and nothing takes its place.
 */
export function readObject(kind: PolicyKind, raw: KubeObject): ReadObject {
  const metadata = metaOf(raw);
  const parsed = KINDS.get(kind)!.spec.safeParse(raw.spec ?? {});
  const frame = { apiVersion: API_VERSION, kind, metadata } as const;
  if (parsed.success) {
    const path = kind === 'ProtectedResource' ? undefined : unknownMember(raw.spec, parsed.data);
    if (path === undefined) return { object: { ...frame, spec: parsed.data } as PolicyObject };
    const spec = refusing(parsed.data as TrustPolicy['spec']);
    return { object: { ...frame, spec } as PolicyObject, unknown: unknownField(path) };
  }
  const [issue] = parsed.error.issues;
  const path = ['spec', ...(issue?.path ?? [])].map((part) => printable(String(part), 64)).join('.');
  return {
    object: { ...frame, spec: {} } as PolicyObject,
    fault: {
      code: 'Malformed',
      severity: 'error',
      path,
      message: `${printable(issue?.message ?? 'does not fit')}: this version of Trustmint cannot read the object`,
    },
  };
}

const unknownField = (path: string): Problem => ({
  code: 'UnknownField',
  severity: 'warning',
  path: printable(path, 256),
  message: 'this version of Trustmint does not know it, so the policy refuses what it matches until all replicas do',
});

/** Reads a TokenRevocation, whatever else stands in it: in doubt more dies. */
export function readRevocation(raw: KubeObject): TokenRevocation {
  const members = [...REVOCATION_TARGETS, 'tenant', 'issuedBefore', 'expiresAt', 'reason'] as const;
  const spec: Record<string, string> = {};
  for (const name of members) {
    const value = text(raw.spec, name);
    if (value !== undefined) spec[name] = value;
  }
  return { apiVersion: API_VERSION, kind: 'TokenRevocation', metadata: metaOf(raw), spec };
}

/** As far as a policy revokes: read without its schema, for what a malformed policy gave is dead all the same. */
export function revokingOf(kind: 'TrustPolicy' | 'ClusterTrustPolicy', raw: KubeObject) {
  const { uid, namespace, name, deletionTimestamp } = raw.metadata;
  const before = member(raw.spec, 'revokeIssuedBefore');
  return {
    uid,
    revoked: text(raw.spec, 'state') === 'Revoked' || (deletionTimestamp !== undefined && killsWhenGone(raw)),
    ...(before !== undefined && before !== null && { revokeIssuedBefore: String(before) }),
    // The uid names one object, of one tenant.
    tenant: null,
    source: `${kind}/${namespace ?? '-'}/${name}`,
  };
}

/** Whether what a policy gave dies with it. */
export function killsWhenGone(raw: KubeObject): boolean {
  return text(raw.spec, 'deletionPolicy') === 'Revoke';
}

/** Only what deciding, reports and revocations read; managers and annotations are the bulk of an object. */
function metaOf({ metadata }: KubeObject): TrustPolicy['metadata'] {
  const { name, namespace, uid, generation, creationTimestamp, deletionTimestamp } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
}
