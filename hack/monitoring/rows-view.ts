/** Is what is served what is written, and what is dead dead? */
import { of, quantile, type Row } from './panel.ts';

export const VIEW: readonly Row[] = [
  {
    title: 'View and index',
    panels: [
      {
        title: 'Age of what is served, share of its limit',
        about: 'Over 60 %: TrustmintViewStale. At 100 % exchanges there answer 503.',
        draw: 'lines',
        unit: 'percentunit',
        queries: [
          {
            expr: `${of('trustmint_view_stale_seconds')} / ignoring (stops) ${of('trustmint_view_stale_limit_seconds', 'stops="exchange"')}`,
            legend: '{{instance}}',
          },
        ],
        steps: [
          [0.6, 'yellow'],
          [1, 'red'],
        ],
      },
      {
        title: 'Age by kind',
        about: 'A sign of life comes once a minute. The kind that grows is the one whose watch is silent.',
        draw: 'lines',
        unit: 's',
        queries: [{ expr: `max by (kind) (${of('trustmint_kind_stale_seconds')})`, legend: '{{kind}}' }],
      },
      {
        title: 'Readiness checks that fail or warn',
        about: 'All green when nothing is to be done. /readyz?verbose says why.',
        draw: 'states',
        unit: 'short',
        queries: [
          {
            expr: `min by (check) (${of('trustmint_ready')}) - 0.5 * max by (check) (${of('trustmint_ready_warning')})`,
            legend: '{{check}}',
          },
        ],
        words: { '0': ['fails', 'red'], '0.5': ['warns', 'yellow'], '1': ['holds', 'green'] },
      },
      {
        title: 'Watches begun again',
        about: 'A few an hour are normal: the API server restarts, ends watches, or compacts.',
        draw: 'stacked',
        unit: 'short',
        queries: [
          {
            expr: `sum by (kind, reason) (increase(${of('trustmint_watch_reconnects_total')}[$__rate_interval]))`,
            legend: '{{kind}}: {{reason}}',
          },
        ],
      },
      {
        title: 'Copies that were not what the API server has',
        about: 'Though their watch was alive: TrustmintCacheDiverged. 0, always.',
        draw: 'lines',
        unit: 'short',
        queries: [
          {
            expr: `sum by (kind) (increase(${of('trustmint_cache_divergence_total')}[$__rate_interval]))`,
            legend: '{{kind}}',
          },
        ],
      },
      {
        title: 'Clock, ahead of the API server’s',
        about: 'To about a second. Beyond 30 s it warns, beyond 5 min the replica serves nothing.',
        draw: 'lines',
        unit: 's',
        queries: [{ expr: `abs(${of('trustmint_clock_skew_seconds')})`, legend: '{{instance}}' }],
        steps: [
          [30, 'yellow'],
          [300, 'red'],
        ],
      },
      {
        title: 'Keys of issuers',
        about: 'Usable public keys. Without any, proofs of that issuer get 503.',
        draw: 'table',
        unit: 'short',
        width: 12,
        queries: [{ expr: `min by (provider, issuer) (${of('trustmint_issuer_keys')})`, legend: 'keys' }],
        base: 'red',
        steps: [[1, 'green']],
      },
      {
        title: 'Issuers whose keys could not be fetched',
        about: 'The last good ones verify for 24 hours.',
        draw: 'states',
        unit: 'short',
        width: 12,
        queries: [
          {
            expr: `max by (provider, issuer) (${of('trustmint_issuer_failing')}) > bool 0`,
            legend: '{{provider}} {{issuer}}',
          },
        ],
        words: { '0': ['fetched', 'green'], '1': ['fails', 'red'] },
      },
    ],
  },
  {
    title: 'Revocation',
    panels: [
      {
        title: 'Revocations in force',
        about: 'Gateways poll all of them: watch it grow.',
        draw: 'stacked',
        unit: 'short',
        queries: [{ expr: `max by (by) (${of('trustmint_revocations')})`, legend: '{{by}}' }],
      },
      {
        title: 'Until a revocation is in force',
        about: 'From the creation of a TokenRevocation to its being in force, on the slowest replica; to a second.',
        draw: 'lines',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'trustmint_revocation_confirm_seconds'), legend: 'p50' },
          { expr: quantile(0.99, 'trustmint_revocation_confirm_seconds'), legend: 'p99' },
        ],
        steps: [[5, 'red']],
      },
      {
        title: 'Gone, and not yet known why',
        about: 'For half a minute after somebody took one back; longer: TrustmintRevocationsLingering.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: of('trustmint_revocations_lingering'), legend: '{{instance}}' }],
      },
      {
        title: 'Kept dead',
        about: 'What went without being taken back, and was kept by a TokenRevocation `kept-…`.',
        draw: 'lines',
        unit: 'short',
        queries: [
          {
            expr: `sum by (instance) (increase(${of('trustmint_revocations_kept_total')}[$__rate_interval]))`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Policies and registrations that ended',
        about: 'released_unfinished: it went though not all was done; the log and the audit record say what.',
        draw: 'stacked',
        unit: 'short',
        queries: [
          {
            expr: `sum by (action) (increase(${of('trustmint_policy_ends_total')}[$__rate_interval]))`,
            legend: '{{action}}',
          },
        ],
      },
      {
        title: 'Being deleted',
        about: 'Objects that still have our finalizer: gone in seconds.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: `max by (kind) (${of('trustmint_objects_deleting')})`, legend: '{{kind}}' }],
      },
    ],
  },
  {
    title: 'Keys and TLS',
    panels: [
      {
        title: 'Own keys',
        about:
          'One is active; one is next for the hour before it takes over; retired ones go when their last token is dead.',
        draw: 'stacked',
        unit: 'short',
        queries: [{ expr: `max by (state) (${of('trustmint_own_keys')})`, legend: '{{state}}' }],
      },
      {
        title: 'Age of the active key',
        about: 'Beyond the line it should have been replaced: TrustmintKeysNotRotating a day later.',
        draw: 'lines',
        unit: 's',
        queries: [
          { expr: `max(${of('trustmint_own_key_age_seconds')})`, legend: 'age' },
          { expr: `max(${of('trustmint_own_key_rotate_seconds')})`, legend: 'its time' },
        ],
      },
      {
        title: 'Certificate, left',
        about: 'Of each replica: one that does not take up the renewed one stands out.',
        draw: 'lines',
        unit: 's',
        queries: [
          {
            expr: `min by (instance) (${of('trustmint_tls_certificate_expiry_timestamp_seconds')}) - time()`,
            legend: '{{instance}}',
          },
        ],
      },
    ],
  },
];
