import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

describe('make', () => {
  const home = mkdtempSync(join(tmpdir(), 'trustmint-make-'));
  const clone = join(home, 'clone');
  after(() => rmSync(home, { recursive: true, force: true }));

  /** A program that says by which node it would be run. */
  const program = (path: string, text: string) => {
    mkdirSync(resolve(path, '..'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };

  it('installs by the machine’s node, also where ours is installed: its npm has the settings of the machine', () => {
    for (const path of ['', 'site/']) {
      mkdirSync(join(clone, path, 'node_modules'), { recursive: true });
      for (const name of ['package.json', 'package-lock.json']) cpSync(join(ROOT, path, name), join(clone, path, name));
    }
    cpSync(join(ROOT, 'Makefile'), join(clone, 'Makefile'));
    program(join(home, 'bin/npm'), 'command -v node');
    program(join(home, 'bin/node'), 'exit 1');
    program(join(clone, 'node_modules/.bin/node'), 'exit 1');
    const targets = ['node_modules/.package-lock.json', 'site/node_modules/.package-lock.json'];
    const env = { PATH: [join(home, 'bin'), '/usr/bin', '/bin'].join(delimiter), HOME: home };
    const out = execFileSync('make', ['--no-print-directory', ...targets], { cwd: clone, env, encoding: 'utf8' });
    assert.deepEqual(out.trim().split('\n'), [join(home, 'bin/node'), join(home, 'bin/node')]);
  });
});
