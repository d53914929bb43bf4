import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chainValues, sameSignature } from '../../src/macaroon/chain.ts';
import { attenuateMacaroon, decodeMacaroon, encodeIdentifier } from '../../src/macaroon/index.ts';
import { BOUNDS, IDENTIFIER, mint, ROOT_KEY, reasonOf } from './support.ts';

const PACKAGES = ['pymacaroons==0.13.0', 'PyNaCl==1.5.0', 'six==1.16.0'];
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');
const PEER = join(import.meta.dirname, 'pymacaroons_peer.py');

function python(args: readonly string[], input = '') {
  const result = spawnSync('python3', args, { input, encoding: 'utf8', timeout: 120_000 });
  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

/** The folder that holds pymacaroons, installed from PyPI on the first run; undefined where that cannot be done. */
function install(): string | undefined {
  const tag = python(['-c', 'import sys; print(sys.implementation.cache_tag)']);
  if (!tag.ok) return undefined;
  const folder = join(CACHE, `pymacaroons-0.13.0-${tag.stdout.trim()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'pymacaroons-'));
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '--target',
    fresh,
  ];
  const installed = python([...pip, ...PACKAGES]).ok;
  // Another run may have been quicker.
  if (installed && !existsSync(folder)) renameSync(fresh, folder);
  else rmSync(fresh, { recursive: true });
  return installed ? folder : undefined;
}

describe('pymacaroons', () => {
  let folder: string;

  before(function () {
    this.timeout(150_000);
    const found = install();
    if (found) {
      folder = found;
      return;
    }
    const message = 'NOT RUN: pymacaroons cannot be installed (python3, pip and PyPI are needed)';
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(`      ${message}`);
    this.skip();
  });

  function ask<Answer>(request: object): Answer {
    const { ok, stdout, stderr } = python([PEER, folder], JSON.stringify(request));
    assert.ok(ok, stderr);
    return JSON.parse(stdout);
  }

  it('verifies what we mint and what we attenuate, given the key, and nothing with another key', () => {
    const more = ['scope in a,b', 'budget_credits <= 1000', 'department = research', 'label = ci-7'];
    const token = attenuateMacaroon(mint(more, { location: 'https://mint.example' }), ['tool = x', 'note = y']);
    const right = { do: 'verify', token, key: Buffer.from(ROOT_KEY).toString('hex') };
    assert.deepEqual(ask(right), {
      verified: true,
      identifier: encodeIdentifier({ ...IDENTIFIER, n: 7 }).toString(),
      caveats: [...BOUNDS, ...more, 'tool = x', 'note = y'],
    });
    assert.equal(ask<{ verified: boolean }>({ ...right, key: '00'.repeat(32) }).verified, false);
  });

  it('mints macaroons that we decode and verify, in every form it writes', () => {
    const identifier = encodeIdentifier({ ...IDENTIFIER, n: 4 }).toString();
    const caveats = [...BOUNDS, 'department = research', 'scope = a'];
    const request = { do: 'mint', key: Buffer.from(ROOT_KEY).toString('hex'), identifier, caveats };
    const forms = ask<Record<string, string>>(request);
    assert.deepEqual(Object.keys(forms).sort(), ['v1', 'v1-json', 'v2', 'v2-json']);
    for (const [format, token] of Object.entries(forms)) {
      const raw = decodeMacaroon(token);
      assert.equal(raw.format, format);
      const ids = raw.caveats.map((caveat) => caveat.id);
      assert.ok(sameSignature(chainValues(ROOT_KEY, raw.identifier, ids).at(-1)!, raw.signature));
      assert.equal(reasonOf(token, { scope: 'a' }), 'verified');
      assert.equal(reasonOf(token, { scope: 'b' }), 'caveat');
    }
  });
});
