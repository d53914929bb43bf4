/** Whether what is served is what is written. */
import { type Case, HOME, series } from '../types.ts';

const warning = { ...HOME, severity: 'warning' };
const stale = (instance = 'a:8444') => series('trustmint_view_stale_seconds', {}, instance);
const limit = (stops: string, instance = 'a:8444') => series('trustmint_view_stale_limit_seconds', { stops }, instance);
const warns = (check: string) => series('trustmint_ready_warning', { check });
const objects = (kind: string, phase: string) => series('trustmint_objects', { kind, phase });
const failing = (instance: string) =>
  series(
    'trustmint_issuer_failing',
    { anchor: 'a1', provider: 'github', issuer: 'https://token.actions.githubusercontent.com' },
    instance,
  );

export const VIEW: readonly Case[] = [
  {
    alert: 'TrustmintViewStale',
    when: 'one replica is cut off from the API server for seven minutes',
    series: {
      [stale()]: '10x2 60+60x10',
      [limit('exchange')]: '600x15',
      [limit('verify')]: '1800x15',
      [stale('b:8444')]: '50x15',
      [limit('exchange', 'b:8444')]: '600x15',
    },
    at: '10m',
    fires: [
      {
        labels: { ...warning, instance: 'a:8444' },
        description:
          'a:8444 has used up 80% of the time for which it serves without news from the API server; then it answers 503. Changes and revocations of that time are not in force there.',
      },
    ],
  },
  {
    alert: 'TrustmintViewStale',
    when: 'nothing changes in the cluster for a day, with the least --max-staleness that goes; a restart',
    series: { [stale()]: '59x10 +Inf 0x10', [limit('exchange')]: '120x20', [limit('verify')]: '1800x20' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'TrustmintDegraded',
    when: 'a collection cannot be listed any more',
    series: { [warns('policies')]: '1x20', [warns('freshness')]: '0x20' },
    at: '16m',
    fires: [
      {
        labels: { ...warning, check: 'policies' },
        description:
          'For 15 minutes the readiness check policies of trustmint-ops has been warning: what was read before goes on being served.',
      },
    ],
  },
  {
    alert: 'TrustmintDegraded',
    when: 'the API server restarts; and what other alerts tell',
    series: {
      [warns('policies')]: '0x2 1x4 0x20',
      [warns('clock')]: '1x20',
      [warns('keys')]: '1x20',
      [warns('audit')]: '1x20',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'TrustmintInvalidObjects',
    when: 'a ClusterTrustPolicy is not served',
    series: { [objects('ClusterTrustPolicy', 'Invalid')]: '1x40', [objects('ClusterTrustPolicy', 'Active')]: '9x40' },
    at: '31m',
    fires: [
      {
        labels: { ...warning, kind: 'ClusterTrustPolicy' },
        description: '1 objects of kind ClusterTrustPolicy are invalid, and served by no replica.',
      },
    ],
  },
  {
    alert: 'TrustmintInvalidObjects',
    when: 'a team has written what is not served, and is told so by its status; the platform team mends its own',
    series: {
      [objects('TrustPolicy', 'Invalid')]: '7x40',
      [objects('AgentRegistration', 'Invalid')]: '7x40',
      [objects('ClusterTrustPolicy', 'Suspended')]: '1x40',
      [objects('ClusterTrustPolicy', 'Invalid')]: '0x10 1x20 0x10',
    },
    at: '40m',
    fires: [],
  },
  {
    alert: 'TrustmintIssuerFailing',
    when: 'an issuer cannot be reached from one node',
    series: { [failing('a:8444')]: '1x40', [failing('b:8444')]: '0x40' },
    at: '31m',
    fires: [
      {
        labels: { ...warning, provider: 'github', issuer: 'https://token.actions.githubusercontent.com' },
        description:
          'The keys of https://token.actions.githubusercontent.com (github) could not be fetched for 30 minutes. Those known verify for 24 hours; a new one is not known, and where none is known every proof gets 503.',
      },
    ],
  },
  {
    alert: 'TrustmintIssuerFailing',
    when: 'an issuer is away for 20 minutes, twice',
    series: { [failing('a:8444')]: '1x20 0x5 1x20' },
    at: '45m',
    fires: [],
  },
  {
    alert: 'TrustmintClockSkew',
    when: 'a clock is 45 s behind',
    series: { [series('trustmint_clock_skew_seconds')]: '-45x15' },
    at: '11m',
    fires: [
      {
        labels: { ...warning, instance: 'a:8444' },
        description: "The clock of a:8444 is 45s from the API server's; beyond 5 minutes the replica serves nothing.",
      },
    ],
  },
  {
    alert: 'TrustmintClockSkew',
    when: 'a clock is 25 s ahead, and once jumps',
    series: { [series('trustmint_clock_skew_seconds')]: '25x3 400 25x15' },
    at: '15m',
    fires: [],
  },
  {
    alert: 'TrustmintCacheDiverged',
    when: 'a proxy swallows events, and every listing finds some',
    series: { [series('trustmint_cache_divergence_total', { kind: 'TrustPolicy' })]: '0x10 1+1x8' },
    at: '18m',
    fires: [
      {
        labels: { ...warning, kind: 'TrustPolicy' },
        description:
          '8 times within an hour the TrustPolicy objects that Trustmint served were not those of the API server, though their watch was alive. Each time they were listed anew, up to a minute late.',
      },
    ],
  },
  {
    alert: 'TrustmintCacheDiverged',
    when: 'one event was missed, once',
    series: { [series('trustmint_cache_divergence_total', { kind: 'TrustPolicy' })]: '0x10 1x40' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'TrustmintRevocationsLingering',
    when: 'nobody can keep what went with its namespace',
    series: {
      [series('trustmint_revocations_lingering')]: '1x20',
      [series('trustmint_revocations_lingering', {}, 'b:8444')]: '0x20',
    },
    at: '16m',
    fires: [
      {
        labels: warning,
        description:
          "1 revocations went without being taken back, or nobody can find out why. They hold in the replicas' memory alone: a restart of all would revive what they killed.",
      },
    ],
  },
  {
    alert: 'TrustmintRevocationsLingering',
    when: 'somebody takes a revocation back',
    series: { [series('trustmint_revocations_lingering')]: '0x5 1x2 0x15' },
    at: '20m',
    fires: [],
  },
];
