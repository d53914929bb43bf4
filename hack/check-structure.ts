/**
 * The architecture's arrows, as a lint rule: which directory of src/ may import which, who may use which library,
 * that a directory is entered by its front door, and that no file outgrows one concept.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const LEAVES = ['clock', 'identity', 'random-ids'];

/** Directory → what it may import of ours. Leaves may be imported by all but those marked `alone`. */
const ARROWS = new Map<string, { to: string[]; alone?: true }>([
  ['clock', { to: [], alone: true }],
  ['identity', { to: [], alone: true }],
  ['random-ids', { to: [], alone: true }],
  ['caveat', { to: [], alone: true }],
  ['jws', { to: [], alone: true }],
  ['api', { to: [], alone: true }],
  ['policy', { to: ['caveat', 'api'] }],
  ['proof', { to: ['jws'] }],
  ['macaroon', { to: ['caveat'] }],
  ['access-token', { to: ['jws'] }],
  ['keyring', { to: [] }],
  ['revocation', { to: ['api'] }],
  ['audit', { to: [] }],
  ['certificates', { to: [] }],
  [
    'exchange',
    { to: ['proof', 'policy', 'macaroon', 'caveat', 'access-token', 'keyring', 'revocation', 'audit', 'jws'] },
  ],
  ['server', { to: ['exchange', 'jws'] }],
  ['kube', { to: [] }],
  ['operator', { to: ['kube', 'policy', 'keyring', 'revocation', 'certificates', 'api', 'exchange', 'proof'] }],
  ['standalone', { to: ['policy', 'keyring', 'revocation', 'api'] }],
  ['dev', { to: ['jws'] }],
  ['sidecar', { to: [] }],
]);

/** cli and main wire everything together. */
const WIRING = ['cli', 'main'];

/** Library → the only directories that may import it. Unlisted libraries are free. */
const LIBRARIES = new Map([
  ['express', ['server']],
  ['prom-client', ['server']],
  ['@kubernetes/client-node', ['kube']],
  ['jose', ['jws', 'access-token']],
  ['commander', ['cli', 'main']],
  ['yaml', ['standalone', 'cli']],
  ['zod', ['api', 'standalone', 'keyring']],
  ['pkijs', ['certificates']],
  ['asn1js', ['certificates']],
  // createRequire would import past this check.
  ['node:module', []],
]);

/** Front doors of their own, below a directory. */
const INNER_DOORS = ['api/v1alpha1/index.ts'];

const MAX_LINES = 250;
const problems: string[] = [];

function area(path: string): string {
  const [first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.ts'))
    .map((e) => join(e.parentPath, e.name));
}

const STATIC = /^\s*(?:import|export)\b(?:[^'"]*?\bfrom)?\s*['"]([^'"]+)['"]/gm;
/** `import(…)`, of a type too, and `require(…)`. */
const DYNAMIC = /(?<![.\w])(?:import|require)\s*\(\s*([^)]*?)[\s,]*\)/g;

/** What a file imports, in whatever way. */
function imports(from: string, text: string): string[] {
  const targets = [...text.matchAll(STATIC)].map(([, target = '']) => target);
  for (const [, argument = ''] of text.matchAll(DYNAMIC)) {
    const [, target] = /^(['"])([^'"]+)\1$/.exec(argument)?.slice(1) ?? [];
    if (target === undefined) problems.push(`src/${from}: imports ${argument}; write out what it is`);
    else targets.push(target);
  }
  return targets;
}

for (const file of files('src')) {
  const from = relative('src', file);
  const home = area(from);
  const text = readFileSync(file, 'utf8');
  for (const target of imports(from, text)) {
    if (target.startsWith('.')) {
      checkArrow(from, home, normalize(join(dirname(from), target)));
    } else {
      const library = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '');
      const allowed = LIBRARIES.get(library);
      if (allowed && !allowed.includes(home))
        problems.push(
          `src/${from}: ${allowed.length > 0 ? `only ${allowed.join(', ')}` : 'nothing'} may import ${library}`,
        );
    }
  }
}

function checkArrow(from: string, home: string, target: string): void {
  const there = area(target);
  if (there === home) return;
  if (target.startsWith('..')) {
    problems.push(`src/${from}: imports ${target}, outside src/`);
    return;
  }
  // main.ts is the door of the command line itself.
  const isFrontDoor = home === 'main' || /^[^/]+(\/(index|types))?\.ts$/.test(target) || INNER_DOORS.includes(target);
  if (!isFrontDoor) problems.push(`src/${from}: enters ${there}/ by ${target} instead of its index.ts`);
  if (WIRING.includes(home)) return;
  const rule = ARROWS.get(home);
  if (!rule) problems.push(`src/${from}: ${home}/ has no arrows: add it to hack/check-structure.ts`);
  else if (LEAVES.includes(there) ? rule.alone : !rule.to.includes(there))
    problems.push(`src/${from}: ${home} must not import ${there}`);
}

for (const file of ['src', 'test', 'hack', 'bench'].flatMap(files)) {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1;
  if (lines > MAX_LINES) problems.push(`${file}: ${lines} lines; at most ${MAX_LINES}, one concept a file`);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log('structure: arrows, front doors and file sizes hold');
