import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { trustmint } from '../whole/support.ts';

/** The candidates after these words, the last of which is being typed; and what else a shell may offer. */
async function offered(...words: string[]): Promise<{ values: string[]; beside: string; lines: string[] }> {
  const { code, out, err } = await trustmint(['__complete', ...words]);
  assert.deepEqual([code, err], [0, '']);
  const lines = out.trimEnd().split('\n');
  const beside = lines.pop()!;
  return { values: lines.map((line) => line.split('\t')[0]!), beside, lines };
}
const FILES = ':0';
const NOTHING_ELSE = ':4';
const DIRECTORIES = ':16';

describe('completion', () => {
  it('offers every command that --help lists, each with a word on what it does, and no file', async () => {
    const { values, beside, lines } = await offered('');
    const { out } = await trustmint(['--help']);
    for (const [, name] of out.slice(out.indexOf('Commands:')).matchAll(/^ {2}(\w+)/gm))
      assert.ok(values.includes(name!));
    assert.equal(beside, NOTHING_ELSE);
    assert.ok(lines.includes("keys\tThe mint's own keys"), lines.join('\n'));
  });

  it('offers the commands of a command, and of `help`', async () => {
    assert.deepEqual((await offered('keys', '')).values.slice(0, 2), ['list', 'rotate']);
    assert.deepEqual((await offered('agent', 're')).values, ['register', 'retire']);
    assert.ok((await offered('help', '')).values.includes('serve'));
  });

  it('offers flags to who types a dash, and those that may be given once only once', async () => {
    assert.deepEqual((await offered('serve', '--tls-c')).values, ['--tls-cert']);
    const used = await offered('token', 'verify', '--resource', 'x', '--scope=y', '--');
    assert.ok(used.values.includes('--tool'));
    assert.ok(!used.values.includes('--resource') && !used.values.includes('--scope'));
    const again = await offered('token', 'attenuate', '--caveat', 'a = b', '--');
    assert.ok(again.values.includes('--caveat'));
  });

  it('offers what a flag takes: its choices, files, directories, or nothing', async () => {
    const choices = ['namespace', 'namespace-label', 'single'];
    assert.deepEqual((await offered('serve', '--tenancy', '')).values, choices);
    assert.deepEqual((await offered('serve', '--tenancy', 's')).values, ['single']);
    assert.deepEqual(
      (await offered('serve', '--tenancy=')).values,
      choices.map((one) => `--tenancy=${one}`),
    );
    assert.equal((await offered('serve', '--tls-cert', '')).beside, FILES);
    assert.equal((await offered('serve', '--tls-cert=/etc/')).beside, FILES);
    assert.equal((await offered('serve', '--manifests', '')).beside, DIRECTORIES);
    assert.deepEqual(await offered('exchange', '--url', ''), { values: [], beside: NOTHING_ELSE, lines: [] });
  });

  it('offers files where a command takes one, after its flags and after --', async () => {
    for (const words of [
      ['policy', 'lint', ''],
      ['policy', 'lint', 'a.yaml', 'b'],
      ['policy', 'lint', '--strict', ''],
      ['policy', 'lint', '--', '-'],
      ['token', 'inspect', ''],
    ]) {
      assert.equal((await offered(...words)).beside, FILES, words.join(' '));
    }
    assert.equal((await offered('token', 'inspect', 'token', '')).beside, NOTHING_ELSE, 'it takes one');
  });

  it('offers flags at once where nothing else may follow', async () => {
    const { values } = await offered('uninstall', '');
    assert.ok(values.includes('--namespace') && values.includes('--context'));
  });

  it('is silent about what no command line could hold, and never fails', async () => {
    for (const words of [
      ['nonsense', ''],
      ['serve', '--nonsense', ''],
      ['keys', 'list', '--nonsense=x'],
      ['--=', '-'],
      ['\u0000'],
    ]) {
      await offered(...words);
    }
    assert.deepEqual((await offered('serve', '--issuer=x')).values, []);
  });

  it('has a script for bash, zsh and fish, and says of another shell which there are', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, out } = await trustmint(['completion', shell]);
      assert.equal(code, 0);
      assert.match(out, /trustmint completion/);
      assert.doesNotMatch(out, /undefined|\$\{'/);
    }
    assert.match((await trustmint(['completion', 'powershell'])).err, /Allowed choices are bash, zsh, fish/);
  });

  it('each kind of argument that takes a file is called so: completion goes by the name', async () => {
    const { out } = await trustmint(['token', 'inspect', '--help']);
    assert.match(out, /Arguments:\n {2}file /);
    const source = readFileSync(new URL('../../src/cli/program.ts', import.meta.url), 'utf8');
    for (const [, name = ''] of source.matchAll(/<([a-z-]*(?:file|dir)[a-z-]*)>/g)) assert.match(name, /^(file|dir)$/);
  });
});
