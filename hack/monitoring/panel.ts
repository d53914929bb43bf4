/** One panel of a Grafana dashboard: what it asks, and how it is drawn. */

/** Variables of the dashboard, as a selector of series. */
export const SELECTED = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"';
const SOURCE = { type: 'prometheus', uid: '$datasource' } as const;
const GREY = 'text';

export interface Query {
  readonly expr: string;
  /** As Grafana writes labels: `{{instance}}`. */
  readonly legend: string;
  readonly exemplars?: true;
}

export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';

export interface Panel {
  readonly title: string;
  /** For whoever is on call: what is normal, and what it means when it is not. */
  readonly about: string;
  readonly draw: 'lines' | 'stacked' | 'number' | 'heat' | 'states' | 'table';
  readonly unit: string;
  readonly queries: readonly Query[];
  /** [from this value on, colour]; what is below the first is green. */
  readonly steps?: readonly (readonly [number, Colour])[];
  /** Values that have words. */
  readonly words?: Readonly<Record<string, readonly [string, Colour]>>;
  /** Of 24. Default: 8, numbers 3. */
  readonly width?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Lowest colour, where not green. */
  readonly base?: Colour;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** @returns the series of a metric that the dashboard's variables choose */
export const of = (metric: string, more?: string) => `${metric}{${SELECTED}${more ? `, ${more}` : ''}}`;
export const rate = (metric: string, more?: string) => `rate(${of(metric, more)}[$__rate_interval])`;
export const quantile = (q: number, histogram: string, by = '') =>
  `histogram_quantile(${q}, sum by (le${by && `, ${by}`}) (${rate(`${histogram}_bucket`)}))`;

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const TYPES = {
  lines: 'timeseries',
  stacked: 'timeseries',
  number: 'stat',
  heat: 'heatmap',
  states: 'state-timeline',
  table: 'table',
} as const;

export function renderPanel(panel: Panel, id: number, gridPos: Place): object {
  const instant = panel.draw === 'table';
  return {
    id,
    type: TYPES[panel.draw],
    title: panel.title,
    description: panel.about,
    datasource: SOURCE,
    gridPos,
    targets: panel.queries.map(({ expr, legend, exemplars }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: SOURCE,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      range: !instant,
      instant,
      ...(instant && { format: 'table' }),
      ...(panel.draw === 'heat' && { format: 'heatmap' }),
      ...(exemplars && { exemplar: true }),
    })),
    ...(instant && {
      transformations: [{ id: 'organize', options: { excludeByName: { Time: true, __name__: true } } }],
    }),
    fieldConfig: { defaults: fieldsOf(panel), overrides: [] },
    options: optionsOf(panel),
  };
}

function fieldsOf({ draw, unit, steps, words, max, decimals, base = 'green' }: Panel): object {
  const coloured = steps !== undefined || words !== undefined;
  return {
    unit,
    min: draw === 'lines' || draw === 'stacked' ? 0 : undefined,
    max,
    decimals,
    color: { mode: coloured && draw !== 'lines' ? 'thresholds' : 'palette-classic' },
    thresholds: {
      mode: 'absolute',
      steps: [
        { color: coloured ? base : draw === 'number' ? GREY : 'green', value: null },
        ...(steps ?? []).map(([value, color]) => ({ color, value })),
      ],
    },
    mappings: words
      ? [
          {
            type: 'value',
            options: Object.fromEntries(
              Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
            ),
          },
        ]
      : [],
    custom: customOf(draw, steps !== undefined),
  };
}

function customOf(draw: Panel['draw'], limits: boolean): object {
  if (draw === 'states') return { fillOpacity: 80, lineWidth: 0 };
  if (draw !== 'lines' && draw !== 'stacked') return {};
  return {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    fillOpacity: draw === 'stacked' ? 40 : 8,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: draw === 'stacked' ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: limits ? 'dashed' : 'off' },
  };
}

function optionsOf({ draw, unit }: Panel): object {
  switch (draw) {
    case 'number':
      return {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'background',
        graphMode: 'area',
        justifyMode: 'auto',
        textMode: 'auto',
        orientation: 'auto',
      };
    case 'heat':
      return {
        calculate: false,
        yAxis: { unit, axisPlacement: 'left' },
        color: { mode: 'scheme', scheme: 'Oranges', steps: 64, reverse: false },
        cellGap: 1,
        exemplars: { color: 'rgba(255,0,255,0.7)' },
        tooltip: { mode: 'single', yHistogram: true, showColorScale: false },
        legend: { show: true },
        filterValues: { le: 1e-9 },
      };
    case 'states':
      return {
        showValue: 'never',
        mergeValues: true,
        rowHeight: 0.8,
        alignValue: 'left',
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'single', sort: 'none' },
      };
    case 'table':
      return { showHeader: true, cellHeight: 'sm' };
    default:
      return {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
  }
}
