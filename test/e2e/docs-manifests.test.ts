import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { parse, parseAllDocuments } from 'yaml';
import { helmBinary } from '../chart/support.ts';
import { type Fence, parsePage } from '../docs/markdown.ts';
import { PAGES, ROOT, read } from '../docs/support.ts';
import { type Cluster, install, startCluster } from './cluster/index.ts';

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: { readonly serviceAccountName?: string };
}

/** Of others, whose CRDs are not here. */
const FOREIGN = ['kustomize.config.k8s.io', 'monitoring.coreos.com', 'cert-manager.io', 'spire.spiffe.io'];

/** Every whole manifest of a block. */
function manifestsOf({ text }: Fence): Manifest[] {
  const all = parseAllDocuments(text).map((one) => one.toJS() as Manifest | null);
  return all.filter((one): one is Manifest => one?.apiVersion !== undefined && one.kind !== undefined);
}

describe('Manifests in the docs, on a real API server', () => {
  let cluster: Cluster;
  before(async function () {
    this.timeout(300_000);
    cluster = await startCluster();
    await install(cluster);
  });
  after(async function () {
    this.timeout(60_000);
    await cluster?.stop();
  });

  for (const page of PAGES) {
    const found = parsePage(page)
      .fences.filter(({ language }) => language === 'yaml')
      .flatMap((fence) => manifestsOf(fence).map((manifest) => ({ manifest, line: fence.line })))
      .filter(({ manifest }) => !FOREIGN.includes(manifest.apiVersion!.split('/')[0]!))
      // The development issuer is standalone's alone.
      .filter(({ manifest }) => !JSON.stringify(manifest).includes('http://127.0.0.1'));
    if (found.length === 0) continue;
    it(`${page}: it takes every one`, async function () {
      this.timeout(60_000);
      for (const { manifest, line } of found) {
        const metadata = { ...manifest.metadata, ...(manifest.metadata?.namespace && { namespace: 'default' }) };
        const account = manifest.spec?.serviceAccountName;
        if (account !== undefined) await cluster.tryKubectl(['create', 'serviceaccount', account]);
        const input = JSON.stringify({ ...manifest, metadata });
        const { code, err } = await cluster.tryKubectl(['apply', '--dry-run=server', '-f', '-'], { input });
        assert.equal(code, 0, `${page}:${line}: ${err}`);
      }
    });
  }
});

describe('Values of the chart in the docs', () => {
  const known = Object.keys(parse(read('charts/trustmint/values.yaml')) as object);
  const found = PAGES.flatMap((page) => parsePage(page).fences)
    .filter(({ language }) => language === 'yaml')
    .filter(({ text }) => {
      const keys = Object.keys(parseAllDocuments(text)[0]?.toJS() ?? {});
      return keys.length > 0 && keys.every((key) => known.includes(key));
    });

  it('are ones that it takes', () => {
    assert.ok(found.length > 1);
    const helm = helmBinary('helm') ?? assert.fail('bin/helm/helm is missing: run `make helm-assets`');
    for (const { page, line, text } of found) {
      const args = ['template', 'trustmint', 'charts/trustmint', '--values', '-'];
      const { status, stderr } = spawnSync(helm, args, { input: text, cwd: ROOT, encoding: 'utf8' });
      assert.equal(status, 0, `${page}:${line}: ${stderr}`);
    }
  });
});
