/**
 * The leader's work on finalizers: puts ours onto what lives, does for what is deleted what has to be done, and takes it
 * off. It reads the local copies alone: a snapshot, a report, another CRD may be gone.
 */
import type { Clock, TimerHandle } from '../../clock.ts';
import { type KubeLog, WorkQueue, type WorkQueueMetrics } from '../../kube/index.ts';
import type { KubeClient } from '../../kube/types.ts';
import { member, statusOf } from '../errors.ts';
import { Conflict } from '../status/write.ts';
import { teller } from '../teller.ts';
import { Endings, type EndSettings } from './end.ts';
import { FINALIZER, putOn, takeOff } from './finalizer.ts';
import type { Deletable, DeletedKind } from './types.ts';

export interface DeletionSettings extends Omit<EndSettings, 'client'> {
  /** One that nothing else uses: a namespace may go with thousands of objects. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly kinds: readonly DeletedKind[];
  /** Whether what lives has our finalizer; else it loses it. */
  readonly finalizers: boolean;
  readonly log?: KubeLog;
  /** Of its queue. */
  readonly metrics?: WorkQueueMetrics;
}

export interface Deletion {
  /** The elector's work: until the term is over, and has stopped when it resolves. */
  lead(term: AbortSignal): Promise<void>;
  /** Objects may have changed. Returns at once. */
  changed(): void;
}

/** Milliseconds between two looks at all objects. */
const LOOK = 1_000;
/** Milliseconds that changes are gathered for. */
const GATHER = 20;
/** Milliseconds until the next look where few wait for their status: who is deleted before has no finalizer yet. */
const SOON = 100;
/** Living objects a second: beside them statuses are written. */
const PACE = 50;
/** Milliseconds of a term after which finalizers are put also onto what has no status yet: at first those are written. */
const STATUSES_FIRST = 60_000;
/** Milliseconds after which what failed is tried again though the object is what it was. */
const FORGET = 60_000;
const DEADLINE = 4_000;
/** Milliseconds for what runs when a term ends. Its signal has fired, so it takes none. */
const WIND_DOWN = 1_000;

interface Term {
  readonly queue: WorkQueue;
  readonly endings: Endings;
  readonly since: number;
  /** Living objects that may be written now, of those of a second; as of when. */
  allowance: number;
  lookedAt: number;
  /** By key: the resourceVersion that was looked at. */
  seen: Map<string, string>;
  forgetAt: number;
  /** Until then no finalizer is put on or taken off what lives: we may not. */
  pausedUntil: number;
  /** Living objects that lost our finalizer, by uid: whoever puts it on again has another mind. */
  readonly taken: Set<string>;
  /** Objects whose deletion was begun, by key. */
  readonly begun: Map<string, Deletable>;
}

const REFUSED = 'our finalizer cannot be taken off';
const STAYS = { reason: 'FinalizerStays' };
const AGAIN = { reason: 'another installation watches these namespaces too?' };

export function handleDeletion(settings: DeletionSettings): Deletion {
  const { clock, random, client, kinds, log, isLeader } = settings;
  const tell = teller(clock, log);
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  let leading: Term | undefined;
  let timer: { readonly handle: TimerHandle; readonly at: number } | undefined;

  function lookAfter(ms: number): void {
    const at = clock.monotonic() + ms;
    if (timer && timer.at <= at) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(look, ms), at };
  }

  function look(): void {
    timer = undefined;
    const term = leading;
    if (!term) return;
    const now = clock.monotonic();
    term.allowance = Math.min(PACE, term.allowance + ((now - term.lookedAt) * PACE) / 1_000);
    term.lookedAt = now;
    if (now >= term.forgetAt) forget(term, now);
    const anyway = now - term.since >= STATUSES_FIRST;
    let unsaid = 0;
    for (const kind of kinds) {
      for (const [key, one] of kind.held()) {
        const id = `${kind.kind} ${key}`;
        if (term.seen.get(id) === one.resourceVersion) continue;
        if (!isDeleting(one)) {
          if (one.finalizers.includes(FINALIZER) === wanted(kind)) continue;
          if (!anyway && member(one.status, 'observedGeneration') === undefined) {
            unsaid += 1;
            continue;
          }
          if (term.allowance < 1 || now < term.pausedUntil) continue;
          term.allowance -= 1;
        } else if (!one.finalizers.includes(FINALIZER) || term.endings.isDone(one.uid)) continue;
        term.seen.set(id, one.resourceVersion);
        term.queue.add(id);
      }
    }
    lookAfter(unsaid > 0 && unsaid <= PACE ? SOON : LOOK);
  }

  function forget(term: Term, now: number): void {
    term.seen = new Map();
    term.forgetAt = now + FORGET;
    term.endings.retain(new Set(kinds.flatMap((kind) => [...kind.held().values()].map(({ uid }) => uid))));
  }

  async function reconcile(term: Term, id: string, signal: AbortSignal): Promise<undefined> {
    const [name, key] = id.split(' ') as [string, string];
    const kind = byName.get(name)!;
    const one = kind.held().get(key);
    const before = term.begun.get(id);
    if (before && before.uid !== one?.uid) {
      await term.endings.gone(kind, before);
      term.begun.delete(id);
    }
    if (!one) return;
    if (!isDeleting(one)) return await live(term, kind, one, signal);
    if (!one.finalizers.includes(FINALIZER) || term.endings.isDone(one.uid)) return;
    term.begun.set(id, one);
    try {
      await term.endings.end(kind, one, signal);
    } catch (error) {
      // Gone, or an API server that has just started: which of them, the local copy tells.
      if (statusOf(error) === 404) throw new Conflict('not found');
      throw error;
    }
    term.begun.delete(id);
  }

  async function live(term: Term, kind: DeletedKind, one: Deletable, signal: AbortSignal): Promise<undefined> {
    if (!isLeader() || one.finalizers.includes(FINALIZER) === wanted(kind)) return;
    if (term.taken.has(one.uid)) return tell('our finalizer is put on again', AGAIN);
    if (clock.monotonic() < term.pausedUntil) return;
    const { name, namespace } = one.read.object.metadata;
    const change = wanted(kind) ? putOn : takeOff;
    try {
      const done = await change(client, kind.type, { ...one, name, namespace }, { signal, deadlineMs: DEADLINE });
      // One that was not put on is so on an object that is another by now; its own round comes.
      if (change === takeOff && !done) tell(REFUSED, STAYS);
      else if (change === takeOff) term.taken.add(one.uid);
    } catch (error) {
      if (statusOf(error) === 403) term.pausedUntil = clock.monotonic() + FORGET;
      // It is looked at again.
      if (!signal.aborted) tell('a finalizer cannot be written', error);
    }
  }

  const wanted = (kind: DeletedKind) => settings.finalizers && !kind.withoutFinalizer;

  return {
    async lead(signal) {
      if (signal.aborted) return;
      const now = clock.monotonic();
      const queue = new WorkQueue({
        clock,
        random,
        workers: 24,
        ...(settings.metrics && { metrics: settings.metrics }),
        backoff: { baseMs: 100, maxMs: 10_000 },
        retryRate: { perSecond: 100, burst: 400 },
        reconcile: (id, aborted) => reconcile(term, id, aborted),
        onError: (_, error) => {
          if (!(error instanceof Conflict) && !signal.aborted) tell('a deletion waits', error);
        },
      });
      const endings = new Endings(settings);
      const term: Term = {
        queue,
        endings,
        since: now,
        allowance: 0,
        lookedAt: now,
        seen: new Map(),
        forgetAt: now + FORGET,
        pausedUntil: now,
        taken: new Set(),
        begun: new Map(),
      };
      leading = term;
      queue.start();
      lookAfter(0);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      leading = undefined;
      timer?.handle.cancel();
      timer = undefined;
      await queue.shutDown({ drain: false, limitMs: WIND_DOWN });
    },
    changed() {
      if (leading) lookAfter(GATHER);
    },
  };
}

function isDeleting({ read }: Deletable): boolean {
  return read.object.metadata.deletionTimestamp !== undefined;
}
