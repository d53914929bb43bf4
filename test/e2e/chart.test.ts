/** The chart and config/ against a real API server: what it says of every object, in a namespace that enforces `restricted`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { parse } from 'yaml';
import { at, valuesOf } from '../../hack/chart/index.ts';
import { LOCATION, schemasOf } from '../chart/schemas.ts';
import {
  CHART,
  CI,
  helmBinary,
  type Manifest,
  NAMESPACE,
  podsOf,
  ROOT,
  render,
  renderCi,
  valuesFile,
} from '../chart/support.ts';
import { type Cluster, startCluster } from './cluster/index.ts';
import '../chart/config.test.ts';
import '../chart/objects.test.ts';
import '../chart/pods.test.ts';
import '../chart/rendering.test.ts';
import '../chart/rights.test.ts';
import '../chart/values.test.ts';

const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const isAccount = ({ kind }: Manifest) => kind === 'ServiceAccount';
const json = (manifests: readonly object[]) => manifests.map((one) => JSON.stringify(one)).join('\n---\n');

describe('The chart on a real API server', () => {
  let cluster: Cluster;
  let schemas: string;

  before(async () => {
    for (const name of ['helm', 'helm3', 'kubeconform', 'crds'] as const) {
      assert.ok(helmBinary(name), `${name} is not there: run \`make helm-assets\``);
    }
    cluster = await startCluster();
    for (const folder of [join(ROOT, 'crds'), helmBinary('crds')!]) {
      await cluster.kubectl(['apply', '--server-side', '-f', folder]);
      await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', folder]);
    }
    const made: object[] = [NAMESPACE, 'team-a', 'team-b', 'agents'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: RESTRICTED },
    }));
    const accounts = (await Promise.all(CI.map((name) => renderCi(name)))).flat().filter(isAccount);
    for (const name of new Set(['default', ...accounts.map(({ metadata }) => metadata.name)]))
      made.push({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } });
    await cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: json(made) });
    schemas = join(cluster.dir, 'schemas');
    await mkdir(schemas);
    const openapi = JSON.parse(await cluster.kubectl(['get', '--raw', '/openapi/v2']));
    for (const [name, text] of schemasOf(openapi)) await writeFile(join(schemas, name), text);
  });
  after(() => cluster?.stop());

  /** What the API server would say to it. */
  const tried = (args: string[], input = '') => cluster.tryKubectl([...args, '--dry-run=server'], { input });
  const applied = (...from: [file: string, what: string, input?: string]) =>
    tried(['apply', '--server-side', '--force-conflicts', from[0], from[1]], from[2]);

  /** @returns what kubeconform has against it */
  async function wrong(name: string, manifests: readonly object[]): Promise<string[]> {
    const file = join(cluster.dir, `${name}.yaml`);
    await writeFile(file, json(manifests));
    const args = ['-strict', '-output=json', '-verbose', `-schema-location=${schemas}/${LOCATION}`, file];
    const { stdout } = await promisify(execFile)(helmBinary('kubeconform')!, args).catch((error) => error);
    const { resources } = JSON.parse(stdout) as { resources: { kind: string; status: string; msg: string }[] };
    assert.equal(resources.length, manifests.length);
    return resources
      .filter(({ status }) => status !== 'statusValid')
      .map(({ kind, status, msg }) => `${kind}: ${status} ${msg}`);
  }

  for (const name of CI) {
    it(`${name}: kubeconform finds nothing against the schemas of the API server`, async () => {
      assert.deepEqual(await wrong(name, await renderCi(name)), []);
    });

    it(`${name}: the API server takes every object, without a warning`, async () => {
      const { code, out, err } = await applied('-f', '-', json(await renderCi(name)));
      assert.equal(code, 0, err);
      assert.equal(err, '');
      assert.equal(out.trim().split('\n').length, (await renderCi(name)).length);
    });

    it(`${name}: its Pods are let into a namespace that enforces "restricted"`, async () => {
      for (const { of, labels, spec } of podsOf(await renderCi(name))) {
        const { serviceAccountName: _, ...rest } = spec;
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `of-${of.metadata.name}`, namespace: NAMESPACE, labels },
          spec: rest,
        };
        const { code, err } = await tried(['create', '-f', '-'], json([pod]));
        assert.equal(code, 0, err);
        const careless = { ...pod, spec: { ...rest, securityContext: {} } };
        assert.match((await tried(['create', '-f', '-'], json([careless]))).err, /violates PodSecurity "restricted/);
      }
    });
  }

  it('kubeconform and the API server would tell: a field that there is not, a type that is wrong', async () => {
    const [service] = (await renderCi('default')).filter(({ kind }) => kind === 'Service') as [Manifest];
    for (const [change, sentence] of [
      [{ selectors: {} }, /selectors/],
      [{ ports: 'mint' }, /ports/],
    ] as const) {
      const broken = { ...service, spec: { ...service.spec, ...change } };
      const [problem = ''] = await wrong('broken', [broken]);
      assert.match(problem, sentence);
      assert.match((await applied('-f', '-', json([broken]))).err, sentence);
    }
  });

  it('each value changes what is made, in some file that CI renders', async () => {
    const files = await Promise.all(
      CI.map(async (name) => ({ name, values: parse(await readFile(valuesFile(name), 'utf8')) as object })),
    );
    /** What that file makes when it does not say this value; nothing where that is refused. */
    async function without(values: object, path: string): Promise<Manifest[]> {
      const less = structuredClone(values) as Record<string, unknown>;
      const above = path.split('.');
      const last = above.pop()!;
      delete (above.length > 0 ? (at(less, above.join('.')) as Record<string, unknown>) : less)[last];
      const file = join(cluster.dir, `without-${path}.json`);
      await writeFile(file, JSON.stringify(less));
      return await render([`--values=${file}`]).catch(() => []);
    }
    const idle: string[] = [];
    for (const { path, value } of valuesOf(await readFile(join(CHART, 'values.yaml'), 'utf8'))) {
      const saying = files.filter(
        ({ values }) => at(values, path) !== undefined && !isDeepStrictEqual(at(values, path), value),
      );
      let matters = false;
      for (const { name, values } of saying)
        matters ||= !isDeepStrictEqual(await without(values, path), await renderCi(name));
      if (!matters) idle.push(path);
    }
    assert.deepEqual(idle, []);
  });

  for (const folder of readdirSync(join(ROOT, 'config'))) {
    it(`config/${folder}: the API server takes every object, without a warning`, async () => {
      const { code, err } = await applied('-k', join(ROOT, 'config', folder));
      assert.equal(code, 0, err);
      assert.equal(err, '');
    });
  }
});
