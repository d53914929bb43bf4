/**
 * Writes crds/ with its copies, docs/reference/, what the Helm chart has of schemas, the dashboard and its copies.
 * `--check` writes nothing, and names what is stale and which codes nothing explains.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedForChart } from './chart/index.ts';
import { generated } from './crd/index.ts';
import { generatedForMonitoring } from './monitoring/index.ts';
import { generatedReference, unexplained } from './reference/index.ts';

const root = join(import.meta.dirname, '..');
const files = generated();
for (const [path, text] of generatedForChart(root, files)) files.set(path, text);
for (const [path, text] of generatedForMonitoring(root)) files.set(path, text);
for (const [path, text] of generatedReference()) files.set(path, text);

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** CRDs of kinds that are no more. */
const left = ['crds', 'config/crd', 'charts/trustmint/files/crds'].flatMap((dir) =>
  readdirSync(join(root, dir))
    .map((name) => `${dir}/${name}`)
    .filter((path) => path.endsWith('.yaml') && !files.has(path)),
);
const stale = [...files].filter(([path, text]) => read(path) !== text).map(([path]) => path);

if (process.argv.includes('--check')) {
  for (const path of [...stale, ...left]) console.error(`${path} is stale: run npm run generate`);
  const codes = unexplained();
  for (const problem of codes) console.error(problem);
  process.exitCode = stale.length + left.length + codes.length > 0 ? 1 : 0;
} else {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path)!);
    console.log(`wrote ${path}`);
  }
  for (const path of left) {
    rmSync(join(root, path));
    console.log(`removed ${path}`);
  }
}
