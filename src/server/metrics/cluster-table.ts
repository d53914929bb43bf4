/** What a replica in a cluster has beside: named, labelled and meant as in client-go and controller-runtime where they have it. */
import type { Table } from './table.ts';

/** The queues of the leader's work. */
export const CONTROLLERS = ['status', 'deletion', 'revocations'] as const;
const QUEUE = { name: CONTROLLERS, controller: 'the same' } as const;
const CONTROLLER = { controller: CONTROLLERS } as const;
/** As client-go: 10 ns to 1000 s. */
const DECADES = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
/** As controller-runtime. */
const RECONCILES = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  ...[1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
];
/** As Kubernetes' own components. */
const REQUESTS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const KIND = 'the kinds that are watched';

export const WATCHES = {
  trustmint_kind_stale_seconds: {
    type: 'gauge',
    help: 'Seconds since a kind gave its last sign of life.',
    labels: { kind: KIND },
  },
  trustmint_watch_reconnects_total: {
    type: 'counter',
    help: 'Watches that failed and were begun again, and lists that failed, by why.',
    labels: { kind: KIND, reason: 'why, as in `/readyz?verbose`: 15 words' },
  },
  trustmint_watched_objects: {
    type: 'gauge',
    help: 'Objects in the local copy of a kind: what memory goes with.',
    labels: { kind: KIND },
  },
  trustmint_cache_divergence_total: {
    type: 'counter',
    help: 'Times that the local copy of a kind was not what the API server has, though its watch was alive.',
    labels: { kind: KIND },
  },
  trustmint_clock_skew_seconds: {
    type: 'gauge',
    help: 'Seconds by which this clock is ahead of the API server’s; no value until it is known.',
  },
} as const satisfies Table;

export const LEADER = {
  leader_election_master_status: {
    type: 'gauge',
    help: '1 while this replica leads, else 0.',
    labels: { name: 'the Lease: `trustmint`' },
  },
  trustmint_revocation_confirm_seconds: {
    type: 'histogram',
    help: 'From the creation of a TokenRevocation to its being in force on this replica, by the API server’s clock; to a second.',
    buckets: [1, 2, 3, 5, 10, 30, 60, 120, 300, 600, 1800],
  },
  trustmint_revocations_kept_total: {
    type: 'counter',
    help: 'Revocations that went without being taken back, and that this replica keeps dead.',
  },
  trustmint_policy_ends_total: {
    type: 'counter',
    help: 'Policies and registrations that ended, by how; released_unfinished: they went though not all was done.',
    labels: { action: ['revoked', 'deleted', 'released_unfinished'] },
  },
  trustmint_objects_deleting: {
    type: 'gauge',
    help: 'Objects that are being deleted and still have our finalizer.',
    labels: { kind: '`TrustPolicy`, `ClusterTrustPolicy`, `AgentRegistration`' },
  },
} as const satisfies Table;

export const QUEUES = {
  workqueue_depth: { type: 'gauge', help: 'Current depth of workqueue.', labels: QUEUE },
  workqueue_adds_total: { type: 'counter', help: 'Total number of adds handled by workqueue.', labels: QUEUE },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    labels: QUEUE,
    buckets: DECADES,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    help: 'How long in seconds processing an item from workqueue takes.',
    labels: QUEUE,
    buckets: DECADES,
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    help: 'Seconds of work in progress that work_duration has not observed yet; large values mean stuck workers.',
    labels: QUEUE,
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    help: 'How many seconds has the longest running processor for workqueue been running.',
    labels: QUEUE,
  },
  workqueue_retries_total: { type: 'counter', help: 'Total number of retries handled by workqueue.', labels: QUEUE },
  controller_runtime_reconcile_total: {
    type: 'counter',
    help: 'Total number of reconciliations per controller.',
    labels: { ...CONTROLLER, result: ['success', 'error', 'requeue', 'requeue_after'] },
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    help: 'Total number of reconciliation errors per controller.',
    labels: CONTROLLER,
  },
  controller_runtime_terminal_reconcile_errors_total: {
    type: 'counter',
    help: 'Total number of terminal reconciliation errors per controller.',
    labels: CONTROLLER,
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    help: 'Length of time per reconciliation per controller.',
    labels: CONTROLLER,
    buckets: RECONCILES,
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    help: 'Maximum number of concurrent reconciles per controller; 0 until this replica led.',
    labels: CONTROLLER,
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    help: 'Number of currently used workers per controller.',
    labels: CONTROLLER,
  },
} as const satisfies Table;

export const REST_CLIENT = {
  rest_client_requests_total: {
    type: 'counter',
    help: 'Number of HTTP requests to the API server, partitioned by status code, method, and host.',
    labels: { code: 'HTTP status, or `<error>`: no answer', method: 'of HTTP', host: 'the API server' },
  },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    help: 'Latency of requests to the API server in seconds, by verb and host; watches are not counted.',
    labels: { verb: 'the method', host: 'the API server' },
    buckets: REQUESTS,
  },
} as const satisfies Table;
