import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const SCRIPT = resolve(import.meta.dirname, '../../hack/check-structure.ts');

describe('the structure check', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'trustmint-structure-'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** What it says of a tree that has this one file. */
  function complaint(path: string, text: string): string {
    const tree = mkdtempSync(join(root, 'tree-'));
    for (const dir of ['src', 'test', 'hack', 'bench', dirname(path)]) mkdirSync(join(tree, dir), { recursive: true });
    writeFileSync(join(tree, path), text);
    return spawnSync(process.execPath, [SCRIPT], { cwd: tree, encoding: 'utf8' }).stderr;
  }

  it('lets through the arrows that are the architecture’s', () => {
    assert.equal(
      complaint('src/policy/match.ts', `import { evaluate } from '../caveat/index.ts';\nimport '../clock.ts';`),
      '',
    );
  });

  for (const [how, text] of [
    ['an import', `import { exchange } from '../exchange/index.ts';`],
    ['an import of several lines', `import {\n  exchange,\n} from '../exchange/index.ts';`],
    ['an import of a type', `import type { ExchangeRequest } from '../exchange/index.ts';`],
    ['an import for its effects', `import '../exchange/index.ts';`],
    ['an import() as it runs', `const { exchange } = await import('../exchange/index.ts');`],
    ['an import() of several lines', `await import(\n  '../exchange/index.ts',\n);`],
    ['an import() of a type', `type R = import('../exchange/index.ts').ExchangeRequest;`],
    ['an export from', `export { exchange } from '../exchange/index.ts';`],
    ['an export of all', `export * from '../exchange/index.ts';`],
    ['an export of all under a name', `export * as engine from '../exchange/index.ts';`],
    ['a require', `import engine = require('../exchange/index.ts');`],
  ] as const) {
    it(`refuses an arrow that is not the architecture's, drawn by ${how}`, () => {
      assert.equal(complaint('src/policy/match.ts', text), 'src/policy/match.ts: policy must not import exchange\n');
    });
  }

  for (const [what, path, text, said] of [
    ['a leaf in caveat, jws and api', 'src/caveat/a.ts', `import '../clock.ts';`, /caveat must not import clock/],
    ['another file than the front door', 'src/policy/a.ts', `import '../caveat/values.ts';`, /enters caveat\/ by/],
    ['the door of an inner room', 'src/exchange/a.ts', `import '../proof/keys/index.ts';`, /enters proof\/ by/],
    ['what is outside src', 'src/policy/a.ts', `import '../../test/x.ts';`, /outside src/],
    ['express outside the server', 'src/exchange/a.ts', `import express from 'express';`, /only server may import/],
    ['a part of a library', 'src/proof/a.ts', `import 'jose/jwt/verify';`, /may import jose/],
    ['what only running it would tell', 'src/policy/a.ts', 'await import(name);', /imports name/],
    ['createRequire', 'src/policy/a.ts', `import { createRequire } from 'node:module';`, /nothing may import/],
    ['a directory without arrows', 'src/extra/a.ts', `import '../clock.ts';`, /has no arrows/],
    ['251 lines', 'test/a.test.ts', '\n'.repeat(251), /251 lines; at most 250/],
  ] as const) {
    it(`refuses ${what}`, () => assert.match(complaint(path, text), said));
  }
});
