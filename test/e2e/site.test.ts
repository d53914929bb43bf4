import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('make docs', () => {
  it('builds the site: every page, search, the version; every link and anchor leads somewhere, and nobody else is asked', async function () {
    this.timeout(300_000);
    // All of the environment: it may say by which registry, and which authority, npm installs. The dependencies of the
    // tests are not to be installed anew while they run.
    const env = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]));
    const args = ['--old-file=node_modules/.package-lock.json', 'docs'];
    const { code, out, err } = await runToEnd('make', args, ROOT, env);
    assert.equal(code, 0, `${out}${err}`);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const first = readFileSync(join(ROOT, 'site/dist/index.html'), 'utf8');
    assert.ok(first.includes(`Trustmint ${version}`));
    for (const page of ['policies', 'kubernetes', 'reference/flags', 'examples/agents']) {
      assert.ok(existsSync(join(ROOT, 'site/dist', page, 'index.html')), page);
      assert.ok(first.includes(`href="/${page}/"`), `${page} is in the navigation`);
    }
  });
});
