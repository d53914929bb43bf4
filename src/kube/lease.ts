/** One Lease (coordination.k8s.io/v1) as an elector reads and writes it: every write fenced, every request bounded. */
import type { Clock } from '../clock.ts';
import { ownError } from './errors.ts';
import { statusOf } from './status-of.ts';
import type { KubeClient, KubeObject, ResourceType } from './types.ts';

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  namespaced: true,
};

/** A Lease that claims longer than this is not waited for: nothing of ours writes that. */
const LONGEST_LEASE_MS = 600_000;

/** metav1.MicroTime: Lease and Event refuse milliseconds alone. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

export interface LeaseOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly requestTimeoutMs: number;
}

interface LeaseSpec {
  readonly holderIdentity?: unknown;
  readonly leaseDurationSeconds?: unknown;
  readonly acquireTime?: unknown;
  readonly leaseTransitions?: unknown;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  /** As last seen; kept when it is deleted. */
  #object: KubeObject | undefined;
  #deleted = false;
  /** monotonic() when it was last seen to be different. */
  #changedAt = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** undefined: nobody, or not known. */
  get holder(): string | undefined {
    const { holderIdentity } = this.#spec;
    return typeof holderIdentity === 'string' && holderIdentity !== '' ? holderIdentity : undefined;
  }

  get isOurs(): boolean {
    return this.holder === this.#options.identity;
  }

  get transitions(): number {
    const { leaseTransitions } = this.#spec;
    return typeof leaseTransitions === 'number' ? leaseTransitions : 0;
  }

  /**
   * Whether it may be taken: nobody's, ours, or unchanged for its duration by the local monotonic clock. renewTime is
   * another machine's clock and never asked. A holder that was seen is waited for even where the Lease was deleted.
   */
  get isFree(): boolean {
    if (this.holder === undefined || this.isOurs) return true;
    const { leaseDurationSeconds: said } = this.#spec;
    const stated = typeof said === 'number' ? Math.min(LONGEST_LEASE_MS, said * 1000) : 0;
    return this.#clock.monotonic() - this.#changedAt > Math.max(this.#options.leaseDurationMs, stated);
  }

  get #spec(): LeaseSpec {
    const spec = this.#object?.spec;
    return typeof spec === 'object' && spec !== null ? spec : {};
  }

  /** Reads it. */
  async look(): Promise<void> {
    const { client, name, namespace } = this.#options;
    try {
      this.#observe(await this.#call('get lease', (options) => client.get(LEASES, name, namespace, options)));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      this.#deleted = true;
    }
  }

  /**
   * Writes us as the holder, renewed now.
   *
   * @returns false where another wrote first
   * @throws where the outcome is not known: it counts as failed, though it may arrive
   */
  hold(): Promise<boolean> {
    const { identity, leaseDurationMs } = this.#options;
    const now = microTime(this.#clock.now());
    const { acquireTime } = this.#spec;
    const changesHands = this.#object !== undefined && !this.isOurs;
    return this.#write('hold lease', {
      holderIdentity: identity,
      leaseDurationSeconds: leaseDurationMs / 1000,
      acquireTime: this.isOurs && typeof acquireTime === 'string' ? acquireTime : now,
      renewTime: now,
      leaseTransitions: this.transitions + (changesHands ? 1 : 0),
    });
  }

  /** Writes that nobody holds it. */
  release(): Promise<boolean> {
    const now = microTime(this.#clock.now());
    const { transitions } = this;
    return this.#write('release lease', {
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: transitions,
    });
  }

  async #write(what: string, spec: object): Promise<boolean> {
    const { client, name, namespace } = this.#options;
    const known = this.#object;
    const { annotations, labels } = known?.metadata ?? {};
    const isNew = known === undefined || this.#deleted;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      // One that was deleted comes back with the annotations that it had.
      metadata: isNew
        ? { name, namespace, ...(annotations && { annotations }), ...(labels && { labels }) }
        : known.metadata,
      spec,
    };
    try {
      const lease = await this.#call(what, (options) =>
        isNew
          ? client.create(LEASES, body, namespace, options)
          : client.replace(LEASES, body, name, namespace, options),
      );
      this.#observe(lease);
      return true;
    } catch (error) {
      if (![404, 409].includes(statusOf(error))) throw error;
      return false;
    }
  }

  #observe(lease: KubeObject): void {
    const before = this.#object;
    this.#object = lease;
    this.#deleted = false;
    if (!before || fingerprint(before) !== fingerprint(lease)) this.#changedAt = this.#clock.monotonic();
  }

  /** The deadline holds even for a client that ignores its signal. */
  async #call<T>(what: string, send: (options: { signal: AbortSignal; deadlineMs: number }) => Promise<T>): Promise<T> {
    const { requestTimeoutMs } = this.#options;
    const abort = new AbortController();
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.setTimer(() => {
      abort.abort();
      late.reject(ownError(what, 'Timeout', 'no answer in time'));
    }, requestTimeoutMs);
    try {
      return await Promise.race([send({ signal: abort.signal, deadlineMs: requestTimeoutMs }), late.promise]);
    } finally {
      timer.cancel();
    }
  }
}

/** Differs whenever the Lease was written; the spec is there for a restored etcd, which may count the same again. */
function fingerprint(lease: KubeObject): string {
  return JSON.stringify([lease.metadata.uid, lease.metadata.resourceVersion, lease.spec]);
}
