import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { program } from '../../src/cli/program.ts';
import { help, PAGES, quoted, read } from './support.ts';

/** The words of every command that does something itself. */
function leaves(command: Command, words: readonly string[] = []): string[][] {
  const { commands } = command;
  return commands.length === 0 ? [[...words]] : commands.flatMap((one) => leaves(one, [...words, one.name()]));
}

const COMMANDS = leaves(program({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }));

/** Where a shell would take the word for a command. */
const SHOWN = /(?<=^|[`|(&]\s?|npx |kubectl )trustmint ((?:[a-z]+ ?){1,2})([^|`\n]*)/gm;

describe('The command line in the docs', () => {
  it('kubernetes.md has every flag that is of a cluster alone, and names no other', async () => {
    const known = await help('serve');
    const page = read('docs/kubernetes.md');
    for (const flag of [
      '--kubeconfig',
      '--namespace',
      '--tenancy',
      '--watch-namespaces',
      '--tls-self-signed',
      '--service-account-issuers',
      '--no-finalizers',
    ]) {
      assert.ok(new RegExp(`^\\| \`${flag}[ \`]`, 'm').test(page), flag);
    }
    for (const [, flag = ''] of page.matchAll(/^\| `(--[a-z-]+)/gm)) assert.ok(known.includes(` ${flag} `), flag);
    const deployment = read('config/manager/deployment.yaml');
    const args = [...deployment.matchAll(/^ +- (--[a-z-]+)=/gm)];
    assert.ok(args.length > 3);
    for (const [, flag = ''] of args) assert.ok(known.includes(` ${flag} `), flag);
  });

  it('standalone.md has no flag that serve has not', async () => {
    const known = await help('serve');
    for (const [, flag = ''] of read('docs/standalone.md').matchAll(/^\| `(--[a-z-]+)/gm)) {
      assert.ok(known.includes(` ${flag} `), flag);
    }
  });

  it('every command is shown somewhere', () => {
    const all = PAGES.map(read).join('\n');
    for (const command of COMMANDS) assert.ok(all.includes(`trustmint ${command.join(' ')}`), command.join(' '));
  });

  it('every command that a page shows exists, with the flags that it shows', async () => {
    const helps = new Map<string, string>();
    for (const command of COMMANDS) helps.set(command.join(' '), await help(...command));
    const shown = PAGES.flatMap((path) =>
      [...read(path).matchAll(SHOWN)].map((found) => ({
        path,
        found,
      })),
    ).filter(({ found: [, words = '', rest = ''] }) => rest.includes('--') || helps.has(words.trim()));
    assert.ok(shown.length > 15);
    for (const { path, found } of shown) {
      const [line, words = '', rest = ''] = found;
      const name = [...helps.keys()].find((one) => `${words.trim()} `.startsWith(`${one} `));
      assert.ok(name, `${path}: ${line}`);
      for (const [flag] of rest.matchAll(/(?<!\S)--[a-z-]+/g)) {
        assert.ok(helps.get(name)!.includes(`${flag} `), `${path}: ${name} has no ${flag}`);
      }
    }
  });

  it('names no variable that no flag reads', async () => {
    const known = (await Promise.all(COMMANDS.map((command) => help(...command)))).join(' ');
    for (const path of PAGES) {
      for (const code of quoted(read(path))) {
        if (/^TRUSTMINT_[A-Z_]+$/.test(code)) assert.ok(known.includes(`env: ${code}`), `${path}: ${code}`);
      }
    }
  });
});
