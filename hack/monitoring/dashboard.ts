/** The Grafana dashboard, in the form that Grafana 10 to 13 import and a sidecar provisions. */
import { type Panel, type Place, type Row, renderPanel } from './panel.ts';
import { OPERATOR } from './rows-operator.ts';
import { SERVING } from './rows-serving.ts';
import { VIEW } from './rows-view.ts';

export const ROWS: readonly Row[] = [...SERVING, ...VIEW, ...OPERATOR];

const COLUMNS = 24;
const SOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** Left to right, top to bottom, a heading before each row. */
function layOut(rows: readonly Row[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    const heightOf = ({ draw }: Panel) => (draw === 'number' ? 4 : 8);
    for (const panel of row.panels) {
      const w = panel.width ?? (panel.draw === 'number' ? 3 : 8);
      const h = heightOf(panel);
      if (x + w > COLUMNS) [x, y] = [0, y + h];
      const place: Place = { x, y, w, h };
      panels.push(renderPanel(panel, panels.length + 1, place));
      x += w;
    }
    y += heightOf(row.panels.at(-1)!);
  }
  return panels;
}

/** What a person chooses at the top. A label that is missing altogether, as outside of Kubernetes, is chosen by All. */
const choice = (name: string, label: string, within: string) => ({
  type: 'query',
  name,
  label,
  datasource: SOURCE,
  definition: `label_values(trustmint_build_info${within}, ${name})`,
  query: { query: `label_values(trustmint_build_info${within}, ${name})`, refId: name, qryType: 1 },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: 'All', value: '$__all' },
});

export function dashboard(): object {
  return {
    uid: 'trustmint',
    title: 'Trustmint',
    description:
      'Tokens given and refused, what is served, and who sees to it. Alerts and what to do: docs/operations.md',
    tags: ['trustmint'],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    time: { from: 'now-3h', to: 'now' },
    refresh: '30s',
    fiscalYearStartMonth: 0,
    links: [],
    annotations: {
      list: [
        {
          name: 'Alerts',
          datasource: SOURCE,
          enable: true,
          hide: false,
          iconColor: 'red',
          expr: 'ALERTS{alertname=~"Trustmint.+", alertstate="firing", namespace=~"$namespace"}',
          titleFormat: '{{alertname}}',
          textFormat: '{{instance}} {{check}}',
          step: '60s',
        },
      ],
    },
    templating: {
      list: [
        { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus', refresh: 1, current: {} },
        choice('namespace', 'Namespace', ''),
        choice('job', 'Job', '{namespace=~"$namespace"}'),
        choice('instance', 'Replica', '{namespace=~"$namespace", job=~"$job"}'),
      ],
    },
    panels: layOut(ROWS),
  };
}
