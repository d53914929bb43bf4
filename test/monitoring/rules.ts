/** The rules as they are written: charts/trustmint/files/alerts.yaml. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

export const ROOT = resolve(import.meta.dirname, '../..');
export const RULES = 'charts/trustmint/files/alerts.yaml';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

const { groups } = parse(readFileSync(resolve(ROOT, RULES), 'utf8')) as {
  groups: { name: string; rules: (Alert | Recording)[] }[];
};
const rules = groups.flatMap((group) => group.rules);

export const ALERTS = rules.filter((rule) => 'alert' in rule);
export const RECORDINGS = rules.filter((rule) => 'record' in rule);
