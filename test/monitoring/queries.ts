/** What the dashboard asks, as it is written: charts/trustmint/dashboards/trustmint.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './rules.ts';

export const DASHBOARD = 'charts/trustmint/dashboards/trustmint.json';

interface WrittenPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}

export const WRITTEN = JSON.parse(readFileSync(join(ROOT, DASHBOARD), 'utf8')) as {
  readonly panels: readonly WrittenPanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
};

export interface Asked {
  readonly panel: string;
  readonly unit: string;
  readonly expr: string;
  readonly legend: string;
}

export const QUERIES: readonly Asked[] = WRITTEN.panels.flatMap(({ title, targets = [], fieldConfig }) =>
  targets.map(({ expr, legendFormat }) => ({
    panel: title,
    unit: fieldConfig!.defaults.unit,
    expr,
    legend: legendFormat,
  })),
);

/** A query as Grafana sends it where everything is chosen. */
export const everything = (expr: string, interval: string) =>
  expr.replaceAll('$__rate_interval', interval).replaceAll(/\$(namespace|job|instance)\b/g, '.*');
