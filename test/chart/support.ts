/** The Helm chart as Helm renders it. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

export const ROOT = resolve(import.meta.dirname, '../..');
export const CHART = join(ROOT, 'charts/trustmint');
export const NAMESPACE = 'trustmint-system';

/** Names of the values that CI renders, as `default`. */
export const CI = readdirSync(join(CHART, 'ci')).map((file) => file.replace(/-values\.yaml$/, ''));

export type Helm = 'helm' | 'helm3';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own
  readonly [more: string]: any;
}

/** Where `make helm-assets` puts its programs, or HELM_ASSETS has them. */
export function helmBinary(name: Helm | 'kubeconform' | 'crds'): string | undefined {
  const folders = [process.env.HELM_ASSETS, join(ROOT, 'bin/helm')].filter((folder) => folder);
  return folders.map((folder) => join(folder!, name)).find((path) => existsSync(path));
}

/**
 * Declares tests of the chart, where Helm is. Elsewhere none: the end-to-end suite, which runs these files too, fails
 * without Helm.
 */
export function describeChart(title: string, tests: () => void): void {
  if (helmBinary('helm') && helmBinary('helm3')) describe(title, tests);
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs Helm to its end, whatever that is, with none of the caller's settings. */
export async function helm(args: readonly string[], which: Helm = 'helm'): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', HELM_PLUGINS: '/nonexistent' };
  try {
    const { stdout, stderr } = await promisify(execFile)(helmBinary(which)!, args, { env, maxBuffer: 1 << 26 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

export const valuesFile = (name: string) => join(CHART, `ci/${name}-values.yaml`);

export function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

const rendered = new Map<string, Promise<Manifest[]>>();

/**
 * What the chart makes of the release `trustmint` in `trustmint-system`.
 *
 * @param flags of `helm template`, as `--set=…`
 * @throws Error with what Helm said
 */
export function render(
  flags: readonly string[] = [],
  which: Helm = 'helm',
  release = 'trustmint',
): Promise<Manifest[]> {
  const args = ['template', release, CHART, `--namespace=${NAMESPACE}`, ...flags];
  const key = [which, ...args].join(' ');
  const known = rendered.get(key);
  if (known) return known;
  const rendering = helm(args, which).then(({ code, out, err }) => {
    if (code !== 0) throw new Error(err);
    return parse(out);
  });
  rendered.set(key, rendering);
  return rendering;
}

/** @param name of the values that CI renders */
export const renderCi = (name: string, which?: Helm) => render([`--values=${valuesFile(name)}`], which);

export const named = ({ kind, metadata: { namespace = '', name } }: Manifest) => `${kind} ${namespace}/${name}`;

/** The one object of a kind and name. */
export function find(manifests: readonly Manifest[], kind: string, name: string, namespace?: string): Manifest {
  const found = manifests.filter(
    (one) => one.kind === kind && one.metadata.name === name && (!namespace || one.metadata.namespace === namespace),
  );
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}; there are ${manifests.map(named)}`);
  return found[0]!;
}

export interface PodTemplate {
  readonly of: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a PodSpec
  readonly spec: any;
}

/** Every Pod that comes of the manifests, by whatever kind. */
export function podsOf(manifests: readonly Manifest[]): PodTemplate[] {
  return manifests.flatMap((of) => {
    if (of.kind === 'Pod') return [{ of, labels: of.metadata.labels ?? {}, spec: of.spec }];
    const template = of.spec?.template;
    return template?.spec?.containers ? [{ of, labels: template.metadata.labels, spec: template.spec }] : [];
  });
}
