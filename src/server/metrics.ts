/** Prometheus metrics. Labels come from our own code or, capped, from policies; never from a request. */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { HealthCheck, PoliciesReport, Vitals } from '../exchange/types.ts';
import { EXCHANGE_CODES } from './errors.ts';
import { type ClusterMetrics, clusterMetrics } from './metrics/cluster.ts';
import { WATCHES } from './metrics/cluster-table.ts';
import { CodeCounter, ExemplarHistogram } from './metrics/exchange-meter.ts';
import { type Format, render } from './metrics/exposition.ts';
import { createHealthGauges } from './metrics/health.ts';
import { issuerGauges } from './metrics/issuers.ts';
import { DROPPED } from './metrics/process-table.ts';
import { DOORS, HEALTH, REVOCATION_AND_KEYS, VIEW } from './metrics/serving-table.ts';
import { Instruments } from './metrics/table.ts';

/** `failed`: 5xx, as without the API server or by a view too old. */
export type TokenResult = 'active' | 'inactive' | 'refused' | 'failed';

export interface Metrics {
  readonly registry: Registry;
  /**
   * @param code `ok`, or the stable code of the refusal
   * @param seconds from the first byte handled to the answer
   * @param correlationId the exemplar
   * @param now monotonic milliseconds
   */
  exchange(code: string, seconds: number, correlationId: string, now: number): void;
  verify(result: TokenResult): void;
  introspect(result: TokenResult): void;
  /** `nothing`: the token was none of ours, or dead already. */
  revoke(result: 'made' | 'nothing' | 'refused'): void;
  jwks(result: 'sent' | 'unchanged' | 'refused'): void;
  /** @param until when the certificate that is served ends, in epoch seconds */
  certificate(until: number): void;
  logged(level: 'debug' | 'info' | 'warn' | 'error'): void;
  /** How the audit's sinks are, asked at each scrape. */
  audit(status: () => readonly { readonly name: string; readonly ok: boolean; readonly queued: number }[]): void;
  /** Those of a replica; there are none before this is called, once. */
  cluster(): ClusterMetrics;
  /** Sets the gauges; called for each scrape. */
  refresh(report: PoliciesReport, vitals: Vitals, inFlight: number, checks: readonly HealthCheck[]): void;
  /** The text of a scrape. */
  render(format: Format): Promise<string>;
}

/** A registry of its own, so that two servers in one process do not share numbers. */
export function createMetrics(version: string, clock: Clock): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of DROPPED) registry.removeSingleMetric(name);
  const tasks: (() => void)[] = [];
  const beforeScrape = (task: () => void) => void tasks.push(task);

  const { help } = DOORS.trustmint_exchange_requests_total;
  const exchanges = new CodeCounter('trustmint_exchange_requests_total', help, EXCHANGE_CODES);
  const timed = DOORS.trustmint_exchange_duration_seconds;
  const duration = new ExemplarHistogram(
    'trustmint_exchange_duration_seconds',
    timed.help,
    timed.buckets,
    'correlation_id',
    clock,
  );
  for (const own of [exchanges, duration]) registry.registerMetric(own as unknown as Metric);

  const doors = new Instruments(DOORS, registry);
  const verifications = doors.counter('trustmint_verify_requests_total');
  const introspections = doors.counter('trustmint_introspect_requests_total');
  const revocations = doors.counter('trustmint_revoke_requests_total');
  const keySets = doors.counter('trustmint_jwks_requests_total');
  const inFlightNow = doors.gauge('trustmint_http_requests_in_flight');
  const health = new Instruments(HEALTH, registry);
  health.gauge('trustmint_build_info').set({ version, node: process.version }, 1);
  const messages = health.counter('trustmint_log_messages_total');
  const certificate = health.gauge('trustmint_tls_certificate_expiry_timestamp_seconds');
  // Without a value where none is served: 0 would be long past.
  certificate.remove();
  const refreshHealth = createHealthGauges(registry);
  const refreshView = viewGauges(registry);

  return {
    registry,
    exchange(code, seconds, correlationId, now) {
      exchanges.inc(code);
      duration.observe(seconds, correlationId, now);
    },
    verify: (result) => verifications.inc({ result }),
    introspect: (result) => introspections.inc({ result }),
    revoke: (result) => revocations.inc({ result }),
    jwks: (result) => keySets.inc({ result }),
    certificate: (until) => certificate.set(until),
    logged: (level) => messages.inc({ level }),
    audit(status) {
      const failing = health.gauge('trustmint_audit_failing');
      const queued = health.gauge('trustmint_audit_queued_records');
      beforeScrape(() => {
        for (const { name: sink, ok, queued: waiting } of status()) {
          failing.set({ sink }, ok ? 0 : 1);
          queued.set({ sink }, waiting);
        }
      });
    },
    cluster: () => clusterMetrics(registry, beforeScrape),
    refresh(report, vitals, inFlight, checks) {
      for (const task of tasks) task();
      inFlightNow.set(inFlight);
      refreshHealth(checks, vitals);
      refreshView(report, vitals);
    },
    render: (format) => render(registry, format),
  };
}

function viewGauges(registry: Registry): (report: PoliciesReport, vitals: Vitals) => void {
  const view = new Instruments(VIEW, registry);
  const stale = view.gauge('trustmint_view_stale_seconds');
  const limits = view.gauge('trustmint_view_stale_limit_seconds');
  const readErrors = view.gauge('trustmint_view_read_errors');
  const rules = view.gauge('trustmint_index_rules');
  const objects = view.gauge('trustmint_objects');
  const refreshIssuers = issuerGauges(view.gauge('trustmint_issuer_keys'), view.gauge('trustmint_issuer_failing'));
  const watched = new Instruments(WATCHES, registry);
  const kindStale = watched.gauge('trustmint_kind_stale_seconds');
  const skew = watched.gauge('trustmint_clock_skew_seconds');
  // Without a value while there is nothing to compare with: 0 would be a promise.
  skew.remove();
  const own = new Instruments(REVOCATION_AND_KEYS, registry);
  const revocations = own.gauge('trustmint_revocations');
  const lingering = own.gauge('trustmint_revocations_lingering');
  const ownKeys = own.gauge('trustmint_own_keys');
  const ownKeyAge = own.gauge('trustmint_own_key_age_seconds');
  ownKeyAge.remove();
  return (report, vitals) => {
    stale.set(report.staleSeconds ?? Number.POSITIVE_INFINITY);
    limits.set({ stops: 'exchange' }, vitals.maxStaleness);
    limits.set({ stops: 'verify' }, vitals.maxVerifyStaleness);
    kindStale.reset();
    for (const { kind, staleSeconds } of vitals.kinds) kindStale.set({ kind }, staleSeconds);
    if (vitals.clockSkewSeconds !== undefined) skew.set(vitals.clockSkewSeconds);
    for (const [by, count] of vitals.revocations) revocations.set({ by }, count);
    lingering.set(vitals.lingering);
    for (const [state, count] of vitals.ownKeys) ownKeys.set({ state }, count);
    if (vitals.ownKeyAgeSeconds !== undefined) ownKeyAge.set(vitals.ownKeyAgeSeconds);
    readErrors.set(report.readErrors.length);
    rules.set(report.objects.reduce((sum, object) => sum + (object.served ? object.rules : 0), 0));
    objects.reset();
    for (const { kind, phase } of report.objects) objects.inc({ kind, phase });
    refreshIssuers(report.issuers);
  };
}
