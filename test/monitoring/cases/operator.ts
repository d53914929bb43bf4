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
      [leads('a:8444')]: '1x4 stale',
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
    when: 'the leader changes between two scrapes; another program has two Leases',
    series: {
      [leads('a:8444')]: '1x4 0x10',
      [leads('b:8444')]: '0x3 1x10',
      'leader_election_master_status{job="shop",name="one"}': '1x15',
      'leader_election_master_status{job="shop",name="two"}': '1x15',
    },
    at: '10m',
    fires: [],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'one object takes ten minutes',
    series: { [running]: '0x2 60+60x30', [depth]: '0x30' },
    at: '25m',
    fires: [
      {
        labels: { ...warning, name: 'status' },
        description:
          'For 15 minutes the queue status has been at one object for more than 5, or has had more than 100 waiting: statuses, ends of deletions and kept revocations are late.',
      },
    ],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'hundreds wait all the time',
    series: { [running]: '1x30', [depth]: '150x30' },
    at: '25m',
    fires: [
      {
        labels: { ...warning, name: 'status' },
        description:
          'For 15 minutes the queue status has been at one object for more than 5, or has had more than 100 waiting: statuses, ends of deletions and kept revocations are late.',
      },
    ],
  },
  {
    alert: 'TrustmintWorkStuck',
    when: 'thousands are applied at once, and worked off; another program is stuck',
    series: {
      [running]: '240x12 310x3 1x15',
      [depth]: '9000-1000x8 60x20',
      'workqueue_longest_running_processor_seconds{job="kube-controller-manager",name="gc"}': '9999x30',
    },
    at: '25m',
    fires: [],
  },
  {
    alert: 'TrustmintReconcileErrors',
    when: 'every second write is refused',
    series: { [reconciled('success')]: '0+0.2x60', [reconciled('error')]: '0+0.2x60', [errors]: '0+0.2x60' },
    at: '55m',
    fires: [
      {
        labels: { ...warning, controller: 'status' },
        description: '50% of what the controller status tries fails, for half an hour.',
      },
    ],
  },
  {
    alert: 'TrustmintReconcileErrors',
    when: 'a write meets a newer object now and then, and the API server was away; another program fails',
    series: {
      [reconciled('success')]: '0+50x10 500x3 500+50x50',
      [reconciled('error')]: '0+10x10 400x3 400+10x50',
      [errors]: '0+10x10 400x3 400+10x50',
      'controller_runtime_reconcile_total{job="shop",controller="x",result="error"}': '0+5x70',
      'controller_runtime_reconcile_errors_total{job="shop",controller="x"}': '0+5x70',
    },
    at: '60m',
    fires: [],
  },
  {
    alert: 'TrustmintReconcileErrors',
    when: 'two of three writes of a quiet hour met a newer object',
    series: { [reconciled('success')]: '0x10 1x60', [reconciled('error')]: '0x10 2x60', [errors]: '0x10 2x60' },
    at: '60m',
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
    when: 'objects are not there, or newer than thought, which is part of the work; the API server restarts; another program fails',
    series: {
      [requests('200', 'GET')]: '0+60x10 600x4 600+60x30',
      [requests('404', 'GET')]: '0+30x40',
      [requests('409', 'PUT')]: '0+30x40',
      [requests('500', 'GET')]: '0+6x40',
      [requests('<error>', 'GET')]: '0x10 40x40',
      'rest_client_requests_total{job="shop",code="500",method="GET",host="a"}': '0+60x50',
    },
    at: '35m',
    fires: [],
  },
];
