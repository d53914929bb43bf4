/** What the metrics library says of the process and of Node: which of it we promise. On other systems than Linux there is less. */
import type { Table } from './table.ts';

const SPACE = { space: 'the spaces of V8’s heap' } as const;
const KIND = { kind: '`major`, `minor`, `incremental`, `weakcb`' } as const;
const lag = (what: string) => ({ type: 'gauge', help: `${what} of the event loop’s recorded delays.` }) as const;

export const PROCESS = {
  process_cpu_user_seconds_total: { type: 'counter', help: 'Total user CPU time spent in seconds.' },
  process_cpu_system_seconds_total: { type: 'counter', help: 'Total system CPU time spent in seconds.' },
  process_cpu_seconds_total: { type: 'counter', help: 'Total user and system CPU time spent in seconds.' },
  process_start_time_seconds: { type: 'gauge', help: 'Start time of the process since unix epoch in seconds.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory size in bytes.' },
  process_virtual_memory_bytes: { type: 'gauge', help: 'Virtual memory size in bytes.' },
  process_heap_bytes: { type: 'gauge', help: 'Process heap size in bytes.' },
  process_open_fds: { type: 'gauge', help: 'Number of open file descriptors.' },
  process_max_fds: { type: 'gauge', help: 'Maximum number of open file descriptors.' },
  nodejs_eventloop_lag_seconds: { type: 'gauge', help: 'Lag of event loop in seconds.' },
  nodejs_eventloop_lag_min_seconds: lag('The minimum'),
  nodejs_eventloop_lag_max_seconds: lag('The maximum'),
  nodejs_eventloop_lag_mean_seconds: lag('The mean'),
  nodejs_eventloop_lag_stddev_seconds: lag('The standard deviation'),
  nodejs_eventloop_lag_p50_seconds: lag('The 50th percentile'),
  nodejs_eventloop_lag_p90_seconds: lag('The 90th percentile'),
  nodejs_eventloop_lag_p99_seconds: lag('The 99th percentile'),
  nodejs_active_resources_total: { type: 'gauge', help: 'Total number of active resources.' },
  nodejs_active_handles_total: { type: 'gauge', help: 'Total number of active handles.' },
  nodejs_active_requests_total: { type: 'gauge', help: 'Total number of active requests.' },
  nodejs_heap_size_total_bytes: { type: 'gauge', help: 'Process heap size from Node.js in bytes.' },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Process heap size used from Node.js in bytes.' },
  nodejs_external_memory_bytes: { type: 'gauge', help: 'Node.js external memory size in bytes.' },
  nodejs_heap_space_size_total_bytes: { type: 'gauge', help: 'Size of a space of the heap in bytes.', labels: SPACE },
  nodejs_heap_space_size_used_bytes: { type: 'gauge', help: 'What is used of it in bytes.', labels: SPACE },
  nodejs_heap_space_size_available_bytes: { type: 'gauge', help: 'What is left of it in bytes.', labels: SPACE },
  nodejs_version_info: {
    type: 'gauge',
    help: 'Node.js version info.',
    labels: { version: 'of Node', major: 'its parts', minor: 'its parts', patch: 'its parts' },
  },
  nodejs_gc_duration_seconds: { type: 'histogram', help: 'Garbage collection duration by kind.', labels: KIND },
} as const satisfies Table;

/** By class of whatever is open: these come and go with the load, and counting them walks over every connection. */
export const DROPPED = ['nodejs_active_resources', 'nodejs_active_handles', 'nodejs_active_requests'] as const;
