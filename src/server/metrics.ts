/** Prometheus metrics. Labels come from our own code or from policies, never from a request. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { HealthCheck, PoliciesReport, Vitals } from '../exchange/types.ts';
import { createHealthGauges } from './metrics-health.ts';

/** Seconds: from a repeated proof to one that waits for an issuer's keys. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export interface Metrics {
  readonly registry: Registry;
  /** @param code `ok`, or the stable code of the refusal; @param seconds from the first byte handled to the answer */
  exchange(code: string, seconds: number): void;
  verify(result: 'active' | 'inactive' | 'refused'): void;
  introspect(result: 'active' | 'inactive' | 'refused'): void;
  /** `nothing`: the token was none of ours, or dead already. */
  revoke(result: 'made' | 'nothing' | 'refused'): void;
  jwks(result: 'sent' | 'unchanged' | 'refused'): void;
  /** @param until when the certificate that is served ends, in epoch seconds */
  certificate(until: number): void;
  /** Sets the gauges; called for each scrape. */
  refresh(report: PoliciesReport, vitals: Vitals, inFlight: number, checks: readonly HealthCheck[]): void;
}

/** A registry of its own, so that two servers in one process do not share numbers. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const exchanges = new Counter({
    name: 'trustmint_exchange_requests_total',
    help: 'Exchanges by result (granted, refused, failed) and stable code.',
    labelNames: ['result', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'trustmint_exchange_duration_seconds',
    help: 'From the arrival of a request for a token to its answer.',
    buckets: BUCKETS,
    registers,
  });
  const verifications = new Counter({
    name: 'trustmint_verify_requests_total',
    help: 'Verifications by result (active, inactive, refused).',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'trustmint_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1);
  const keySets = new Counter({
    name: 'trustmint_jwks_requests_total',
    help: 'Requests for our JWK Set by result (sent, unchanged, refused).',
    labelNames: ['result'],
    registers,
  });
  const introspections = new Counter({
    name: 'trustmint_introspect_requests_total',
    help: 'Introspections by result (active, inactive, refused).',
    labelNames: ['result'],
    registers,
  });
  const revocations = new Counter({
    name: 'trustmint_revoke_requests_total',
    help: 'Tokens given up by their holders, by result (made, nothing, refused).',
    labelNames: ['result'],
    registers,
  });
  const certificate = new Gauge({
    name: 'trustmint_tls_certificate_expiry_timestamp_seconds',
    help: 'When the TLS certificate that is served ends, in seconds since the epoch.',
    registers,
  });
  // Without a value where none is served: 0 would be long past.
  certificate.remove();
  const refresh = createGauges(registers);
  const counted = new Map<string, { inc(): void }>();
  return {
    registry,
    exchange(code, seconds) {
      let child = counted.get(code);
      if (!child) {
        child = exchanges.labels(resultOf(code), code);
        counted.set(code, child);
      }
      child.inc();
      duration.observe(seconds);
    },
    verify: (result) => verifications.inc({ result }),
    introspect: (result) => introspections.inc({ result }),
    revoke: (result) => revocations.inc({ result }),
    jwks: (result) => keySets.inc({ result }),
    certificate: (until) => certificate.set(until),
    refresh,
  };
}

function resultOf(code: string): string {
  if (code === 'ok') return 'granted';
  return code === 'server_error' || code === 'temporarily_unavailable' ? 'failed' : 'refused';
}

function createGauges(registers: Registry[]): Metrics['refresh'] {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name, help, labelNames, registers });
  const inFlightNow = gauge('trustmint_http_requests_in_flight', 'Requests being answered, on both listeners.');
  const stale = gauge('trustmint_view_stale_seconds', 'Seconds since what is served was last known to be fresh.');
  const kindStale = gauge('trustmint_kind_stale_seconds', 'Seconds since a kind gave its last sign of life.', 'kind');
  const limits = gauge('trustmint_view_stale_limit_seconds', 'Staleness beyond which this stops.', 'stops');
  const skew = gauge('trustmint_clock_skew_seconds', "Seconds by which this clock is ahead of the API server's.");
  // Without a value while there is nothing to compare with: 0 would be a promise.
  skew.remove();
  const revocations = gauge('trustmint_revocations', 'Revocations in force by what they name.', 'by');
  const ownKeys = gauge('trustmint_own_keys', 'Our own keys by state (next, active, retired).', 'state');
  const ownKeyAge = gauge('trustmint_own_key_age_seconds', 'Seconds since our active key began to sign.');
  ownKeyAge.remove();
  const lingering = gauge('trustmint_revocations_lingering', 'Revocations gone, in force until it is known why.');
  const readErrors = gauge('trustmint_view_read_errors', 'Sources whose newest read failed.');
  const rules = gauge('trustmint_index_rules', 'Rules served.');
  const objects = gauge('trustmint_objects', 'Objects by kind and phase.', 'kind', 'phase');
  const keys = gauge('trustmint_issuer_keys', 'Usable public keys by anchor.', 'anchor', 'provider', 'issuer');
  const failing = gauge('trustmint_issuer_failing', '1 where the newest fetch failed.', 'anchor', 'provider', 'issuer');
  const health = createHealthGauges(registers);
  return (report, vitals, inFlight, checks) => {
    health(checks, vitals);
    inFlightNow.set(inFlight);
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
    keys.reset();
    failing.reset();
    for (const { anchor, provider, issuer, keys: count, error } of report.issuers) {
      keys.set({ anchor, provider, issuer }, count);
      failing.set({ anchor, provider, issuer }, error === null ? 0 : 1);
    }
  };
}
