/**
 * Keeps dead what was dead. In every replica: finds out why what lingers went. The leader: keeps what nobody took back by
 * a TokenRevocation in the operator's namespace, writes one for each policy that revokes, and removes those that are over.
 * The others keep what they saw and it did not.
 */
import { type Clock, epochSeconds, type TimerHandle } from '../../clock.ts';
import { type KubeLog, tellOnce, WorkQueue, type WorkQueueMetrics, type WorkQueueOptions } from '../../kube/index.ts';
import type { CallOptions, KubeClient } from '../../kube/types.ts';
import type { Claim, Lingering, RevocationEntry } from '../../revocation/index.ts';
import { statusOf } from '../errors.ts';
import type { HeldRevocation } from '../held.ts';
import { WATCHED } from '../kinds.ts';
import type { Reporting } from '../status/reporting.ts';
import { teller } from '../teller.ts';
import type { Tombstones } from '../tombstones.ts';
import type { ClusterView } from '../view.ts';
import { isOver, lastingOf, removable, superseded, withoutTombstone } from './due.ts';
import { Judge } from './judge.ts';
import { StandIn } from './stand-in.ts';
import { FAILED, whyKept } from './why.ts';

export interface KeeperSettings {
  /** One that neither views nor elections wait for. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'delete'>;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly view: Pick<ClusterView, 'copies' | 'revoked' | 'snapshot'>;
  /** The operator's own. */
  readonly namespace: string;
  readonly tombstones: Tombstones;
  readonly isLeader: () => boolean;
  /** Whether an object that goes leaves a TokenRevocation first, by its finalizer; absent: each. */
  readonly finalized?: (claim: Claim) => boolean;
  /** Absent: there is one installation. */
  readonly reporting?: Pick<Reporting, 'tells'>;
  /** What went is kept dead. */
  readonly onKept: (entry: RevocationEntry, why: string) => void;
  /** This process, as `<pod>`. */
  readonly instance: string;
  readonly log?: KubeLog;
  /** Of its queue. */
  readonly metrics?: WorkQueueMetrics;
}

export interface Keeper {
  /** The elector's work: until the term is over, and has stopped when it resolves. */
  lead(term: AbortSignal): Promise<void>;
  /** Revocations may have changed. Returns at once. */
  changed(): void;
  close(): void;
}

/** Milliseconds that changes are gathered for. */
const GATHER = 100;
/** Milliseconds between two looks, while something lingers and otherwise. */
const LOOK_EVERY = 1_000;
const LOOK_SELDOM = 30_000;
/** Milliseconds after which what a policy killed is kept: the tombstone that it left may not have been seen yet. */
const SETTLED = 2_000;
const DEADLINE = 4_000;
const WIND_DOWN = 1_000;

type Task =
  | { readonly do: 'keep'; readonly one: Lingering }
  | { readonly do: 'tell'; readonly one: Lingering }
  | { readonly do: 'bury'; readonly claim: Claim }
  | { readonly do: 'remove'; readonly one: HeldRevocation };

interface Term {
  readonly queue: WorkQueue;
  /** Monotonic milliseconds. */
  sweepAt: number;
  /** By key of the queue. */
  readonly tasks: Map<string, Task>;
  /** What needs no more than was done. */
  readonly done: WeakSet<object>;
}

export function keepRevocations(settings: KeeperSettings): Keeper {
  const { clock, random, client, view, namespace, tombstones, isLeader, onKept, instance, log } = settings;
  const telling = teller(clock, log);
  const tell = (what: keyof typeof FAILED, error: unknown) => telling(FAILED[what], error);
  const judge = new Judge({ client, clock, revoked: view.revoked, onError: (error) => tell('unjudged', error) });
  const standIn = new StandIn({
    clock,
    revoked: view.revoked,
    keep: (one) => keep(one, { deadlineMs: DEADLINE }),
    onError: (error) => tell('keep', error),
  });
  const ids = new WeakMap<Lingering, number>();
  let count = 0;
  let closed = false;
  let leading: Term | undefined;
  let timer: { readonly handle: TimerHandle; readonly at: number } | undefined;

  function lookAfter(ms: number): void {
    const at = clock.monotonic() + ms;
    if (closed || (timer && timer.at <= at)) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(look, ms), at };
  }

  function look(): void {
    timer = undefined;
    void judge.look().then((found) => found && lookAfter(GATHER));
    const lingering = view.revoked.lingering();
    if (leading) plan(leading, lingering);
    else if (view.copies.synced()) standIn.look(lingering);
    const isUntold = view.revoked.reverted().some(({ since }) => since > clock.monotonic() - 2 * SETTLED);
    if (lingering.length > 0 || isUntold) lookAfter(LOOK_EVERY);
    else if (leading) lookAfter(LOOK_SELDOM);
  }

  function plan(term: Term, lingering: readonly Lingering[]): void {
    if (!view.copies.synced()) return;
    const now = Math.floor(clock.now() / 1000);
    const settled = clock.monotonic() - SETTLED;
    const add = (id: string, of: object, task: Task) => {
      if (term.done.has(of) || term.tasks.has(id)) return;
      term.tasks.set(id, task);
      term.queue.add(id);
    };
    for (const one of lingering) {
      const isSettled = one.since <= settled || one.claim.kind === 'TokenRevocation';
      if (view.revoked.verdictOn(one) !== 'keep' || !isSettled) continue;
      add(`keep ${idOf(one)}`, one, { do: 'keep', one });
    }
    for (const one of view.revoked.reverted())
      if (one.since <= settled && view.revoked.verdictOn(one) === undefined)
        add(`tell ${idOf(one)}`, one, { do: 'tell', one });
    for (const claim of withoutTombstone(view.copies, namespace, now))
      add(`bury ${claim.uid} ${claim.entry.issuedBefore}`, claim, { do: 'bury', claim });
    if (clock.monotonic() < term.sweepAt) return;
    term.sweepAt = clock.monotonic() + LOOK_SELDOM;
    for (const one of removable(view.copies, namespace, now)) add(`remove ${one.uid}`, one, { do: 'remove', one });
  }

  const whyOf = (one: Lingering) => whyKept(one, settings.finalized?.(one.claim));

  function idOf(one: Lingering): number {
    const known = ids.get(one);
    if (known !== undefined) return known;
    count += 1;
    ids.set(one, count);
    return count;
  }

  async function reconcile(term: Term, id: string, signal: AbortSignal): ReturnType<WorkQueueOptions['reconcile']> {
    const task = term.tasks.get(id);
    if (!task) return undefined;
    if (!isLeader()) throw new Error('another may lead by now');
    const call = { signal, deadlineMs: DEADLINE };
    if ((await carryOut(task, call)) === 'impossible') {
      // The kind may come back, and what replicas remember with it.
      tell('impossible', undefined);
      return { requeueAfterMs: LOOK_SELDOM };
    }
    term.done.add(task.do === 'bury' ? task.claim : task.one);
    term.tasks.delete(id);
    return undefined;
  }

  function carryOut(task: Task, call: CallOptions): Promise<unknown> {
    if (task.do === 'keep') return keep(task.one, call);
    if (task.do === 'tell') return tellKept(task.one, call);
    return task.do === 'bury' ? bury(task.claim, call) : remove(task.one, call);
  }

  async function keep(one: Lingering, call: CallOptions): Promise<unknown> {
    // Something covers it by now, or it is over.
    if (view.revoked.verdictOn(one) !== 'keep') return;
    const outcome = await tombstones.keep(lastingOf(one.claim, clock), whyOf(one).why, call);
    if (outcome === 'kept') await tellKept(one, call);
    return outcome;
  }

  async function tellKept(one: Lingering, call: CallOptions): Promise<void> {
    const { entry } = one.claim;
    const { why, isOdd } = whyOf(one);
    onKept(entry, why);
    log?.(isOdd ? 'error' : 'info', 'what was dead is kept dead', { by: entry.by, object: entry.source, why });
    if (isOdd) await tellPeople(one, why, call);
  }

  function bury({ entry, kind }: Claim, call: CallOptions): Promise<unknown> {
    const when = entry.issuedBefore === null ? 'is Revoked' : 'has revokeIssuedBefore';
    const why = `${entry.source} ${when}: what it gave is dead, whatever becomes of the ${kind}`;
    return tombstones.keep(entry, why, call);
  }

  async function remove(one: HeldRevocation, call: CallOptions): Promise<void> {
    const { uid, object } = one;
    // A clock that was wrong for a moment may have said so.
    if (!isOver(one, epochSeconds(clock)) && !superseded(view.copies, namespace).includes(one)) return;
    const { name, namespace: where } = object.metadata;
    try {
      await client.delete(WATCHED.TokenRevocation, name, where, { uid }, call);
    } catch (error) {
      // Gone, or another one.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
  }

  /** Best effort: its namespace may be gone too. */
  async function tellPeople({ claim }: Lingering, why: string, call: CallOptions): Promise<void> {
    const { kind, name, uid, namespace: where } = claim;
    if (!(settings.reporting?.tells(where) ?? true)) return;
    const metadata = { name, uid, ...(where !== undefined && { namespace: where }) };
    const regarding = { apiVersion: 'trustmint.dev/v1alpha1', kind, metadata };
    const event = { regarding, type: 'Warning', reason: 'RevocationKept', action: 'Keep', note: why } as const;
    const source = { controller: 'trustmint.dev/operator', instance, at: clock.now() };
    await tellOnce(client, event, source, call).catch(() => {});
  }

  return {
    async lead(signal) {
      if (signal.aborted) return;
      const queue = new WorkQueue({
        clock,
        random,
        workers: 8,
        ...(settings.metrics && { metrics: settings.metrics }),
        backoff: { baseMs: 500, maxMs: 10_000 },
        retryRate: { perSecond: 50, burst: 200 },
        reconcile: (id, aborted) => reconcile(term, id, aborted),
        onError: (id, error) => {
          if (!signal.aborted && isLeader()) tell(id.split(' ')[0] as keyof typeof FAILED, error);
        },
      });
      const term: Term = { queue, sweepAt: Number.NEGATIVE_INFINITY, tasks: new Map(), done: new WeakSet() };
      leading = term;
      queue.start();
      lookAfter(0);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      leading = undefined;
      await queue.shutDown({ drain: false, limitMs: WIND_DOWN });
    },
    changed: () => lookAfter(GATHER),
    close() {
      closed = true;
      timer?.handle.cancel();
    },
  };
}
