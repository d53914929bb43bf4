import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { missingLines } from './looks.ts';
import { RUN_BY } from './make.ts';
import { type Fence, parseConsole, parsePage } from './markdown.ts';
import { MOST, NOT_RUN } from './not-run.ts';
import { PAGES, ROOT, read } from './support.ts';
import { CLUSTER_WORLDS, WORLDS } from './world/index.ts';

const COMMANDS = ['sh', 'console'];
/** Worlds of a test of their own: test/e2e/disaster.test.ts. */
const ELSEWHERE = ['disaster'];
const OTHERS = ['text', 'yaml', 'json', 'js', 'ts', 'python', 'go', 'dockerfile', 'promql', 'http'];

const pages = PAGES.map((path) => ({ path, ...parsePage(path) }));
const fences = pages.flatMap((page) => page.fences);
const of = (...languages: string[]) => fences.filter(({ language }) => languages.includes(language));
const where = ({ page, line }: Fence) => `${page}:${line}`;

/** What a checker says to a text on its standard input. */
function said(command: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', cwd: ROOT });
  return status === 0 ? '' : `${error ?? ''}${stdout}${stderr}`;
}

/** The commands of a block, without what they print. */
const commandsOf = (fence: Fence) =>
  fence.language === 'console' ? parseConsole(fence).map(({ command }) => command) : [fence.text];

describe('Code blocks in the docs', () => {
  it('every page fences them, and its markers are known ones', () => {
    assert.deepEqual(
      pages.flatMap(({ problems }) => problems),
      [],
    );
  });

  it('each says its language', () => {
    for (const fence of fences) {
      assert.ok([...COMMANDS, ...OTHERS].includes(fence.language), `${where(fence)}: "${fence.language}"`);
    }
  });

  it('each block of commands says where a test runs it, or why none does', () => {
    const kinds = new Set([...Object.keys(WORLDS), ...Object.keys(CLUSTER_WORLDS), 'make', ...ELSEWHERE]);
    for (const fence of of(...COMMANDS)) {
      const { marker } = fence;
      assert.ok(
        marker && marker.does !== 'output',
        `${where(fence)}: put <!-- run: WORLD --> above it (CONTRIBUTING.md)`,
      );
      if (marker.does === 'run') assert.ok(kinds.has(marker.world), `${where(fence)}: no world "${marker.world}"`);
      if (marker.does === 'not run')
        assert.ok(Object.hasOwn(NOT_RUN, marker.reason), `${where(fence)}: ${marker.reason}`);
    }
    assert.ok(fences.filter(({ marker }) => marker?.does === 'not run').length <= MOST);
  });

  it('what is shown as output stands behind what prints it', () => {
    for (const { path, fences: own } of pages) {
      for (const [i, { marker, line }] of own.entries()) {
        if (marker?.does !== 'output' || marker.of) continue;
        assert.ok(
          own.slice(0, i).some((one) => one.marker?.does === 'run'),
          `${path}:${line}`,
        );
      }
    }
  });

  for (const fence of fences) {
    const { marker } = fence;
    if (marker?.does !== 'output' || marker.of === undefined) continue;
    it(`${where(fence)}: as ${marker.of} prints it`, function () {
      this.timeout(60_000);
      const [command = '', ...args] = marker.of!.split(' ');
      const { stdout } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
      assert.deepEqual(missingLines(fence.text, stdout), [], stdout);
    });
  }

  it('commands are bash', () => {
    for (const fence of of(...COMMANDS)) {
      for (const command of commandsOf(fence)) assert.equal(said('bash', ['-n'], command), '', where(fence));
    }
  });

  it('JSON is JSON', () => {
    for (const fence of of('json')) assert.doesNotThrow(() => JSON.parse(fence.text), where(fence));
  });

  it('Python compiles', () => {
    const check = 'import ast, json, sys\nfor name, text in json.load(sys.stdin): ast.parse(text, name)';
    const texts = of('python').map((fence) => [where(fence), fence.text]);
    assert.ok(texts.length > 0);
    assert.equal(said('python3', ['-c', check], JSON.stringify(texts)), '');
  });

  it('JavaScript and TypeScript compile', () => {
    for (const fence of of('js', 'ts')) {
      const text = fence.language === 'ts' ? stripTypeScriptTypes(fence.text, { mode: 'transform' }) : fence.text;
      assert.equal(said(process.execPath, ['--check', '--input-type=module', '-'], text), '', where(fence));
    }
  });

  it('Go compiles as far as gofmt looks', () => {
    const blocks = of('go');
    if (blocks.length === 0) return;
    for (const fence of blocks) assert.equal(said('gofmt', ['-e', '-l'], fence.text), '', where(fence));
  });

  it('what make is told to do is a target, and something that CI runs does it', () => {
    const makefile = read('Makefile');
    const lines = fences
      .filter(
        ({ marker: m }) =>
          (m?.does === 'run' && m.world === 'make') || (m?.does === 'not run' && m.reason === 'minutes'),
      )
      .flatMap((fence) =>
        fence.text
          .trimEnd()
          .split('\n')
          .map((line) => ({ line, fence, at: where(fence) })),
      );
    assert.ok(lines.length > 3);
    for (const { line, at, fence } of lines) {
      const [, file] = /^node (\S+)/.exec(line) ?? [];
      if (file !== undefined && existsSync(join(ROOT, file))) continue;
      const [, target] = /^(?:[A-Z_]+=\S+ )*make ([a-z0-9-]+)(?: ARGS=(?:"[^"]*"|\S+))?(?:\s+#.*)?$/.exec(line) ?? [];
      assert.ok(target !== undefined, `${at}: ${line}`);
      assert.match(makefile, new RegExp(`^${target}:.* ## `, 'm'), `${at}: ${line}`);
      if (fence.marker?.does !== 'run') continue;
      const by = RUN_BY[target];
      assert.ok(by !== undefined, `${at}: nothing is said to run make ${target}: see test/docs/make.ts`);
      assert.ok(read(by).includes(target), `${by} runs make ${target}`);
    }
  });
});
