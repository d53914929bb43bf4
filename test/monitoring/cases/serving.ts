/** Whether tokens are given. */
import { type Case, HOME, series } from '../types.ts';

const critical = { ...HOME, severity: 'critical' };
const warning = { ...HOME, severity: 'warning' };
const up = (instance: string) => series('up', {}, instance);
const ready = (check: string, instance: string) => series('trustmint_ready', { check }, instance);
const exchanges = (result: string, instance = 'a:8444') =>
  series('trustmint_exchange_requests_total', { result, code: result }, instance);
const bucket = (le: string) => series('trustmint_exchange_duration_seconds_bucket', { le });

export const SERVING: readonly Case[] = [
  {
    alert: 'TrustmintDown',
    when: 'every replica is gone',
    series: { [up('a:8444')]: '1x5 0x10', [up('b:8444')]: '1x5 0x10' },
    at: '12m',
    fires: [
      {
        labels: critical,
        description:
          'Job trustmint-ops could be scraped for 5 minutes: nobody knows whether tokens are given, and probably none are.',
      },
    ],
  },
  {
    alert: 'TrustmintDown',
    when: 'Prometheus finds no replica at all',
    series: { 'up{job="node"}': '1x15' },
    at: '6m',
    fires: [
      {
        labels: { severity: 'critical' },
        description:
          'No job named like trustmint exists, or none could be scraped for 5 minutes: nobody knows whether tokens are given, and probably none are.',
      },
    ],
  },
  {
    alert: 'TrustmintDown',
    when: 'one of two is gone, and both for the moment of a restart',
    series: { [up('a:8444')]: '1x5 0x10', [up('b:8444')]: '1x5 0x2 1x8' },
    at: '15m',
    fires: [],
  },
  {
    alert: 'TrustmintNotServing',
    when: 'each replica fails a check, though not the same',
    series: {
      [ready('keys', 'a:8444')]: '1x3 0x10',
      [ready('policies', 'a:8444')]: '1x13',
      [ready('keys', 'b:8444')]: '1x13',
      [ready('policies', 'b:8444')]: '1x3 0x10',
    },
    at: '7m',
    fires: [
      {
        labels: critical,
        description:
          'Every replica of trustmint-ops fails a readiness check, so the Service has nobody to send workloads to: no tokens are given and none are verified.',
      },
    ],
  },
  {
    alert: 'TrustmintNotServing',
    when: 'one replica fails a check, and the other one for a moment alone',
    series: {
      [ready('keys', 'a:8444')]: '0x13',
      [ready('policies', 'a:8444')]: '1x13',
      [ready('keys', 'b:8444')]: '1x13',
      [ready('policies', 'b:8444')]: '1x5 0 1x7',
    },
    at: '13m',
    fires: [],
  },
  {
    alert: 'TrustmintExchangesFailing',
    when: 'a tenth of all exchanges ends with 503',
    series: { [exchanges('granted')]: '0+18x20', [exchanges('failed')]: '0+2x20' },
    at: '15m',
    fires: [
      {
        labels: critical,
        description: "10% of the exchanges of trustmint-ops fail through no fault of the workload's.",
      },
    ],
  },
  {
    alert: 'TrustmintExchangesFailing',
    when: 'many are refused, which is what a mint is for, and a single one fails',
    series: {
      [exchanges('granted')]: '0+5x30',
      [exchanges('refused')]: '0+900x30',
      [exchanges('failed')]: '0x10 1x20',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'TrustmintExchangesFailing',
    when: 'some fail in a night when hardly anybody asks',
    series: { [exchanges('granted')]: '0x4 4x20', [exchanges('failed')]: '0x4 3x20' },
    at: '10m',
    fires: [],
  },
  {
    alert: 'TrustmintExchangesFailing',
    when: 'the API server is away for a minute, and one in thirty fails at all times',
    series: { [exchanges('granted')]: '0+290x9 2900x1 2900+290x20', [exchanges('failed')]: '0+10x9 400x1 400+10x20' },
    at: '30m',
    fires: [],
  },
  {
    alert: 'TrustmintAuditFailing',
    when: 'the disk of one replica is full',
    series: {
      [series('trustmint_audit_failing', { sink: 'file' })]: '0x2 1x10',
      [series('trustmint_audit_failing', { sink: 'file' }, 'b:8444')]: '0x12',
    },
    at: '10m',
    fires: [
      {
        labels: { ...critical, instance: 'a:8444', sink: 'file' },
        description:
          'a:8444 could not write the newest audit record to file. Without it no token is handed out: exchanges there answer 503, and the replica stays ready.',
      },
    ],
  },
  {
    alert: 'TrustmintAuditFailing',
    when: 'one record was late, and the next was not; another check warns',
    series: {
      [series('trustmint_audit_failing', { sink: 'stdout' })]: '0x2 1x3 0x10',
      [series('trustmint_ready_warning', { check: 'clock' })]: '1x15',
    },
    at: '12m',
    fires: [],
  },
  {
    alert: 'TrustmintReplicaNotReady',
    when: 'one replica has no keys, and another one is gone',
    series: {
      [ready('keys', 'a:8444')]: '0x20',
      [ready('policies', 'a:8444')]: '1x20',
      [up('a:8444')]: '1x20',
      [up('b:8444')]: '0x20',
    },
    at: '16m',
    fires: [
      {
        labels: { ...warning, instance: 'a:8444', check: 'keys' },
        description:
          'a:8444 fails the readiness check keys for 15 minutes. The others serve, with that much less to spare.',
      },
      {
        labels: { ...warning, instance: 'b:8444' },
        description: 'b:8444 cannot be scraped for 15 minutes. The others serve, with that much less to spare.',
      },
    ],
  },
  {
    alert: 'TrustmintReplicaNotReady',
    when: 'replicas are replaced one after another, and another program is gone',
    series: {
      [ready('accepting', 'a:8444')]: '1x3 0x1 _x20',
      [ready('policies', 'b:8444')]: '_x3 0x2 1x20',
      'up{job="node",instance="a"}': '0x25',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'TrustmintExchangesSlow',
    when: 'two in a hundred take more than a second',
    series: {
      [bucket('0.5')]: '0+9.8x20',
      [bucket('1')]: '0+9.8x20',
      [bucket('2.5')]: '0+10x20',
      [bucket('+Inf')]: '0+10x20',
      [exchanges('granted')]: '0+10x20',
    },
    at: '18m',
    fires: [{ labels: warning, description: 'One in a hundred exchanges of trustmint-ops takes longer than 1.75s.' }],
  },
  {
    alert: 'TrustmintExchangesSlow',
    when: 'one in five hundred takes more than a second',
    series: {
      [bucket('0.5')]: '0+499x20',
      [bucket('1')]: '0+499x20',
      [bucket('2.5')]: '0+500x20',
      [bucket('+Inf')]: '0+500x20',
      [exchanges('granted')]: '0+500x20',
    },
    at: '18m',
    fires: [],
  },
  {
    alert: 'TrustmintExchangesSlow',
    when: 'three exchanges a minute, all of them slow; and a busy minute an hour later',
    series: {
      [bucket('0.5')]: '0x30 0+5000x30',
      [bucket('1')]: '0x30 0+5000x30',
      [bucket('2.5')]: '0+3x30 90+5003x10 50320+5000x20',
      [bucket('+Inf')]: '0+3x30 90+5003x10 50320+5000x20',
      [exchanges('granted')]: '0+3x30 90+5003x10 50320+5000x20',
    },
    at: '50m',
    fires: [],
  },
];
