import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { run } from '../../src/cli/program.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

function pagesIn(directory: string): string[] {
  if (!existsSync(join(ROOT, directory))) return [];
  const names = readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `${directory}/${name}`)
    .sort();
}

/** Every page that a person reads: paths from the root. */
export const PAGES: readonly string[] = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['examples', 'charts', 'docs'].flatMap(pagesIn),
];

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Block {
  /** Line of the page, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a language in a page. */
export function blocks(path: string, language: string): Block[] {
  const page = read(path);
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, written]) => written === language)
    .map(({ index, 2: body = '' }) => ({ line: page.slice(0, index).split('\n').length, text: body }));
}

/** What stands between backquotes in a text. */
export function quoted(page: string): ReadonlySet<string> {
  return new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code));
}

/** What `trustmint … --help` prints, on one line. */
export async function help(...command: string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  await run(['node', 'trustmint', ...command, '--help'], { stdin: new PassThrough(), stdout, stderr });
  stdout.end();
  return (await text(stdout)).replaceAll(/\s+/g, ' ');
}
