import assert from 'node:assert/strict';
import { join } from 'node:path';
import { binary } from '../e2e/cluster/index.ts';
import { runKubectl } from '../e2e/cluster/kubectl.ts';
import { describeChart, type Manifest, named, parse, ROOT, render } from './support.ts';

/** What the chart's objects have and config/'s do not, or the other way round. All else is equal. */
const DIFFERENCES = {
  /** Of Helm: hooks, which are there only for a moment, and the network policy of their Pods. */
  onlyInTheChart: /-uninstall(-served)?$|-helm-test$|^NetworkPolicy .*-hooks$/,
  /** Helm makes the namespace itself, without labels. */
  onlyInConfig: /^Namespace \/trustmint-system$/,
  labels: /^(helm\.sh\/|app\.kubernetes\.io\/(name|instance|version|managed-by)$)/,
  annotations: /^helm\.sh\/resource-policy$/,
};

async function kustomized(folder: string): Promise<Manifest[]> {
  const { code, out, err } = await runKubectl(binary('kubectl'), '/nonexistent', ['kustomize', join(ROOT, folder)], {
    kubeconfig: '/nonexistent',
  });
  assert.equal(code, 0, err);
  return parse(out);
}

function without(all: Readonly<Record<string, string>> | undefined, names: RegExp) {
  const left = Object.entries(all ?? {}).filter(([name]) => !names.test(name));
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** The object, less the differences that are allowed; comments in CEL's text as they are. */
function comparable({ metadata, ...rest }: Manifest): unknown {
  const { labels, annotations, ...more } = metadata;
  return JSON.parse(
    JSON.stringify({
      ...rest,
      metadata: {
        ...more,
        labels: without(labels, DIFFERENCES.labels),
        annotations: without(annotations, DIFFERENCES.annotations),
      },
    }),
    (_, value) => (typeof value === 'string' ? value.replaceAll(/\s+/g, ' ').trim() : value),
  );
}

/** RBAC is a set: in which rule a right stands means nothing. */
function spread(one: Manifest): Manifest {
  if (!one.rules) return one;
  const rules = (one.rules as Record<string, string[]>[]).flatMap(
    ({ apiGroups = [], resources = [], verbs = [], resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => (resourceNames ?? ['']).map((name) => [group, resource, name, verb].join(' | '))),
        ),
      ),
  );
  return { ...one, rules: rules.toSorted() };
}

function compare(chart: readonly Manifest[], config: readonly Manifest[]): void {
  const ofChart = new Map(chart.map((one) => [named(one), one]));
  const ofConfig = new Map(config.map((one) => [named(one), one]));
  const alone = (one: ReadonlyMap<string, Manifest>, other: ReadonlyMap<string, Manifest>, allowed: RegExp) =>
    [...one.keys()].filter((name) => !other.has(name) && !allowed.test(name));
  assert.deepEqual(alone(ofChart, ofConfig, DIFFERENCES.onlyInTheChart), [], 'only in the chart');
  assert.deepEqual(alone(ofConfig, ofChart, DIFFERENCES.onlyInConfig), [], 'only in config/');
  for (const [name, one] of ofConfig) {
    const other = ofChart.get(name);
    if (other) assert.deepEqual(comparable(spread(other)), comparable(spread(one)), name);
  }
}

describeChart('config/', () => {
  it('has the objects that the chart has by default', async () => {
    compare(await render(), await kustomized('config/default'));
  });

  it('has the monitoring that the chart has', async () => {
    const enabled = ['serviceMonitor', 'prometheusRule', 'grafanaDashboard'];
    const flags = enabled.map((name) => `--set=metrics.${name}.enabled=true`);
    const usual = new Set((await render()).map(named));
    const more = (await render(flags)).filter((one) => !usual.has(named(one)));
    assert.equal(more.length, enabled.length);
    compare(more, await kustomized('config/prometheus'));
  });
});
