/** Numbers as Prometheus reads them: the text format 0.0.4, and OpenMetrics 1.0, which has exemplars, from the same numbers. */
import type { Registry } from 'prom-client';

export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** A request that an observation was made of. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly at: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Sample[];
}

export interface Sample {
  /** Absent: the family's. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
  readonly exemplar?: Exemplar | null;
}

/**
 * The format that an Accept header prefers: OpenMetrics where it is named without a version or with 1.0.0, and no less
 * than plain text; else text.
 */
export function formatFor(accept: string | undefined): Format {
  let open = 0;
  let text = 0;
  for (const part of (accept ?? '').slice(0, 2_000).split(',')) {
    const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase());
    const of = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = Number(of('q') ?? 1);
    const version = of('version');
    if (!(quality > 0)) continue;
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0'))
      open = Math.max(open, quality);
    else if (type === 'text/plain' || type === 'text/*') text = Math.max(text, quality);
  }
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}

/** Everything in a registry. */
export async function render(registry: Registry, format: Format): Promise<string> {
  const families = (await registry.getMetricsAsJSON()) as unknown as Family[];
  const blocks = families.map((family) => block(family, format));
  return format === 'openmetrics' ? `${blocks.join('\n')}\n# EOF\n` : `${blocks.join('\n\n')}\n`;
}

function block({ name, help, type, values }: Family, format: Format): string {
  const isOpen = format === 'openmetrics';
  // OpenMetrics: the family of a counter is called without `_total`, its sample with it.
  const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
  const plain = isOpen && type === 'counter' ? `${family}_total` : name;
  const lines = [`# HELP ${family} ${escaped(help, isOpen)}`, `# TYPE ${family} ${type}`];
  for (const { metricName = plain, labels, value, exemplar } of values) {
    const line = `${metricName}${labelSet(labels, isOpen)} ${number(value)}`;
    lines.push(isOpen && exemplar ? `${line} # ${exemplarText(exemplar)}` : line);
  }
  return lines.join('\n');
}

function exemplarText({ labels, value, at }: Exemplar): string {
  return `${labelSet(labels, true)} ${number(value)} ${at.toFixed(3)}`;
}

function labelSet(labels: Sample['labels'], isOpen: boolean): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined) continue;
    pairs.push(`${name}="${typeof value === 'number' ? bound(value, isOpen) : escaped(value, true)}"`);
  }
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** OpenMetrics writes bounds of buckets as floats. */
function bound(value: number, isOpen: boolean): string {
  const text = number(value);
  return isOpen && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** As Go writes it: two digits of exponent. */
function number(value: number): string {
  if (Number.isFinite(value)) return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string, quotes: boolean): string {
  const escapedText = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? escapedText.replaceAll('"', '\\"') : escapedText;
}
