/** Writes what became of the objects into their status: the leader alone, and only what is not there yet. */
import type { Clock, TimerHandle } from '../../clock.ts';
import { EventRecorder, type KubeLog, StatusWriter, WorkQueue, type WorkQueueMetrics } from '../../kube/index.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ObjectReport } from '../../policy/types.ts';
import { WATCHED, type WatchedKind } from '../kinds.ts';
import { policyStatus } from '../policies/controller.ts';
import { registrationStatus } from '../registrations/controller.ts';
import { resourceStatus } from '../resources/controller.ts';
import { revocationStatus } from '../revocations/controller.ts';
import { teller } from '../teller.ts';
import type { ClusterView } from '../view.ts';
import type { Reporting } from './reporting.ts';
import { Reports } from './reports.ts';
import type { PolicyEnd, StatusKind } from './types.ts';
import { Conflict, StatusWrites } from './write.ts';

export interface StatusSettings {
  /** One that nothing else uses: writes are many, and whatever shared its rate would wait for them. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly view: Pick<ClusterView, 'copies' | 'snapshot' | 'revocations' | 'revocationProblems'>;
  /** Lints the objects that the view's snapshot was compiled from, step by step. */
  readonly lint: () => Iterator<unknown, readonly ObjectReport[]>;
  /** Whether this replica may write now: asked right before each write. */
  readonly isLeader: () => boolean;
  /** Seconds after which a replica that is cut off issues nothing more. */
  readonly maxStaleness: number;
  /** Leaves an audit record. */
  readonly record: (end: PolicyEnd) => Promise<void>;
  /** Absent: there is one installation. */
  readonly reporting?: Reporting;
  /** This process, as `<pod>`. */
  readonly instance: string;
  readonly log?: KubeLog;
  /** Of its queue. */
  readonly metrics?: WorkQueueMetrics;
}

export interface StatusReporter {
  /** The elector's work: reports until the term is over, and has stopped when it resolves. */
  lead(term: AbortSignal): Promise<void>;
  /** Another snapshot, or other revocations, are in use. Returns at once. */
  changed(): void;
  /** Sends what Events wait, for a second at most. */
  close(): Promise<void>;
}

/** Milliseconds that changes are gathered for, so that one that comes with others costs no round of its own. */
const GATHER = 20;
/** Milliseconds between two looks at every object: somebody may have written into a status. */
const RESYNC = 600_000;
/** Milliseconds for what runs when a term ends. Its signal has fired, so it takes none. */
const WIND_DOWN = 1_000;

export function reportStatus(settings: StatusSettings): StatusReporter {
  const { clock, client, random, view, isLeader, instance, log } = settings;
  const tell = teller(clock, log);
  const reports = new Reports({ clock, snapshot: () => view.snapshot(), lint: settings.lint });
  const kinds = new Map<WatchedKind, StatusKind>([
    ['TrustPolicy', policyStatus('TrustPolicy', view, reports, settings)],
    ['ClusterTrustPolicy', policyStatus('ClusterTrustPolicy', view, reports, settings)],
    ['ProtectedResource', resourceStatus(view, reports)],
    ['AgentRegistration', registrationStatus({ ...settings, view })],
    ['TokenRevocation', revocationStatus(view)],
  ]);
  const recorder = new EventRecorder({
    client,
    clock,
    random,
    controller: 'trustmint.dev/operator',
    instance,
    onDropped: (reason) => tell('Events are not told', { reason }),
  });
  const writes = new StatusWrites({
    writer: new StatusWriter({ client, clock, isLeader }),
    recorder,
    record: settings.record,
    tell,
    reporting: settings.reporting,
  });
  let leading: { readonly queue: WorkQueue; readonly term: AbortSignal; inRound: boolean } | undefined;
  let timer: { readonly handle: TimerHandle; readonly at: number } | undefined;

  function roundAfter(ms: number): void {
    const at = clock.monotonic() + ms;
    if (timer && timer.at <= at) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(() => void round(), ms), at };
  }

  /** Asks for a reconcile of all of which something else is to be said. */
  async function round(): Promise<void> {
    timer = undefined;
    const current = leading;
    if (!current) return;
    if (current.inRound) return roundAfter(GATHER);
    current.inRound = true;
    try {
      const wait = await reports.lint(current.term);
      if (wait !== undefined && leading === current) roundAfter(wait);
    } catch (error) {
      tell('lint failed', error);
    }
    current.inRound = false;
    if (leading !== current) return;
    for (const [kind, one] of kinds) for (const key of one.news(clock.now())) current.queue.add(`${kind} ${key}`);
    if ([...kinds.values()].some((one) => one.more?.())) roundAfter(GATHER);
  }

  function everything(): void {
    for (const [kind, one] of kinds) for (const key of one.keys()) leading?.queue.add(`${kind} ${key}`);
    roundAfter(GATHER);
  }

  return {
    async lead(term) {
      if (term.aborted) return;
      const queue = new WorkQueue({
        clock,
        random,
        ...(settings.metrics && { metrics: settings.metrics }),
        reconcile: async (id, signal) => {
          const [kind, key] = id.split(' ') as [WatchedKind, string];
          const wanted = await kinds.get(kind)?.sync(key, clock.now());
          if (wanted) await writes.write(WATCHED[kind], wanted, signal);
          return wanted?.againAfterMs === undefined ? undefined : { requeueAfterMs: wanted.againAfterMs };
        },
        onError: (id, error) => {
          if (!(error instanceof Conflict) && !term.aborted)
            tell(`a status cannot be written: ${id.split(' ')[0]}`, error);
        },
      });
      leading = { queue, term, inRound: false };
      for (const one of kinds.values()) one.forget();
      queue.start();
      roundAfter(0);
      let resync: TimerHandle;
      const again = () => {
        everything();
        resync = clock.setTimer(again, RESYNC);
      };
      resync = clock.setTimer(again, RESYNC);
      await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
      resync.cancel();
      timer?.handle.cancel();
      timer = undefined;
      leading = undefined;
      await queue.shutDown({ drain: false, limitMs: WIND_DOWN });
    },
    changed() {
      if (leading) roundAfter(GATHER);
    },
    close: () => recorder.close(1_000),
  };
}
