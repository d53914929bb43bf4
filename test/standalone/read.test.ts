import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printProblem, readManifestFiles, readManifests, uidOf } from '../../src/standalone/index.ts';
import { policy, SEED_GITHUB, SEED_KUBERNETES, type TemporaryDirectory, temporaryDirectory } from './support.ts';

describe('readManifests', () => {
  let dir: TemporaryDirectory;
  beforeEach(() => {
    dir = temporaryDirectory();
  });
  afterEach(() => dir.remove());

  it('reads .yaml, .yml and .json in the order of names, several documents each', async () => {
    dir.write('b.yml', `${policy('b1')}---\n---\n${policy('b2')}`);
    dir.write('a.yaml', policy('a'));
    dir.write(
      'c.json',
      JSON.stringify({
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'ProtectedResource',
        metadata: { name: 'c' },
        spec: { audience: 'c' },
      }),
    );
    dir.write('notes.txt', 'not: [read');
    dir.write('sub/d.yaml', policy('d'));
    const { objects, problems } = await readManifests(dir.path);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      objects.map(({ resource, document }) => [resource.metadata.name, document]),
      [
        ['a', 1],
        ['b1', 1],
        ['b2', 3],
        ['c', 1],
      ],
    );
  });

  it('serves both published policies unchanged', async () => {
    dir.write('research.yaml', SEED_KUBERNETES);
    dir.write('ci.yaml', SEED_GITHUB);
    const { objects, problems } = await readManifests(dir.path);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      objects.map(({ resource }) => [resource.kind, resource.metadata.namespace, resource.metadata.name]),
      [
        ['ClusterTrustPolicy', undefined, 'ci'],
        ['TrustPolicy', 'ai-agents', 'research'],
      ],
    );
  });

  it('follows the links of a mounted ConfigMap and skips names with a leading dot', async () => {
    mkdirSync(join(dir.path, '..2026_01'));
    writeFileSync(join(dir.path, '..2026_01', 'p.yaml'), policy('p'));
    symlinkSync('..2026_01', join(dir.path, '..data'));
    symlinkSync('..data/p.yaml', join(dir.path, 'p.yaml'));
    dir.write('.draft.yaml', 'not: [read');
    const { objects, problems } = await readManifests(dir.path);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      objects.map(({ file }) => file),
      ['p.yaml'],
    );
  });

  it('ignores other API groups, and counts them', async () => {
    dir.write(
      'a.yaml',
      `apiVersion: v1\nkind: ConfigMap\n---\napiVersion: apps/v1\nkind: Deployment\n---\n${policy('a')}`,
    );
    const { objects, ignored, problems } = await readManifests(dir.path);
    assert.deepEqual([objects.length, ignored, problems.length], [1, 2, 0]);
  });

  it('reads the List that kubectl prints', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Secret' }] as unknown[] };
    list.items.push({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'ProtectedResource',
      metadata: { name: 'r' },
      spec: { audience: 'r', typo: 1 },
    });
    dir.write('l.json', JSON.stringify(list));
    const { ignored, problems } = await readManifests(dir.path);
    assert.equal(ignored, 1);
    assert.deepEqual(
      problems.map(({ path, code }) => [path, code]),
      [['items[1].spec.typo', 'unknown_field']],
    );
  });

  it('fills in the namespace, the uid and the defaults of the schema, and takes no other uid', async () => {
    dir.write('a.yaml', policy('a').replace('{name: a}', '{name: a, uid: "1", generation: 7, resourceVersion: "9"}'));
    const [object] = (await readManifests(dir.path)).objects;
    assert.deepEqual(object!.resource.metadata, {
      name: 'a',
      namespace: 'default',
      uid: uidOf('TrustPolicy', 'default', 'a'),
    });
    assert.equal((object!.resource.spec as { state: string }).state, 'Active');
  });

  it('names an object that stands twice, and where it stood first', async () => {
    dir.write('a.yaml', policy('x'));
    dir.write('b.yaml', `${policy('y')}---\n${policy('x').replace('{name: x}', '{name: x, namespace: default}')}`);
    const { problems } = await readManifests(dir.path);
    assert.deepEqual(
      problems.map(({ file, document, code }) => [file, document, code]),
      [['b.yaml', 2, 'duplicate_object']],
    );
    assert.match(problems[0]!.message, /TrustPolicy default\/x also stands in a\.yaml, line 1/);
  });

  it('takes objects of one name in two namespaces, or of two kinds, for two', async () => {
    dir.write(
      'a.yaml',
      `${policy('x')}---\n${policy('x').replace('{name: x}', '{name: x, namespace: other}')}---\n${policy('x').replace('TrustPolicy', 'ClusterTrustPolicy')}`,
    );
    const { objects, problems } = await readManifests(dir.path);
    assert.deepEqual(problems, []);
    assert.equal(new Set(objects.map(({ resource }) => resource.metadata.uid)).size, 3);
  });

  it('P24: a directory that is missing is a failed read, not an empty one', async () => {
    const { problems } = await readManifests(join(dir.path, 'gone'));
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['unreadable'],
    );
  });

  it('a link that leads nowhere is a failed read', async () => {
    symlinkSync('nowhere', join(dir.path, 'a.yaml'));
    assert.deepEqual(
      (await readManifests(dir.path)).problems.map(({ code, file }) => [code, file]),
      [['unreadable', 'a.yaml']],
    );
  });

  it('does not remember a file that could not be read, for nothing of it need change when it can be', async () => {
    symlinkSync('nowhere', join(dir.path, 'a.yaml'));
    dir.write('b.yaml', 'a: [');
    const cache = new Map();
    await readManifests(dir.path, cache);
    assert.deepEqual([...cache.keys()], ['b.yaml']);
  });

  it('a file over 1 MiB, or not UTF-8, is a failed read', async () => {
    dir.write('a.yaml', `# ${'x'.repeat(1024 * 1024)}`);
    dir.write('b.yaml', new Uint8Array([0x61, 0xff]));
    const { problems } = await readManifests(dir.path);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['too_large', 'bad_encoding'],
    );
  });

  it('more files than a directory may have are a failed read', async () => {
    dir.write('a.yaml', policy('a'));
    dir.write('b.yaml', policy('b'));
    const { objects, problems } = await readManifests(dir.path, new Map(), 1);
    assert.deepEqual([objects, problems.map(({ code }) => code)], [[], ['too_large']]);
    assert.equal((await readManifests(dir.path, new Map(), 2)).objects.length, 2);
  });

  it('reads files by name, as lint is given them', async () => {
    const file = dir.write('a.yaml', policy('a', '  typo: 1\n'));
    const { problems } = await readManifestFiles([file]);
    assert.deepEqual(problems.map(printProblem), [`${file}:12 spec.typo: unknown field "typo" [unknown_field]`]);
  });
});
