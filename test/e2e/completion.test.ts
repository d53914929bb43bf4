import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Where `make shells-assets` puts what this machine has not. */
const SHELLS = join(ROOT, 'bin/shells/root');

/** What bash does at Tab with the line that it is given. */
const PRESS_TAB = String.raw`set -u
source <(trustmint completion bash)
COMP_LINE=$1 COMP_POINT=${'$'}{#1}
complete -p trustmint >/dev/null && _trustmint
[ ${'$'}{#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${'$'}{COMPREPLY[@]}"`;

/** Completion as people meet it: each shell itself, with the script it is given, in a folder with files. */
describe('completion in the shells', function () {
  this.timeout(60_000);
  let dir: string;
  let env: Record<string, string>;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-completion-'));
    for (const name of ['bin', 'home', 'work/policies', 'work/other']) mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, 'work', 'policy one.yaml'), '');
    const program = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/main.ts')}' "$@"\n`;
    writeFileSync(join(dir, 'bin', 'trustmint'), program, { mode: 0o755 });
    const lib = [
      'usr/lib/x86_64-linux-gnu',
      'lib/x86_64-linux-gnu',
      'usr/lib/aarch64-linux-gnu',
      'lib/aarch64-linux-gnu',
    ];
    env = {
      PATH: [join(dir, 'bin'), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      HOME: join(dir, 'home'),
      TERM: 'dumb',
      LANG: 'C.UTF-8',
      LD_LIBRARY_PATH: lib.map((path) => join(SHELLS, path)).join(':'),
    };
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Runs a script of the shell's own in the folder; returns what it printed. */
  async function shell(binary: string, args: string[], environment = env): Promise<string> {
    const { code, out, err } = await runToEnd(binary, args, join(dir, 'work'), environment);
    assert.equal(code, 0, err + out);
    assert.equal(err, '');
    return out;
  }

  /** @returns the shell of this machine, or the unpacked one */
  function find(name: string, at: string): string | undefined {
    return [join(SHELLS, at), `/usr/bin/${name}`, `/bin/${name}`].find(existsSync);
  }

  function need(context: Mocha.Context, name: string, at: string): string {
    const found = find(name, at);
    if (found) return found;
    assert.ok(!process.env.CI, `there is no ${name}: make shells-assets`);
    console.warn(`      SKIPPED: there is no ${name}; make shells-assets provides it`);
    return context.skip();
  }

  describe('bash', () => {
    /** What stands after the line once Tab was pressed at its end, as bash calls the function. */
    const offered = async (line: string) => {
      const out = await shell('bash', ['--noprofile', '--norc', '-c', PRESS_TAB, '-', line], {
        ...env,
        LD_LIBRARY_PATH: '',
      });
      return out.split('\n').filter(Boolean);
    };

    it('completes commands, flags and choices', async () => {
      assert.deepEqual(await offered('trustmint ke'), ['keys']);
      assert.deepEqual(await offered('trustmint keys '), ['list', 'rotate', 'help']);
      assert.deepEqual(await offered('trustmint serve --tls-c'), ['--tls-cert']);
      assert.deepEqual(await offered('trustmint serve --tenancy '), ['namespace', 'namespace-label', 'single']);
    });

    it('completes after an equals sign only what bash replaces', async () => {
      assert.deepEqual(await offered('trustmint serve --tenancy=s'), ['single']);
    });

    it('completes files, also with spaces, and only folders where a folder is wanted', async () => {
      assert.deepEqual((await offered('trustmint policy lint ')).sort(), ['other', 'policies', 'policy one.yaml']);
      assert.deepEqual(await offered('trustmint policy lint pol'), ['policies', 'policy one.yaml']);
      assert.deepEqual((await offered('trustmint serve --manifests=')).sort(), ['other', 'policies']);
      assert.deepEqual(await offered('trustmint serve --issuer '), []);
    });
  });

  describe('zsh', () => {
    let zsh: string;
    before(function () {
      zsh = need(this, 'zsh', 'bin/zsh');
      const version = '5.9';
      const shared = existsSync(SHELLS) ? join(SHELLS, 'usr/share/zsh') : '/usr/share/zsh';
      const modules = ['x86_64', 'aarch64'].map((arch) => join(SHELLS, `usr/lib/${arch}-linux-gnu/zsh/${version}`));
      const places = existsSync(SHELLS)
        ? `module_path=(${modules.join(' ')})\nfpath=(${join(shared, 'functions')}/**/*(/N) ${join(shared, 'functions')})\n`
        : '';
      writeFileSync(join(dir, 'home', '.zshenv'), places);
      writeFileSync(
        join(dir, 'home', '.zshrc'),
        [
          'PROMPT="> " RPROMPT=""',
          'autoload -Uz compinit && compinit -u -D',
          'source <(trustmint completion zsh)',
          // What the line has become, and what was listed for it.
          'show() { print -r -- "<<$BUFFER>>" }; zle -N show; bindkey "^X" show',
          'bindkey "^I" complete-word; setopt no_beep; LISTMAX=0; zstyle ":completion:*" list-colors ""',
          'print ready',
        ].join('\n'),
      );
    });

    /** The line that Tab makes of this one, and all that the terminal showed. */
    async function typed(line: string): Promise<{ line: string; shown: string }> {
      const out = await shell(zsh, [
        '-c',
        `zmodload zsh/zpty; zpty z ${zsh} -i; zpty -r z out '*ready*'; zpty -w -n z $1$'\\t'$'\\x18'; ` +
          `zpty -r z out '*<<*>>*'; print -r -- $out; zpty -d z`,
        '-',
        line,
      ]);
      return { line: /<<(.*)>>/s.exec(out)?.[1] ?? assert.fail(out), shown: out };
    }

    it('completes a command, a flag and a choice', async () => {
      assert.equal((await typed('trustmint key')).line, 'trustmint keys ');
      assert.equal((await typed('trustmint serve --tls-c')).line, 'trustmint serve --tls-cert ');
      assert.equal((await typed('trustmint serve --tenancy s')).line, 'trustmint serve --tenancy single ');
      assert.equal((await typed('trustmint serve --tenancy=s')).line, 'trustmint serve --tenancy=single ');
    });

    it('lists several, each with what it does', async () => {
      const { shown } = await typed('trustmint keys ');
      assert.match(shown, /list\s+-- Print the keys and their states/);
      assert.match(shown, /rotate\s+-- /);
    });

    it('completes files, and only folders where a folder is wanted', async () => {
      assert.equal((await typed('trustmint policy lint policy')).line, 'trustmint policy lint policy\\ one.yaml ');
      assert.equal((await typed('trustmint serve --manifests pol')).line, 'trustmint serve --manifests policies/');
      assert.equal((await typed('trustmint serve --manifests=pol')).line, 'trustmint serve --manifests=policies/');
    });
  });

  describe('fish', () => {
    let fish: string;
    before(function () {
      fish = need(this, 'fish', 'usr/bin/fish');
    });

    /** What fish offers for the line, as value and description. */
    async function offered(line: string): Promise<string[]> {
      const functions = join(SHELLS, 'usr/share/fish/functions');
      const places = existsSync(functions) ? `set fish_function_path ${functions}; ` : '';
      const args = ['--no-config', '-c', `${places}trustmint completion fish | source; complete -C $argv[1]`, line];
      return (await shell(fish, args)).split('\n').filter(Boolean);
    }
    const values = async (line: string) => (await offered(line)).map((one) => one.split('\t')[0]);

    it('completes commands with what they do, flags and choices', async () => {
      assert.ok((await offered('trustmint key')).includes("keys\tThe mint's own keys"));
      assert.deepEqual(await values('trustmint serve --tls-c'), ['--tls-cert']);
      assert.deepEqual(await values('trustmint serve --tenancy '), ['namespace', 'namespace-label', 'single']);
      assert.deepEqual(await values('trustmint serve --tenancy=s'), ['--tenancy=single']);
    });

    it('completes files, and only folders where a folder is wanted', async () => {
      assert.deepEqual(await values('trustmint policy lint poli'), ['policies/', 'policy one.yaml']);
      assert.deepEqual(await values('trustmint serve --manifests '), ['other/', 'policies/']);
      assert.deepEqual(await values('trustmint serve --manifests=pol'), ['--manifests=policies/']);
      assert.deepEqual(await values('trustmint serve --issuer '), []);
    });
  });
});
