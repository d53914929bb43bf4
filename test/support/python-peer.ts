/** A Python library as a peer, installed from PyPI on the first run: another library's word on our tokens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface PythonPeer {
  /** What the folder of its packages is called. */
  readonly name: string;
  /** Exact versions, dependencies too. */
  readonly packages: readonly string[];
  /** In this folder: reads one JSON request, writes one JSON answer; its argument is the folder of its packages. */
  readonly script: string;
}

const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');

function python(args: readonly string[], input = '') {
  const result = spawnSync('python3', args, { input, encoding: 'utf8', timeout: 120_000 });
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

/** The folder that holds its packages; undefined where they cannot be installed. */
export function install({ name, packages }: PythonPeer): string | undefined {
  const tag = python(['-c', 'import sys; print(sys.implementation.cache_tag)']);
  if (!tag.ok) return undefined;
  const folder = join(CACHE, `${name}-${tag.stdout.trim()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, `${name}-`));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target'];
  const installed = python([...pip, fresh, ...packages]).ok;
  // Another run may have been quicker.
  if (installed && !existsSync(folder)) renameSync(fresh, folder);
  else rmSync(fresh, { recursive: true });
  return installed ? folder : undefined;
}

/** Asks the peer one question of its script. */
export type AskPeer = <Answer>(request: object) => Answer;

/** For `before`: how to ask, or the test is skipped, loudly; on CI it fails instead. */
export function pythonPeer(test: Mocha.Context, peer: PythonPeer): AskPeer {
  test.timeout(150_000);
  const folder = install(peer);
  if (folder === undefined) {
    const message = `NOT RUN: ${peer.name} cannot be installed (python3, pip and PyPI are needed)`;
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(`      ${message}`);
    test.skip();
  }
  return (request) => {
    const { ok, stdout, stderr } = python([join(import.meta.dirname, peer.script), folder], JSON.stringify(request));
    assert.ok(ok, stderr);
    return JSON.parse(stdout);
  };
}
