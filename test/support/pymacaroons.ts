/** pymacaroons, installed from PyPI on the first run: another library's word on our tokens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PACKAGES = ['pymacaroons==0.13.0', 'PyNaCl==1.5.0', 'six==1.16.0'];
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');
const PEER = join(import.meta.dirname, 'pymacaroons_peer.py');

function python(args: readonly string[], input = '') {
  const result = spawnSync('python3', args, { input, encoding: 'utf8', timeout: 120_000 });
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

/** The folder that holds it; undefined where it cannot be installed. */
export function install(): string | undefined {
  const tag = python(['-c', 'import sys; print(sys.implementation.cache_tag)']);
  if (!tag.ok) return undefined;
  const folder = join(CACHE, `pymacaroons-0.13.0-${tag.stdout.trim()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'pymacaroons-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target'];
  const installed = python([...pip, fresh, ...PACKAGES]).ok;
  // Another run may have been quicker.
  if (installed && !existsSync(folder)) renameSync(fresh, folder);
  else rmSync(fresh, { recursive: true });
  return installed ? folder : undefined;
}

/** Asks pymacaroons one question of `pymacaroons_peer.py`. */
export type AskPymacaroons = <Answer>(request: object) => Answer;

/** For `before`: how to ask, or the test is skipped, loudly; on CI it fails instead. */
export function pymacaroons(test: Mocha.Context): AskPymacaroons {
  test.timeout(150_000);
  const folder = install();
  if (folder === undefined) {
    const message = 'NOT RUN: pymacaroons cannot be installed (python3, pip and PyPI are needed)';
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(`      ${message}`);
    test.skip();
  }
  return (request) => {
    const { ok, stdout, stderr } = python([PEER, folder], JSON.stringify(request));
    assert.ok(ok, stderr);
    return JSON.parse(stdout);
  };
}
