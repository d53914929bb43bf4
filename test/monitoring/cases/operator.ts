/** Whether somebody leads, and gets on with it. */
import { type Case, HOME, series } from '../types.ts';

const warning = { ...HOME, severity: 'warning' };
const leads = (instance: string) => series('leader_election_master_status', { name: 'trustmint' }, instance);
const running = series('workqueue_longest_running_processor_seconds', { name: 'status' });
const depth = series('workqueue_depth', { name: 'status' });
const reconciled = (result: string) => series('controller_runtime_reconcile_total', { controller: 'status', result });
const errors = series('controller_runtime_reconcile_errors_total', { controller: 'status' });
const requests = (code: string, method: string) =>
  series('rest_client_requests_total', { code, method, host: '10.0.0.1:443' });

export const OPERATOR: readonly Case[] = [
  {
    alert: 'TrustmintNoLeader',
    when: 'no replica may write the Lease',
    series: { [leads('a:8444')]: '0x15', [leads('b:8444')]: '0x15' },
    at: '11m',
    fires: [
      {
        labels: warning,
        description:
          'For 10 minutes nobody of trustmint-ops has written statuses, rotated keys, kept revocations or let deleted objects go. Exchanges go on.',
      },
    ],
  },
  {
    alert: 'TrustmintNoLeader',
    when: 'the leader dies and another one follows it; and another program has no leader at all',
    series: {
      [leads('a:8444')]: '1x4 _x15',
      [leads('b:8444')]: '0x6 1x15',
      'leader_election_master_status{job="cert-manager",name="cert-manager"}': '0x20',
    },
    at: '15m',
    fires: [],
  },
  {
    alert: 'TrustmintTwoLeaders',
    when: 'two hold themselves the leader',
    series: { [leads('a:8444')]: '1x10', [leads('b:8444')]: '1x10' },
    at: '6m',
    fires: [
      {
        labels: warning,
        description:
          '2 replicas of trustmint-ops hold themselves the leader for 5 minutes, which one Lease forbids: they are two installations, or somebody deletes the Lease.',
      },
    ],
  },
  {
    alert: 'TrustmintTwoLeaders',
    when: 'the leader changes between two scrapes',
    series: { [leads('a:8444')]: '1x4 0x10', [leads('b:8444')]: '0x3 1x10' },
    at: '10m',
    fires: [],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'one object takes ten minutes',
    series: { [running]: '0x2 60+60x20', [depth]: '0x20' },
    at: '15m',
    fires: [
      {
        labels: { ...warning, name: 'status' },
        description:
          'The queue status has worked on one object for 5 minutes, or has had more than 100 waiting for 15: statuses, ends of deletions and kept revocations are late.',
      },
    ],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'hundreds wait all the time',
    series: { [running]: '1x30', [depth]: '400x30' },
    at: '25m',
    fires: [
      {
        labels: { ...warning, name: 'status' },
        description:
          'The queue status has worked on one object for 5 minutes, or has had more than 100 waiting for 15: statuses, ends of deletions and kept revocations are late.',
      },
    ],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'thousands are applied at once, and worked off; another program is stuck',
    series: {
      [running]: '1x30',
      [depth]: '9000-1000x9 0x20',
      'workqueue_longest_running_processor_seconds{job="kube-controller-manager",name="gc"}': '9999x30',
    },
    at: '25m',
    fires: [],
  },
  {
    alert: 'TrustmintReconcileErrors',
    when: 'every second write is refused',
    series: { [reconciled('success')]: '0+2x40', [reconciled('error')]: '0+2x40', [errors]: '0+2x40' },
    at: '35m',
    fires: [
      {
        labels: { ...warning, controller: 'status' },
        description: '50% of what the controller status tries fails, for half an hour.',
      },
    ],
  },
  {
    alert: 'TrustmintReconcileErrors',
    when: 'a write meets a newer object now and then',
    series: { [reconciled('success')]: '0+50x40', [reconciled('error')]: '0+1x40', [errors]: '0+1x40' },
    at: '35m',
    fires: [],
  },
  {
    alert: 'TrustmintApiErrors',
    when: 'the API server throttles',
    series: { [requests('200', 'GET')]: '0+60x40', [requests('429', 'POST')]: '0+20x40' },
    at: '35m',
    fires: [
      {
        labels: warning,
        description:
          "25% of the requests of trustmint-ops to the API server fail, or are refused for being too many. TokenReviews are among them: exchanges of this cluster's workloads answer 503.",
      },
    ],
  },
  {
    alert: 'TrustmintApiErrors',
    when: 'the way to the API server is cut',
    series: { [requests('200', 'GET')]: '60x40', [requests('<error>', 'GET')]: '0+6x40' },
    at: '35m',
    fires: [
      {
        labels: warning,
        description:
          "100% of the requests of trustmint-ops to the API server fail, or are refused for being too many. TokenReviews are among them: exchanges of this cluster's workloads answer 503.",
      },
    ],
  },
  {
    alert: 'TrustmintApiErrors',
    when: 'objects are not there, or newer than thought, which is part of the work',
    series: {
      [requests('200', 'GET')]: '0+60x40',
      [requests('404', 'GET')]: '0+30x40',
      [requests('409', 'PUT')]: '0+30x40',
    },
    at: '35m',
    fires: [],
  },
];
