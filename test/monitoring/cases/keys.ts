/** Whether what is signed can go on being signed, and be believed. */
import { type Case, HOME, series } from '../types.ts';

const critical = { ...HOME, severity: 'critical' };
const warning = { ...HOME, severity: 'warning' };
const age = (instance = 'a:8444') => series('trustmint_own_key_age_seconds', {}, instance);
const period = (instance = 'a:8444') => series('trustmint_own_key_rotate_seconds', {}, instance);
const DAY = 86_400;
/** promtool's clock begins at 0. */
const expires = series('trustmint_tls_certificate_expiry_timestamp_seconds');

export const KEYS: readonly Case[] = [
  {
    alert: 'TrustmintKeysAtRisk',
    when: 'the Secret is gone and cannot be written back',
    series: {
      [series('trustmint_ready_warning', { check: 'keys' })]: '1x15',
      [series('trustmint_ready_warning', { check: 'keys' }, 'b:8444')]: '0x15',
    },
    at: '11m',
    fires: [
      {
        labels: critical,
        description:
          "For 10 minutes the store of trustmint-ops's own keys has been unreadable, lost or another's. All goes on while a replica with the keys lives; after the last one every token is dead and none can be given.",
      },
    ],
  },
  {
    alert: 'TrustmintKeysAtRisk',
    when: 'the Secret was deleted, and the leader wrote it back',
    series: {
      [series('trustmint_ready_warning', { check: 'keys' })]: '0x3 1x2 0x15',
      [series('trustmint_ready_warning', { check: 'policies' })]: '1x20',
    },
    at: '18m',
    fires: [],
  },
  {
    alert: 'TrustmintKeysNotRotating',
    when: 'a key of 30 days has signed for 32',
    series: { [age()]: `${32 * DAY}+60x70`, [period()]: `${30 * DAY}x70` },
    at: '62m',
    fires: [{ labels: warning, description: 'The active key of trustmint-ops is 2d 1h 2m 0s over its time.' }],
  },
  {
    alert: 'TrustmintKeysNotRotating',
    when: 'a key of 90 days has signed for ten hours more, and another one a day more, half an hour ago',
    series: {
      [age()]: `${90 * DAY + 36_000}+60x70`,
      [period()]: `${90 * DAY}x70`,
      [age('b:8444')]: `${91 * DAY - 1_800}+60x58 0x20`,
      [period('b:8444')]: `${90 * DAY}x70`,
    },
    at: '62m',
    fires: [],
  },
  {
    alert: 'TrustmintCertificateExpiring',
    when: 'three days are left',
    series: { [expires]: `${3 * DAY}x70` },
    at: '61m',
    fires: [{ labels: warning, description: 'The certificate of trustmint-ops expires in 2d 22h 59m 0s.' }],
  },
  {
    alert: 'TrustmintCertificateExpiring',
    when: 'less than a day is left',
    series: { [expires]: `${20 * 3600}x70` },
    at: '61m',
    fires: [
      {
        labels: critical,
        description:
          'The certificate of trustmint-ops expires in 18h 59m 0s; then no workload and no gateway connects any more.',
      },
    ],
  },
  {
    alert: 'TrustmintCertificateExpiring',
    when: 'it is renewed a month before its end, and another replica needs a moment for it',
    series: {
      [expires]: `${30 * DAY}x130`,
      [series('trustmint_tls_certificate_expiry_timestamp_seconds', {}, 'b:8444')]:
        `${6 * DAY}x50 ${20 * 3600}x5 ${90 * DAY}x70`,
    },
    at: '60m',
    fires: [],
  },
];
