/** Does the leader get on with its work, does the API server answer, and how is the process? */
import { of, quantile, type Row, rate } from './panel.ts';

const lag = (about: string) => of(`nodejs_eventloop_lag_${about}_seconds`);

export const OPERATOR: readonly Row[] = [
  {
    title: 'Operator and queues',
    panels: [
      {
        title: 'Who leads',
        about: 'One at a time. It writes statuses, rotates keys, keeps revocations and lets deleted objects go.',
        draw: 'states',
        unit: 'short',
        queries: [{ expr: of('leader_election_master_status'), legend: '{{instance}}' }],
        words: { '0': ['follows', 'text'], '1': ['leads', 'blue'] },
      },
      {
        title: 'Waiting',
        about: 'Objects that wait for a worker. Thousands after a bulk change, falling.',
        draw: 'stacked',
        unit: 'short',
        queries: [{ expr: `sum by (name) (${of('workqueue_depth')})`, legend: '{{name}}' }],
      },
      {
        title: 'Added, and tried again',
        about: 'Retries without end are an object or a right that is wrong: the log says which.',
        draw: 'lines',
        unit: 'ops',
        queries: [
          { expr: `sum by (name) (${rate('workqueue_adds_total')})`, legend: '{{name}}: added' },
          { expr: `sum by (name) (${rate('workqueue_retries_total')})`, legend: '{{name}}: again' },
        ],
      },
      {
        title: 'Waited for, p99',
        about: 'From a change to the beginning of its work.',
        draw: 'lines',
        unit: 's',
        queries: [{ expr: quantile(0.99, 'workqueue_queue_duration_seconds', 'name'), legend: '{{name}}' }],
      },
      {
        title: 'Worked, p99, and the longest now',
        about: 'A minute is the most that one object may take.',
        draw: 'lines',
        unit: 's',
        queries: [
          { expr: quantile(0.99, 'workqueue_work_duration_seconds', 'name'), legend: '{{name}}' },
          {
            expr: `max by (name) (${of('workqueue_longest_running_processor_seconds')})`,
            legend: '{{name}}: now',
          },
        ],
      },
      {
        title: 'Reconciled',
        about: 'By controller and result.',
        draw: 'stacked',
        unit: 'ops',
        queries: [
          {
            expr: `sum by (controller, result) (${rate('controller_runtime_reconcile_total')})`,
            legend: '{{controller}}: {{result}}',
          },
        ],
      },
    ],
  },
  {
    title: 'API client',
    panels: [
      {
        title: 'Requests to the API server, by code',
        about:
          '404 and 409 are part of the work; 403 a missing right; 429 and 5xx the API server; <error> the way to it.',
        draw: 'stacked',
        unit: 'reqps',
        width: 12,
        queries: [{ expr: `sum by (code) (${rate('rest_client_requests_total')})`, legend: '{{code}}' }],
      },
      {
        title: 'How long it takes to answer, p99',
        about: 'POST has the TokenReviews, for which exchanges wait.',
        draw: 'lines',
        unit: 's',
        width: 12,
        queries: [{ expr: quantile(0.99, 'rest_client_request_duration_seconds', 'verb'), legend: '{{verb}}' }],
      },
    ],
  },
  {
    title: 'Process',
    panels: [
      {
        title: 'CPU',
        about: 'Cores. One replica uses little more than one: its exchanges run on a single thread.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }],
      },
      {
        title: 'Memory',
        about: 'Resident, and the heap with its garbage. docs/operations.md says what is usual for how many policies.',
        draw: 'lines',
        unit: 'bytes',
        queries: [
          { expr: of('process_resident_memory_bytes'), legend: '{{instance}}' },
          { expr: of('nodejs_heap_size_used_bytes'), legend: '{{instance}}: heap' },
          { expr: `min(${of('trustmint_heap_limit_bytes')})`, legend: 'heap ends at' },
        ],
      },
      {
        title: 'Event loop, late by',
        about: 'p99 and the worst since the scrape before. Compiling many policies shows here.',
        draw: 'lines',
        unit: 's',
        queries: [
          { expr: lag('p99'), legend: '{{instance}}' },
          { expr: lag('max'), legend: '{{instance}}: worst' },
        ],
        steps: [[0.5, 'red']],
      },
      {
        title: 'Garbage collection',
        about: 'Share of the time.',
        draw: 'lines',
        unit: 'percentunit',
        queries: [{ expr: `sum by (instance) (${rate('nodejs_gc_duration_seconds_sum')})`, legend: '{{instance}}' }],
      },
      {
        title: 'Log, by level',
        about: 'Errors and warnings a second, those held back because they repeat included.',
        draw: 'stacked',
        unit: 'ops',
        queries: [
          {
            expr: `sum by (level) (${rate('trustmint_log_messages_total', 'level=~"warn|error"')})`,
            legend: '{{level}}',
          },
        ],
      },
      {
        title: 'Audit records that wait',
        about: 'Moments. If it stays, a sink is blocked, and exchanges answer 503 (TrustmintAuditFailing).',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: of('trustmint_audit_queued_records'), legend: '{{instance}} {{sink}}' }],
      },
      {
        title: 'Requests under way',
        about: 'On both listeners.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: of('trustmint_http_requests_in_flight'), legend: '{{instance}}' }],
      },
      {
        title: 'Open files',
        about: 'Connections above all.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: of('process_open_fds'), legend: '{{instance}}' }],
      },
      {
        title: 'What runs',
        about: 'Two versions at once only while one is rolled out.',
        draw: 'table',
        unit: 'short',
        queries: [{ expr: `count by (version, node) (${of('trustmint_build_info')})`, legend: 'replicas' }],
      },
    ],
  },
];
