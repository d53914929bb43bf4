/** What the local copies keep of each object, made once when it arrives. */
import { createHash } from 'node:crypto';
import type { TokenRevocation } from '../api/v1alpha1/index.ts';
import type { KubeObject } from '../kube/types.ts';
import type { Claim, RevokingObject } from '../revocation/index.ts';
import { claimsOfPolicy } from './claims.ts';
import {
  contentOf,
  killsWhenGone,
  type PolicyKind,
  type ReadObject,
  readObject,
  readRevocation,
  revokingOf,
} from './objects.ts';

/** The digest of what decides what is served: equal ones need no new snapshot. */
interface HeldContent {
  readonly content: string;
}

/** What status is written by. */
interface HeldState {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly finalizers: readonly string[];
  /** As the API server has it. */
  readonly status: unknown;
}

export interface HeldPolicy extends HeldContent, HeldState {
  readonly read: ReadObject;
  /** Of policies: as far as they revoke. */
  readonly revoking?: RevokingObject;
  readonly claims: readonly Claim[];
}

export interface HeldRevocation extends HeldContent, HeldState {
  readonly object: TokenRevocation;
}

/** Of a Namespace only what says whose it is, and whether its registrations count. */
export interface HeldNamespace extends HeldContent {
  readonly name: string;
  readonly uid: string;
  /** It is being deleted: nothing in it is made any more, and all of it goes. */
  readonly isEnding: boolean;
  readonly tenant?: string;
  readonly isRegistry: boolean;
}

export const TENANT_LABEL = 'trustmint.dev/tenant';
/** Registrations count only where it is `true`. */
export const REGISTRY_LABEL = 'trustmint.dev/agent-registry';

export function holdPolicy(kind: PolicyKind): (raw: KubeObject) => HeldPolicy {
  return (raw) => {
    const read = readObject(kind, raw);
    const revoking = kind === 'ProtectedResource' ? undefined : revokingOf(kind, raw);
    return {
      ...stateOf(raw),
      content: digest(contentOf(raw)),
      read,
      ...(revoking && { revoking }),
      claims: revoking ? claimsOfPolicy(read.object, revoking, killsWhenGone(raw)) : [],
    };
  };
}

export function holdRevocation(raw: KubeObject): HeldRevocation {
  return { ...stateOf(raw), content: digest(contentOf(raw)), object: readRevocation(raw) };
}

export function holdNamespace({ metadata }: KubeObject): HeldNamespace {
  const labels = metadata.labels ?? {};
  const tenant = Object.hasOwn(labels, TENANT_LABEL) ? labels[TENANT_LABEL] : undefined;
  const isRegistry = Object.hasOwn(labels, REGISTRY_LABEL) && labels[REGISTRY_LABEL] === 'true';
  const isEnding = metadata.deletionTimestamp !== undefined;
  const content = JSON.stringify([tenant ?? '', isRegistry, isEnding]);
  return { name: metadata.name, uid: metadata.uid, content, isRegistry, isEnding, ...(tenant ? { tenant } : {}) };
}

function stateOf({ metadata, status }: KubeObject): HeldState {
  const { uid, resourceVersion, finalizers = [] } = metadata;
  return { uid, resourceVersion, finalizers: [...finalizers], status };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
