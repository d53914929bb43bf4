/** Keeps dead what an object killed that is going or gone: by a TokenRevocation in the operator's own namespace. */
import { createHash } from 'node:crypto';
import { API_VERSION } from '../api/v1alpha1/index.ts';
import type { Clock } from '../clock.ts';
import { KubeApiError, type KubeLog, kubeTime } from '../kube/index.ts';
import type { CallOptions, KubeClient, KubeObject } from '../kube/types.ts';
import { LATEST, type RevocationEntry } from '../revocation/index.ts';
import { member, printable, text } from './errors.ts';
import { WATCHED } from './kinds.ts';

/** Seconds: the longest ttl, and two clocks an hour apart, and replicas that are cut off. */
export const OUTLIVES_TOKENS = 26 * 3600;
/** Seconds to which an end is rounded up, so that two who write at once write one object. */
const HOUR = 3600;
/** Milliseconds for which the API server must say that there is no such collection: one that starts says so too. */
const GONE_AFTER = 3_000;
/** Milliseconds after which an answer like that is a new one. */
const FORGOTTEN_AFTER = 60_000;
const MAX_REASON = 500;
const PREFIX = 'kept-';

export interface TombstonesSettings {
  readonly client: Pick<KubeClient, 'create' | 'delete'>;
  /** The operator's own. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log?: KubeLog;
}

export interface Tombstones {
  /**
   * Revokes what the entry revokes, for 26 h or until the entry ends, whichever is later. Idempotent within the hour.
   *
   * @param why for people
   * @returns `impossible`: the kind or the operator's own namespace is going, so nothing can be kept
   * @throws KubeApiError: try again
   */
  keep(entry: RevocationEntry, why: string, options?: CallOptions): Promise<'kept' | 'impossible'>;
}

export function createTombstones({ client, namespace, clock, log }: TombstonesSettings): Tombstones {
  /** Monotonic milliseconds of the first and the last time that the collection was not found. */
  let missing: { readonly since: number; readonly last: number } | undefined;

  function isGone(): boolean {
    const now = clock.monotonic();
    missing = { since: missing && now - missing.last < FORGOTTEN_AFTER ? missing.since : now, last: now };
    return now - missing.since >= GONE_AFTER;
  }

  async function create(object: Tombstone, options: CallOptions | undefined): Promise<'made' | 'there' | 'impossible'> {
    try {
      const made = await client.create(WATCHED.TokenRevocation, object, namespace, options);
      missing = undefined;
      await verify(object, made, options);
      return 'made';
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      if (error.status !== 404) missing = undefined;
      if (error.reason === 'AlreadyExists') return 'there';
      if (error.status === 404 ? isGone() : isGoing(error)) return 'impossible';
      throw error;
    }
  }

  /** A CRD from before `tenant` drops it, and then the tokens of every tenant would die. */
  async function verify({ spec }: Tombstone, made: KubeObject, options: CallOptions | undefined): Promise<void> {
    if (text(member(made, 'spec'), 'tenant') === spec.tenant) return;
    const { name, uid } = made.metadata;
    await client.delete(WATCHED.TokenRevocation, name, namespace, { uid }, options);
    throw new KubeApiError('create tokenrevocations: the CRD knows no spec.tenant: apply the CRDs of this version', {
      status: 0,
      reason: 'OldCrd',
    });
  }

  return {
    async keep(entry, why, options) {
      const object = tombstoneOf(entry, why, namespace, Math.floor(clock.now() / 1000));
      const outcome = await create(object, options);
      const { name } = object.metadata;
      if (outcome === 'made') log?.('info', 'a revocation is kept', { by: entry.by, name, why: printable(why) });
      return outcome === 'impossible' ? 'impossible' : 'kept';
    },
  };
}

type Tombstone = ReturnType<typeof tombstoneOf>;

/** Whether an object of this name in the operator's namespace is, most likely, one of these. */
export function isTombstone(name: string): boolean {
  return name.startsWith(PREFIX);
}

/**
 * The name under which `keep` keeps an entry.
 * @param now epoch milliseconds
 */
export function tombstoneName(entry: RevocationEntry, now: number): string {
  return tombstoneOf(entry, '', '', Math.floor(now / 1_000)).metadata.name;
}

/** @param now NumericDate seconds */
function tombstoneOf(entry: RevocationEntry, why: string, namespace: string, now: number) {
  const { by, value, tenant, issuedBefore, expiresAt } = entry;
  const end = Math.min(Math.ceil(Math.max(expiresAt ?? 0, now + OUTLIVES_TOKENS) / HOUR) * HOUR, LATEST);
  const id = createHash('sha256')
    .update(JSON.stringify([by, value, tenant, issuedBefore, end]))
    .digest('hex');
  return {
    apiVersion: API_VERSION,
    kind: 'TokenRevocation',
    metadata: {
      name: `${PREFIX}${id.slice(0, 32)}`,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'trustmint' },
    },
    spec: {
      [by]: value,
      ...(tenant !== null && { tenant }),
      ...(issuedBefore !== null && { issuedBefore: kubeTime(issuedBefore * 1000) }),
      expiresAt: kubeTime(end * 1000),
      reason: printable(why, MAX_REASON),
    } as Readonly<Record<string, string>>,
  };
}

/** Whether nothing can be created there any more: the namespace or the kind is being deleted. */
function isGoing({ status, causes }: KubeApiError): boolean {
  return status === 405 || (status === 403 && causes.some(({ reason }) => reason === 'NamespaceTerminating'));
}
