/** The numbers of a replica: its queues, its requests to the API server, its watches, whether it leads. */
import type { Registry } from 'prom-client';
import { type CONTROLLERS, LEADER, QUEUES, REST_CLIENT, WATCHES } from './cluster-table.ts';
import { Instruments } from './table.ts';

export type Controller = (typeof CONTROLLERS)[number];

/** What a work queue tells of itself; all durations in seconds. */
export interface QueueMetrics {
  depth(keys: number): void;
  added(): void;
  begun(waited: number): void;
  done(worked: number, result: 'success' | 'requeue_after' | 'error' | 'terminal_error'): void;
  retried(): void;
  /** A queue begins, in place of any before it. */
  queue(workers: number, running: () => Running): void;
}

export interface Running {
  readonly workers: number;
  readonly unfinishedSeconds: number;
  readonly longestSeconds: number;
}

/** Of a kind that is watched, since the start. */
export interface WatchTally {
  readonly kind: string;
  readonly failures: ReadonlyMap<string, number>;
  readonly divergences: number;
  readonly objects: number;
  /** Objects with our finalizer that are being deleted; absent: such a kind has none. */
  readonly deleting?: number;
}

export interface ClusterSources {
  /** Reasons for which a watch may fail: each is there from the start. */
  readonly reasons: readonly string[];
  readonly lease: string;
  readonly isLeader: () => boolean;
  readonly watches: () => readonly WatchTally[];
}

export interface ClusterMetrics {
  controller(name: Controller): QueueMetrics;
  /** @param host the API server's @returns takes method (or WATCH), status (0: no answer) and milliseconds */
  requests(host: string): (verb: string, status: number, milliseconds: number) => void;
  revocationConfirmed(seconds: number): void;
  revocationKept(): void;
  ended(action: 'revoked' | 'deleted' | 'released_unfinished'): void;
  /** What is asked at each scrape. */
  follow(sources: ClusterSources): void;
}

/** @param beforeScrape takes what is to be done for each scrape */
export function clusterMetrics(registry: Registry, beforeScrape: (task: () => void) => void): ClusterMetrics {
  const queues = queueMetrics(registry, beforeScrape);
  const rest = new Instruments(REST_CLIENT, registry);
  const total = rest.counter('rest_client_requests_total');
  const latency = rest.histogram('rest_client_request_duration_seconds');
  const leader = new Instruments(LEADER, registry);
  const master = leader.gauge('leader_election_master_status');
  const confirmed = leader.histogram('trustmint_revocation_confirm_seconds');
  const kept = leader.counter('trustmint_revocations_kept_total');
  const ends = leader.counter('trustmint_policy_ends_total');
  const deleting = leader.gauge('trustmint_objects_deleting');
  const watches = new Instruments(WATCHES, registry);
  const reconnects = watches.counter('trustmint_watch_reconnects_total');
  const divergences = watches.counter('trustmint_cache_divergence_total');
  const objects = watches.gauge('trustmint_watched_objects');

  return {
    controller: queues,
    requests(host) {
      return (verb, status, milliseconds) => {
        const isWatch = verb === 'WATCH';
        const method = isWatch ? 'GET' : verb;
        total.inc({ code: status === 0 ? '<error>' : String(status), method, host });
        if (!isWatch) latency.observe({ verb, host }, milliseconds / 1_000);
      };
    },
    revocationConfirmed: (seconds) => confirmed.observe(seconds),
    revocationKept: () => kept.inc(),
    ended: (action) => ends.inc({ action }),
    follow({ reasons, lease, isLeader, watches: tallies }) {
      beforeScrape(() => {
        master.set({ name: lease }, isLeader() ? 1 : 0);
        reconnects.reset();
        divergences.reset();
        for (const one of tallies()) {
          const { kind } = one;
          for (const reason of reasons) reconnects.inc({ kind, reason }, one.failures.get(reason) ?? 0);
          divergences.inc({ kind }, one.divergences);
          objects.set({ kind }, one.objects);
          if (one.deleting !== undefined) deleting.set({ kind }, one.deleting);
        }
      });
    },
  };
}

function queueMetrics(registry: Registry, beforeScrape: (task: () => void) => void): ClusterMetrics['controller'] {
  const made = new Instruments(QUEUES, registry);
  const depth = made.gauge('workqueue_depth');
  const adds = made.counter('workqueue_adds_total');
  const waited = made.histogram('workqueue_queue_duration_seconds');
  const worked = made.histogram('workqueue_work_duration_seconds');
  const unfinished = made.gauge('workqueue_unfinished_work_seconds');
  const longest = made.gauge('workqueue_longest_running_processor_seconds');
  const retries = made.counter('workqueue_retries_total');
  const reconciles = made.counter('controller_runtime_reconcile_total');
  const errors = made.counter('controller_runtime_reconcile_errors_total');
  const terminal = made.counter('controller_runtime_terminal_reconcile_errors_total');
  const time = made.histogram('controller_runtime_reconcile_time_seconds');
  const most = made.gauge('controller_runtime_max_concurrent_reconciles');
  const active = made.gauge('controller_runtime_active_workers');

  return (name) => {
    const of = { name, controller: name };
    const controller = { controller: name };
    let running: () => Running = () => ({ workers: 0, unfinishedSeconds: 0, longestSeconds: 0 });
    // A replica that never led has them too.
    depth.set(of, 0);
    most.set(controller, 0);
    for (const counter of [adds, retries]) counter.inc(of, 0);
    for (const histogram of [waited, worked]) histogram.zero(of);
    beforeScrape(() => {
      const now = running();
      unfinished.set(of, now.unfinishedSeconds);
      longest.set(of, now.longestSeconds);
      active.set(controller, now.workers);
    });
    return {
      depth: (keys) => depth.set(of, keys),
      added: () => adds.inc(of),
      begun: (seconds) => waited.observe(of, seconds),
      done(seconds, result) {
        const isError = result === 'error' || result === 'terminal_error';
        worked.observe(of, seconds);
        time.observe(controller, seconds);
        reconciles.inc({ controller: name, result: isError ? 'error' : result });
        if (isError) errors.inc(controller);
        if (result === 'terminal_error') terminal.inc(controller);
      },
      retried: () => retries.inc(of),
      queue(workers, now) {
        most.set(controller, workers);
        running = now;
      },
    };
  };
}
