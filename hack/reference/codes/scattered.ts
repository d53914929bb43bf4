/** Codes that no type holds: what the source says is compared with what is explained here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS, KEYS } from './programs.ts';
import { CONDITIONS, ERRORS, OBJECTS, WARNINGS } from './status.ts';

const SRC = join(import.meta.dirname, '../../../src');

/** The first group of every match, and a file that has it. */
function found(directory: string, patterns: readonly RegExp[]): Map<string, string> {
  const files = readdirSync(join(SRC, directory), { recursive: true, encoding: 'utf8' });
  const all = files.filter((file) => file.endsWith('.ts')).map((file) => join(directory, file));
  const codes = new Map<string, string>();
  for (const file of all) {
    const source = readFileSync(join(SRC, file), 'utf8');
    for (const pattern of patterns) {
      for (const [, code = ''] of source.matchAll(pattern)) codes.set(code, `src/${file}`);
    }
  }
  return codes;
}

function compare(
  codes: ReadonlyMap<string, string>,
  known: Readonly<Record<string, unknown>>,
  where: string,
): string[] {
  return [...codes]
    .filter(([code]) => !Object.hasOwn(known, code))
    .map(([code, file]) => `${code} of ${file}: say in ${where} what it means`);
}

/** Codes that nothing explains, and explained ones that no command ends with, each as a sentence. */
export function unexplained(): string[] {
  const cli = found('cli', [/new (?:Cli|Mint)Error\(\s*'([a-z_]+)'/g]);
  const reasons = ['policy', 'operator'].map((directory) =>
    found(directory, [
      /type: '(?:Accepted|Ready|Revoked|ResolvedRefs)', status: '\w+'(?: as const)?, reason: '(\w+)'/g,
      /\b(?:yes|no)\('\w+', '(\w+)'/g,
    ]),
  );
  const problems = ['policy', 'operator'].map((directory) =>
    found(directory, [/\bcode: '([A-Z][a-z]\w+)'/g, /(?<!\.)\berror\('([A-Z]\w+)', '/g]),
  );
  const objects = { ...ERRORS, ...WARNINGS, ...OBJECTS };
  const over = Object.keys(COMMANDS).filter((code) => !cli.has(code));
  return [
    ...compare(cli, { ...COMMANDS, ...KEYS }, 'hack/reference/codes/programs.ts'),
    ...reasons.flatMap((one) => compare(one, CONDITIONS, 'hack/reference/codes/status.ts')),
    ...problems.flatMap((one) => compare(one, objects, 'hack/reference/codes/status.ts')),
    ...over.map((code) => `no command ends with ${code}: take it out of hack/reference/codes/programs.ts`),
  ];
}
