/** What every mint has, in a cluster or not. */
import type { Table } from './table.ts';

/** Seconds: from a repeated proof to one that waits for an issuer's keys. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const ISSUER = {
  anchor: 'the anchor’s id; the first 100 anchors by id, then `other` for the rest together',
  provider: 'of the policy, or `other`',
  issuer: 'of the policy, or `other`',
} as const;
const OF_A_TOKEN = ['active', 'inactive', 'refused', 'failed'] as const;

export const DOORS = {
  trustmint_exchange_requests_total: {
    type: 'counter',
    help: 'Exchanges by result (granted, refused, failed) and stable code.',
    labels: {
      result: '`granted`, `refused`, `failed`: follows from the code',
      code: '`ok`, and the stable codes of refusals',
    },
  },
  trustmint_exchange_duration_seconds: {
    type: 'histogram',
    help: 'From the arrival of a request for a token to its answer.',
    buckets: BUCKETS,
  },
  trustmint_verify_requests_total: {
    type: 'counter',
    help: 'Verifications by result (active; inactive; refused: 4xx, also who may not ask; failed: 5xx).',
    labels: { result: OF_A_TOKEN },
  },
  trustmint_introspect_requests_total: {
    type: 'counter',
    help: 'Introspections by result, as of verifications.',
    labels: { result: OF_A_TOKEN },
  },
  trustmint_revoke_requests_total: {
    type: 'counter',
    help: 'Tokens given up by their holders, by result (made; nothing: none of ours, or dead already; refused).',
    labels: { result: ['made', 'nothing', 'refused'] },
  },
  trustmint_jwks_requests_total: {
    type: 'counter',
    help: 'Requests for our JWK Set by result (sent; unchanged: 304; refused: no keys yet).',
    labels: { result: ['sent', 'unchanged', 'refused'] },
  },
  trustmint_http_requests_in_flight: { type: 'gauge', help: 'Requests being answered, on both listeners.' },
} as const satisfies Table;

export const VIEW = {
  trustmint_view_stale_seconds: {
    type: 'gauge',
    help: 'Seconds since what is served was last known to be fresh: the last good read, or the oldest kind’s last sign of life.',
  },
  trustmint_view_stale_limit_seconds: {
    type: 'gauge',
    help: 'Staleness beyond which this stops.',
    labels: { stops: ['exchange', 'verify'] },
  },
  trustmint_view_read_errors: {
    type: 'gauge',
    help: 'Sources whose newest read failed: what is served is not what is written.',
  },
  trustmint_index_rules: { type: 'gauge', help: 'Rules served.' },
  trustmint_objects: {
    type: 'gauge',
    help: 'Objects by kind and phase.',
    labels: { kind: 'the kinds that are compiled', phase: '`Active`, `Suspended`, `Revoked`, `Invalid`…' },
  },
  trustmint_issuer_keys: {
    type: 'gauge',
    help: 'Usable public keys by anchor; of those beyond the cap, together.',
    labels: ISSUER,
  },
  trustmint_issuer_failing: {
    type: 'gauge',
    help: '1 where the newest fetch failed; of those beyond the cap, how many fail.',
    labels: ISSUER,
  },
} as const satisfies Table;

export const REVOCATION_AND_KEYS = {
  trustmint_revocations: {
    type: 'gauge',
    help: 'Revocations in force by what they name.',
    labels: { by: '`token`, `derivedFrom`, `grant`, `agent`, `policy`' },
  },
  trustmint_revocations_lingering: {
    type: 'gauge',
    help: 'Revocations gone, in force until it is known why.',
  },
  trustmint_own_keys: {
    type: 'gauge',
    help: 'Our own keys by state (next, active, retired).',
    labels: { state: ['next', 'active', 'retired'] },
  },
  trustmint_own_key_age_seconds: { type: 'gauge', help: 'Seconds since our active key began to sign.' },
  trustmint_own_key_rotate_seconds: { type: 'gauge', help: 'Seconds for which one of our own keys is to sign.' },
} as const satisfies Table;

export const HEALTH = {
  trustmint_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: { version: 'ours', node: 'of Node' },
  },
  trustmint_ready: {
    type: 'gauge',
    help: '1 while this check of /readyz holds.',
    labels: { check: 'the checks of `/readyz?verbose`' },
  },
  trustmint_ready_warning: {
    type: 'gauge',
    help: '1 while this check holds and /readyz warns of it.',
    labels: { check: 'the same' },
  },
  trustmint_log_messages_total: {
    type: 'counter',
    help: 'Messages of the log by level; also those held back because they repeat.',
    labels: { level: ['debug', 'info', 'warn', 'error'] },
  },
  trustmint_audit_failing: {
    type: 'gauge',
    help: '1 while an audit sink takes no records: then nothing is granted.',
    labels: { sink: '`stdout`, and `file` with `--audit-log`' },
  },
  trustmint_audit_queued_records: {
    type: 'gauge',
    help: 'Audit records that wait for a sink, or are being written.',
    labels: { sink: 'the same' },
  },
  trustmint_tls_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the TLS certificate that is served ends, in seconds since the epoch.',
  },
  trustmint_heap_limit_bytes: { type: 'gauge', help: 'Size of the JavaScript heap at which the process ends.' },
  trustmint_memory_limit_bytes: {
    type: 'gauge',
    help: 'The container’s memory limit; no value where there is none.',
  },
} as const satisfies Table;
