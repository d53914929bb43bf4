/** Are tokens given, how fast, and what is refused? */
import { of, quantile, type Row, rate } from './panel.ts';

const EXCHANGES = 'trustmint_exchange_requests_total';
const DURATION = 'trustmint_exchange_duration_seconds';

export const SERVING: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      {
        title: 'Ready replicas',
        about: 'Replicas of which every readiness check holds. 0: nobody is served (TrustmintNotServing).',
        draw: 'number',
        unit: 'short',
        queries: [{ expr: `sum(min by (instance) (${of('trustmint_ready')})) or vector(0)`, legend: 'ready' }],
        base: 'red',
        steps: [
          [1, 'yellow'],
          [2, 'green'],
        ],
      },
      {
        title: 'Granted',
        about: 'Tokens given, a second.',
        draw: 'number',
        unit: 'reqps',
        queries: [{ expr: `sum(${rate(EXCHANGES, 'result="granted"')})`, legend: 'granted' }],
      },
      {
        title: 'Refused',
        about: 'Exchanges refused, a second: the fault of who asked, of a policy, or of nobody.',
        draw: 'number',
        unit: 'reqps',
        queries: [{ expr: `sum(${rate(EXCHANGES, 'result="refused"')}) or vector(0)`, legend: 'refused' }],
      },
      {
        title: 'Failed',
        about: 'Share of the exchanges that end with 5xx. Anything but 0 is worth a look (TrustmintExchangesFailing).',
        draw: 'number',
        unit: 'percentunit',
        queries: [
          {
            expr: `(sum(${rate(EXCHANGES, 'result="failed"')}) or vector(0)) / sum(${rate(EXCHANGES)})`,
            legend: 'failed',
          },
        ],
        steps: [
          [0.001, 'yellow'],
          [0.05, 'red'],
        ],
      },
      {
        title: 'p99',
        about: 'One exchange in a hundred takes longer than this.',
        draw: 'number',
        unit: 's',
        queries: [{ expr: quantile(0.99, DURATION), legend: 'p99' }],
        steps: [
          [0.5, 'yellow'],
          [1, 'red'],
        ],
      },
      {
        title: 'Age of what is served',
        about:
          'Of the replica that heard from the API server longest ago. Up to a minute is normal; beyond 10 min exchanges stop.',
        draw: 'number',
        unit: 's',
        queries: [{ expr: `max(${of('trustmint_view_stale_seconds')})`, legend: 'oldest' }],
        steps: [
          [120, 'yellow'],
          [360, 'red'],
        ],
      },
      {
        title: 'Leaders',
        about: '1, whatever happens; 0 for some 15 s when the leader died. Serving needs none.',
        draw: 'number',
        unit: 'short',
        queries: [{ expr: `sum(${of('leader_election_master_status')})`, legend: 'leaders' }],
        base: 'red',
        steps: [
          [1, 'green'],
          [2, 'red'],
        ],
      },
      {
        title: 'Certificate expires in',
        about: 'The serving certificate that ends first. It is renewed weeks before.',
        draw: 'number',
        unit: 's',
        queries: [
          {
            expr: `min(${of('trustmint_tls_certificate_expiry_timestamp_seconds')}) - time()`,
            legend: 'left',
          },
        ],
        base: 'red',
        steps: [
          [86_400, 'yellow'],
          [7 * 86_400, 'green'],
        ],
      },
    ],
  },
  {
    title: 'Traffic',
    panels: [
      {
        title: 'Exchanges by result',
        about: 'Failed is our fault or that of what we depend on; refused is an answer.',
        draw: 'stacked',
        unit: 'reqps',
        queries: [{ expr: `sum by (result) (${rate(EXCHANGES)})`, legend: '{{result}}' }],
      },
      {
        title: 'Exchanges by replica',
        about: 'Even, if callers open new connections; kept ones stay where they are.',
        draw: 'lines',
        unit: 'reqps',
        queries: [{ expr: `sum by (instance) (${rate(EXCHANGES)})`, legend: '{{instance}}' }],
      },
      {
        title: 'Other requests',
        about: 'Gateways that verify and introspect, holders that give tokens up, whoever reads our keys.',
        draw: 'lines',
        unit: 'reqps',
        queries: [
          { expr: `sum by (result) (${rate('trustmint_verify_requests_total')})`, legend: 'verify: {{result}}' },
          {
            expr: `sum by (result) (${rate('trustmint_introspect_requests_total')})`,
            legend: 'introspect: {{result}}',
          },
          { expr: `sum by (result) (${rate('trustmint_revoke_requests_total')})`, legend: 'revoke: {{result}}' },
          { expr: `sum by (result) (${rate('trustmint_jwks_requests_total')})`, legend: 'jwks: {{result}}' },
        ],
      },
    ],
  },
  {
    title: 'Decisions',
    panels: [
      {
        title: 'Refused and failed, by code',
        about:
          'invalid_proof: the proof or its issuer. no_matching_policy: the policies. temporarily_unavailable: we, or what we ask. The audit record of an answer has the reason.',
        draw: 'stacked',
        unit: 'reqps',
        queries: [{ expr: `sum by (code) (${rate(EXCHANGES, 'result=~"refused|failed"')})`, legend: '{{code}}' }],
      },
      {
        title: 'Rules served',
        about: 'The same on every replica but for a moment after a change.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: of('trustmint_index_rules'), legend: '{{instance}}' }],
      },
      {
        title: 'Objects by kind and phase',
        about: 'Invalid ones are served by nobody, and say why in their status.',
        draw: 'lines',
        unit: 'short',
        queries: [{ expr: `max by (kind, phase) (${of('trustmint_objects')})`, legend: '{{kind}} {{phase}}' }],
      },
    ],
  },
  {
    title: 'Latency',
    panels: [
      {
        title: 'Exchange',
        about:
          'From the arrival of a request to its answer. The dots are single requests; their id finds the audit record.',
        draw: 'lines',
        unit: 's',
        width: 12,
        queries: [
          { expr: quantile(0.5, DURATION), legend: 'p50' },
          { expr: quantile(0.95, DURATION), legend: 'p95' },
          { expr: quantile(0.99, DURATION), legend: 'p99', exemplars: true },
        ],
        steps: [[1, 'red']],
      },
      {
        title: 'How long exchanges take',
        about:
          'Repeated proofs at the bottom, above them new ones (a signature, a TokenReview), at the top who waited for an issuer’s keys.',
        draw: 'heat',
        unit: 's',
        width: 12,
        queries: [{ expr: `sum by (le) (${rate(`${DURATION}_bucket`)})`, legend: '{{le}}', exemplars: true }],
      },
    ],
  },
];
