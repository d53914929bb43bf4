/** docs/reference/metrics.md, from the tables that the metrics are made of. */
import { LEADER, QUEUES, REST_CLIENT, WATCHES } from '../../src/server/metrics/cluster-table.ts';
import { PROCESS } from '../../src/server/metrics/process-table.ts';
import { DOORS, HEALTH, REVOCATION_AND_KEYS, VIEW } from '../../src/server/metrics/serving-table.ts';
import type { Definition, Table } from '../../src/server/metrics/table.ts';
import { code, GENERATED, table } from './markdown.ts';

/** Everything that /metrics may have, by area. */
export const METRICS: readonly { readonly title: string; readonly about: string; readonly metrics: Table }[] = [
  { title: 'Requests', about: 'On every mint.', metrics: DOORS },
  { title: 'What is served', about: 'On every mint.', metrics: VIEW },
  { title: 'Revocations and keys', about: 'On every mint.', metrics: REVOCATION_AND_KEYS },
  { title: 'Health', about: 'On every mint.', metrics: HEALTH },
  {
    title: 'Watches',
    about: 'In a cluster, on every replica: of its local copies.',
    metrics: WATCHES,
  },
  {
    title: 'Leader',
    about: 'In a cluster. Who leads counts what it does; the others have them at 0.',
    metrics: LEADER,
  },
  {
    title: 'Queues',
    about:
      'In a cluster: the leader’s queues, with the names, labels and meaning of client-go and controller-runtime. A replica that does not lead has them as it left them, or at 0.',
    metrics: QUEUES,
  },
  { title: 'Requests to the API server', about: 'In a cluster, as in client-go.', metrics: REST_CLIENT },
  {
    title: 'Process',
    about: 'On every mint, by the metrics library: on Linux; on other systems some are not there.',
    metrics: PROCESS,
  },
];

function labelsOf({ labels = {} }: Definition): string {
  return Object.entries(labels)
    .map(([name, values]) => `${code(name)}: ${typeof values === 'string' ? values : values.map(code).join(', ')}`)
    .join('; ');
}

export function metricsPage(): string {
  const areas = METRICS.map(
    ({ title, about, metrics }) =>
      `## ${title}\n\n${about}\n\n${table(
        ['metric', 'type', 'labels', ''],
        Object.entries(metrics).map(([name, one]) => [code(name), one.type, labelsOf(one), one.help]),
      )}`,
  );
  return `${GENERATED}
# Metrics

What \`GET /metrics\` of the ops listener has; how to read it: [operations](../operations.md#metrics). Text by default, OpenMetrics 1.0 for who accepts it. Every label is bounded: values come from this list, from the
kinds and checks that there are, or, capped, from policies; nothing that a caller sends is ever one.

${areas.join('\n\n')}
`;
}
