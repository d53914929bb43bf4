/** The registrations of a cluster: who is an agent, what they revoke, and of which there is something to do. */
import type { VerifiedIdentity } from '../../identity.ts';
import type { Change, HowGone } from '../../kube/index.ts';
import { type Agent, type AgentDirectory, AgentIndex, type FoundAgent } from '../../policy/index.ts';
import type { Claim } from '../../revocation/index.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import { claimsOf, type HeldRegistration, isAgent, keyOf } from './held.ts';

export interface RegistrationsSettings {
  /** The operator's own namespace: always a registry. */
  readonly namespace: string;
  /** Whether what lives has our finalizer. */
  readonly finalizers: boolean;
  /** The local copy. */
  readonly items: () => ReadonlyMap<string, HeldRegistration>;
}

export interface TakenChanges {
  /** Whether something else may be dead. */
  readonly revokes: boolean;
  /** Of what is gone of those that revoked, by uid. */
  readonly gone: ReadonlyMap<string, HowGone>;
}

/** Keys of which it is remembered that something may be to be said; with more all are looked at. */
const MAX_NEWS = 10_000;
const HOUR = 3_600;

export class Registrations implements AgentDirectory {
  readonly #settings: RegistrationsSettings;
  #index = new AgentIndex();
  #registries: ReadonlySet<string>;
  /** By uid: those that revoke, or once did. */
  readonly #revoking = new Map<string, HeldRegistration>();
  readonly #deleting = new Map<string, HeldRegistration>();
  /** By key: those that live and have our finalizer though they should not, or not though they should. */
  readonly #bare = new Map<string, HeldRegistration>();
  #news: Set<string> | 'all' = 'all';
  /** By key: the hour in which a token was last given, where that is not known to be in the status. */
  readonly #seen = new Map<string, number>();

  constructor(settings: RegistrationsSettings) {
    this.#settings = settings;
    this.#registries = new Set([settings.namespace]);
  }

  find(identity: VerifiedIdentity, ownCluster: boolean, now: number): FoundAgent {
    return this.#index.find(identity, ownCluster, now);
  }

  isActive(uid: string, now: number): boolean {
    return this.#index.isActive(uid, now);
  }

  noteUse(agent: Agent, now: number): void {
    const hour = Math.floor(now / HOUR);
    const key = keyOf(agent);
    if ((agent as HeldRegistration).seenHour >= hour || this.#seen.get(key) === hour) return;
    if (this.#seen.size >= MAX_NEWS) this.#seen.clear();
    this.#seen.set(key, hour);
    this.#tell(key);
  }

  /** Hours since the epoch; undefined: none that its status does not say. */
  seenHour(key: string): number | undefined {
    return this.#seen.get(key);
  }

  /** The namespaces that the platform team labelled; the operator's own is one beside them. */
  setRegistries(labelled: Iterable<string>): void {
    const registries = new Set([this.#settings.namespace, ...labelled]);
    const before = this.#registries;
    if (registries.size === before.size && [...registries].every((name) => before.has(name))) return;
    this.#registries = registries;
    this.#index = new AgentIndex();
    for (const one of this.#settings.items().values()) if (this.#counts(one)) this.#index.add(one);
    this.#news = 'all';
  }

  isRegistry(namespace: string): boolean {
    return this.#registries.has(namespace);
  }

  duplicatesOf(agent: Agent): readonly Agent[] {
    return this.#index.duplicatesOf(agent);
  }

  podsOf(agent: Agent): Iterable<Agent> {
    return this.#index.podsOf(agent);
  }

  /** Takes what changed in the copy. */
  take(changes: readonly Change<HeldRegistration>[]): TakenChanges {
    let revokes = false;
    const gone = new Map<string, HowGone>();
    for (const change of changes) {
      const before = change.type === 'added' ? undefined : change.old;
      const now = change.type === 'deleted' ? undefined : change.new;
      this.#settle(change.key, now);
      if (before && now && before.content === now.content) {
        // A status, or a finalizer: it is the one that is kept from now on.
        if (this.#counts(now)) this.#index.add(now);
        if (this.#revoking.has(now.uid)) this.#revoking.set(now.uid, now);
        this.#tell(change.key);
        continue;
      }
      this.#reindex(before, now);
      this.#tell(change.key);
      const killed = before !== undefined && this.#revoking.has(before.uid);
      if (now && (claimsOf(now).length > 0 || killed)) this.#revoking.set(now.uid, now);
      else if (before && killed) this.#revoking.delete(before.uid);
      if (killed || (now && claimsOf(now).length > 0)) revokes = true;
      if (change.type === 'deleted' && killed) gone.set(change.old.uid, change.how);
    }
    return { revokes, gone };
  }

  /** What they kill. */
  *claims(): Iterable<Claim> {
    for (const one of this.#revoking.values()) yield* claimsOf(one);
  }

  /** Those that revoke, or once did. */
  revoking(): Iterable<HeldRegistration> {
    return this.#revoking.values();
  }

  /** Those that something is to be done about for the sake of their finalizers: of those that live only so many. */
  *unsettled(living: number): Iterable<HeldRegistration> {
    yield* this.#deleting.values();
    let left = living;
    for (const one of this.#bare.values()) {
      if (left === 0) return;
      left -= 1;
      yield one;
    }
  }

  /** The keys of which something else may be to be said since this was last asked; `all`: anything may. */
  takeNews(): ReadonlySet<string> | 'all' {
    const news = this.#news;
    this.#news = new Set();
    return news;
  }

  #counts(one: HeldRegistration): boolean {
    return isAgent(one) && this.isRegistry(one.traits.namespace);
  }

  #reindex(before: HeldRegistration | undefined, now: HeldRegistration | undefined): void {
    if (before && this.#counts(before)) {
      this.#tellTwins(before);
      this.#index.remove(before);
    }
    if (!now || !this.#counts(now)) return;
    this.#index.add(now);
    this.#tellTwins(now);
  }

  #tellTwins(one: HeldRegistration): void {
    for (const other of this.#index.duplicatesOf(one)) this.#tell(keyOf(other));
    for (const other of this.#index.podsOf(one)) this.#tell(keyOf(other));
  }

  #settle(key: string, one: HeldRegistration | undefined): void {
    this.#deleting.delete(key);
    this.#bare.delete(key);
    if (!one) return;
    if (one.rare?.deletionTimestamp !== undefined) this.#deleting.set(key, one);
    else if (one.finalizers.includes(FINALIZER) !== this.#settings.finalizers) this.#bare.set(key, one);
  }

  #tell(key: string): void {
    if (this.#news === 'all') return;
    if (this.#news.size >= MAX_NEWS) this.#news = 'all';
    else this.#news.add(key);
  }
}
