/**
 * What is done for an object that is being deleted, before it may go: a TokenRevocation that keeps dead what it killed,
 * its status, an Event, an audit record. Each step may be done again, by whoever leads next.
 */
import type { Clock } from '../../clock.ts';
import { type KubeLog, kubeTime, StatusWriter, TerminalError } from '../../kube/index.ts';
import type { KubeClient } from '../../kube/types.ts';
import { fromRevokingObjects, type RevocationEntry } from '../../revocation/index.ts';
import { member, reasonOf } from '../errors.ts';
import { objectOf } from '../status/object.ts';
import type { Reporting } from '../status/reporting.ts';
import type { PolicyEnd } from '../status/types.ts';
import { Conflict } from '../status/write.ts';
import { OUTLIVES_TOKENS, type Tombstones, tombstoneName } from '../tombstones.ts';
import { takeOff } from './finalizer.ts';
import { createNotices, type Notices } from './notices.ts';
import { Patience } from './patience.ts';
import type { Deletable, DeletedKind } from './types.ts';

/** Milliseconds of a request: less than a Lease lasts beyond the moment at which its holder stops to be the leader. */
const DEADLINE = 4_000;
/** Seconds: longer than any deletion takes, once it is begun. */
const HOUR = 3_600;
/** Milliseconds of a try to leave an audit record. */
const RECORDED_WITHIN = 5_000;
/** Milliseconds after which an object that still has our finalizer is another state of it, from a backup, and no old copy. */
const COPY_LAGS = 300_000;

export interface EndSettings {
  readonly client: Pick<KubeClient, 'get' | 'patch' | 'create'>;
  readonly clock: Clock;
  readonly tombstones: Tombstones;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Resolves when the record is written. */
  readonly record: (end: PolicyEnd) => Promise<void>;
  readonly isLeader: () => boolean;
  /** Absent: there is one installation. */
  readonly reporting?: Reporting;
  readonly instance: string;
  readonly log?: KubeLog;
}

/** The API server refuses it again and again, as an admission policy makes it: whoever waits for the object is told. */
class FinalizerStays extends Error {
  readonly reason = 'FinalizerStays';
}

/** A step that failed, and is what the object waits for. */
class Unfinished extends Error {
  readonly what: string;
  constructor(what: string, cause: unknown) {
    super(what, { cause });
    this.what = what;
  }
}

export class Endings {
  readonly #settings: EndSettings;
  readonly #writer: StatusWriter;
  readonly #notices: Notices;
  readonly #patience: Patience;
  /** By uid: what it waits for, as its status says. */
  readonly #waiting = new Map<string, string>();
  readonly #recorded = new Set<string>();
  /** By uid: monotonic milliseconds. */
  readonly #done = new Map<string, number>();

  constructor(settings: EndSettings) {
    this.#settings = settings;
    this.#writer = new StatusWriter(settings);
    this.#notices = createNotices(settings);
    this.#patience = new Patience(settings.clock);
  }

  /** Whether our finalizer was taken off, though the local copy may not show it yet. */
  isDone(uid: string): boolean {
    return (this.#done.get(uid) ?? Number.NEGATIVE_INFINITY) > this.#settings.clock.monotonic() - COPY_LAGS;
  }

  /** Only these objects are there any more. */
  retain(uids: ReadonlySet<string>): void {
    for (const kept of [this.#recorded, this.#done, this.#waiting]) {
      for (const uid of kept.keys()) if (!uids.has(uid)) kept.delete(uid);
    }
    this.#patience.retain(uids);
  }

  /**
   * Does all of it.
   * @throws Conflict, the first cause of what is not done: try again
   */
  async end(kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<void> {
    try {
      await this.#steps(kind, one, signal);
    } catch (error) {
      if (!(error instanceof Unfinished)) throw error;
      this.#waiting.set(one.uid, `${error.what} (${reasonOf(error.cause)})`);
      await this.#status(kind, one, signal).catch(() => {});
      throw error.cause;
    }
    this.#waiting.delete(one.uid);
    this.#patience.forget(one.uid);
    this.#done.set(one.uid, this.#settings.clock.monotonic());
  }

  /** It went while we were at it: its end belongs in the audit all the same. */
  async gone(kind: DeletedKind, one: Deletable): Promise<void> {
    if (this.#done.has(one.uid) || this.#recorded.has(one.uid)) return;
    await this.#record(this.#endOf(kind, one, { unfinished: [], kept: null }));
  }

  async #steps(kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<void> {
    const unfinished: string[] = [];
    const isLate = this.#patience.isOver(one.uid, one.read.object.metadata.deletionTimestamp);
    const step = async <T>(what: string, act: () => Promise<T>): Promise<T | undefined> => {
      this.#mayGoOn(signal);
      try {
        return await act();
      } catch (error) {
        if (error instanceof Conflict || signal.aborted) throw error;
        if (!isLate) throw new Unfinished(what, error);
        unfinished.push(`${what} (${reasonOf(error)})`);
        return undefined;
      }
    };
    const kept = (await step('its TokenRevocation', () => this.#keep(kind, one, signal))) ?? null;
    await step('its status', () => this.#status(kind, one, signal));
    if (unfinished.length === 0) await this.#notices.deleted(kind, one, signal);
    if (!this.#recorded.has(one.uid)) {
      await step('its audit record', () => this.#record(this.#endOf(kind, one, { unfinished, kept })));
    }
    if (this.#waiting.delete(one.uid)) await step('its status', () => this.#status(kind, one, signal));
    if (unfinished.length > 0) await this.#notices.unfinished(kind, one, unfinished, signal);
    this.#mayGoOn(signal);
    const { name, namespace } = one.read.object.metadata;
    const call = { signal, deadlineMs: DEADLINE };
    if (!(await takeOff(this.#settings.client, kind.type, { ...one, name, namespace }, call))) {
      throw new FinalizerStays();
    }
  }

  #mayGoOn(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (!this.#settings.isLeader()) throw new Conflict('another may lead by now');
  }

  /** @returns the name of what keeps its tokens dead; null where nothing need or can */
  async #keep(kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<string | null> {
    const { tombstones, clock, log } = this.#settings;
    const entry = entryOf(kind, one);
    if (!entry) return null;
    const kept = await tombstones.keep(entry, whyOf(one), { signal, deadlineMs: DEADLINE });
    if (kept === 'kept') return `TokenRevocation/${this.#settings.namespace}/${tombstoneName(entry, clock.now())}`;
    log?.('warn', 'a deleted object leaves no TokenRevocation: those are going themselves', { object: entry.source });
    return null;
  }

  async #status(kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<void> {
    const { status } = kind.ended(one, this.#settings.clock.now(), this.#waiting.get(one.uid));
    const { reporting } = this.#settings;
    const object = objectOf(one, one.read.object);
    if (reporting?.otherOf(object) !== undefined) return;
    const written = reporting?.signed(status) ?? status;
    try {
      const outcome = await this.#writer.write(kind.type, object, written, { signal, deadlineMs: DEADLINE });
      if (outcome !== 'written' && outcome !== 'unchanged') throw new Conflict('the object is another by now');
    } catch (error) {
      // Said to be wrong for what it is: trying again mends nothing.
      if (!(error instanceof TerminalError)) throw error;
      this.#settings.log?.('error', error.message);
    }
  }

  async #record(end: PolicyEnd): Promise<void> {
    const { clock, record } = this.#settings;
    const late = Promise.withResolvers<never>();
    const timer = clock.setTimer(() => late.reject(new Error('no audit record within 5 s')), RECORDED_WITHIN);
    try {
      await Promise.race([record(end), late.promise]);
      this.#recorded.add(end.uid);
    } finally {
      timer.cancel();
    }
  }

  #endOf(
    kind: DeletedKind,
    one: Deletable,
    { unfinished, kept }: { readonly unfinished: readonly string[]; readonly kept: string | null },
  ): PolicyEnd {
    const { status } = kind.ended(one, this.#settings.clock.now());
    const { name, namespace } = one.read.object.metadata;
    const until = Date.parse(String(member(status, 'tokensValidUntil')));
    const why = whyOf(one);
    return {
      action: unfinished.length > 0 ? 'released_unfinished' : 'deleted',
      policy_kind: kind.kind,
      uid: one.uid,
      namespace: namespace ?? null,
      name,
      why: unfinished.length > 0 ? `${why}; not done: ${unfinished.join(', ')}` : why,
      tombstone: kept,
      tokens_valid_until: Number.isNaN(until) ? null : until / 1_000,
    };
  }
}

/** It ends by when the object was deleted: whoever leads next writes the same one, and no other beside it. */
function entryOf({ by }: DeletedKind, { read, revoking }: Deletable): RevocationEntry | undefined {
  const entry = revoking && fromRevokingObjects([revoking], by).entries[0];
  const deleted = Math.floor(Date.parse(read.object.metadata.deletionTimestamp ?? '') / 1_000);
  return entry && { ...entry, expiresAt: Number.isNaN(deleted) ? null : deleted + OUTLIVES_TOKENS + HOUR };
}

function whyOf({ read, revoking }: Deletable): string {
  const { deletionTimestamp } = read.object.metadata;
  const at = deletionTimestamp === undefined ? '' : ` at ${kubeTime(Date.parse(deletionTimestamp))}`;
  const how = revoking?.revoked
    ? ', and what it gave is dead'
    : revoking?.revokeIssuedBefore === undefined
      ? ''
      : `, and what it gave up to ${revoking.revokeIssuedBefore} is dead`;
  return `${revoking?.source ?? 'the object'} was deleted${at}${how}`;
}
