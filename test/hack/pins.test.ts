import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const LOCKS = ['.', 'site', 'hack/image/runtime', 'hack/image/stand-in'];
const MODULES = ['kube', 'kube/etcd', 'helm', 'helm/v3', 'helm/crds', 'prometheus', 'spire'];

describe('What is fetched from elsewhere', () => {
  for (const folder of LOCKS) {
    it(`npm, ${folder}: dependencies are asked for by exact versions`, () => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(join(folder, 'package.json')));
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
        assert.match(String(version), /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    });
  }

  for (const folder of MODULES) {
    it(`Go, hack/${folder}: by checksums, and nothing replaced by a folder of the machine`, () => {
      assert.ok(read(`hack/${folder}/go.sum`).length > 0);
      assert.doesNotMatch(read(`hack/${folder}/go.mod`), /=>\s*(\.|\/)/);
    });
  }

  it('test vectors: by whole commits, for GitHub gives no other by its id', () => {
    const clones = [...read('hack/fetch-vectors.sh').matchAll(/^clone (\S+) (\S+)$/gm)];
    assert.equal(clones.length, 2);
    for (const [, repository, commit] of clones) assert.match(commit!, /^[0-9a-f]{40}$/, repository);
  });

  it('no file names a registry, proxy or mirror of somebody’s own', () => {
    const words = ['GOPROXY=', 'GONOSUMDB', 'GONOSUMCHECK', 'GOFLAGS=-insecure', 'GOINSECURE', 'strict-ssl=false'];
    const found = spawnSync('git', ['grep', '-lF', ...words.flatMap((one) => ['-e', one]), '--', ':!test/hack'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.deepEqual([found.status, found.stdout], [1, '']);
  });
});
