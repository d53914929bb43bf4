/** Whether it goes on as it went. */
import { type Case, HOME, series } from '../types.ts';

const warning = { ...HOME, severity: 'warning' };
const exchanges = (result: string) => series('trustmint_exchange_requests_total', { result, code: result });
const MIB = 2 ** 20;

export const TRENDS: readonly Case[] = [
  {
    alert: 'TrustmintRefusalsSurge',
    when: 'after a quiet day every third proof is refused',
    series: { [exchanges('granted')]: '0+60x1500', [exchanges('refused')]: '0+1x1440 1471+30x60' },
    at: '1465m',
    fires: [
      {
        labels: { ...warning, result: 'refused' },
        description:
          "trustmint-ops refuses 0.5 exchanges a second, more than a fifth of all and four times the day's average: a policy was changed, an issuer changed its keys, or somebody tries what is not theirs.",
      },
    ],
  },
  {
    alert: 'TrustmintRefusalsSurge',
    when: 'all traffic grows tenfold in the morning, refusals with it',
    series: {
      [exchanges('granted')]: '0+60x1440 87000+600x60',
      [exchanges('refused')]: '0+3x1440 4350+30x60',
    },
    at: '1465m',
    fires: [],
  },
  {
    alert: 'TrustmintRefusalsSurge',
    when: 'as many as ever are refused all day long',
    series: { [exchanges('granted')]: '0+60x1500', [exchanges('refused')]: '0+60x1500' },
    at: '1465m',
    fires: [],
  },
  {
    alert: 'TrustmintRefusalsSurge',
    when: 'where next to nobody asks somebody tries a few times; and a minute of a loop',
    series: { [exchanges('granted')]: '0+1x1500', [exchanges('refused')]: '0x1430 0+6x20 720x50' },
    at: '1490m',
    fires: [],
  },
  {
    alert: 'TrustmintRestarting',
    when: 'a replica is killed every quarter of an hour',
    series: { [series('process_start_time_seconds')]: '100x14 1000x14 1900x14 2800x20' },
    at: '55m',
    fires: [{ labels: { ...warning, instance: 'a:8444' }, description: 'a:8444 started 3 times within an hour.' }],
  },
  {
    alert: 'TrustmintRestarting',
    when: 'it is upgraded, and a node is lost; another program restarts all the time',
    series: {
      [series('process_start_time_seconds')]: '100x14 1000x14 1900x30',
      'process_start_time_seconds{job="node",instance="a"}': '0+60x60',
    },
    at: '55m',
    fires: [],
  },
  {
    alert: 'TrustmintMemoryHigh',
    when: 'the heap of one replica is nearly full, and the container of the other',
    series: {
      [series('nodejs_heap_size_used_bytes')]: `${230 * MIB}x20`,
      [series('trustmint_heap_limit_bytes')]: `${256 * MIB}x20`,
      [series('process_resident_memory_bytes', {}, 'b:8444')]: `${490 * MIB}x20`,
      [series('trustmint_memory_limit_bytes', {}, 'b:8444')]: `${512 * MIB}x20`,
    },
    at: '17m',
    fires: [
      {
        labels: { ...warning, instance: 'a:8444' },
        description:
          "a:8444 uses 89.84% of its heap or of its container's memory, for 15 minutes without a collection that helped; at the limit it ends.",
      },
      {
        labels: { ...warning, instance: 'b:8444' },
        description:
          "b:8444 uses 95.7% of its heap or of its container's memory, for 15 minutes without a collection that helped; at the limit it ends.",
      },
    ],
  },
  {
    alert: 'TrustmintMemoryHigh',
    when: 'the heap is nearly full of garbage, and is collected now and then',
    series: {
      [series('nodejs_heap_size_used_bytes')]: `${230 * MIB}x9 ${100 * MIB} ${230 * MIB}x9`,
      [series('trustmint_heap_limit_bytes')]: `${256 * MIB}x20`,
      [series('process_resident_memory_bytes')]: `${300 * MIB}x20`,
      [series('trustmint_memory_limit_bytes')]: `${512 * MIB}x20`,
    },
    at: '19m',
    fires: [],
  },
  {
    alert: 'TrustmintEventLoopLagging',
    when: 'compiling never ends',
    series: { [series('nodejs_eventloop_lag_p99_seconds')]: '0.8x20' },
    at: '11m',
    fires: [
      {
        labels: { ...warning, instance: 'a:8444' },
        description:
          'a:8444 lets its work wait for 800ms, again and again: exchanges are slow there, and a leader loses its Lease.',
      },
    ],
  },
  {
    alert: 'TrustmintEventLoopLagging',
    when: 'thousands of policies were applied at once; another program lags',
    series: {
      [series('nodejs_eventloop_lag_p99_seconds')]: '0.4x3 1.2x4 0.4x12',
      'nodejs_eventloop_lag_p99_seconds{job="shop",instance="a"}': '3x20',
    },
    at: '15m',
    fires: [],
  },
];
