/** Writes crds/, config/crd/ and docs/reference/ from the schemas in src/api/v1alpha1. `--check` writes nothing and names what is stale. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generated } from './crd/index.ts';

const root = join(import.meta.dirname, '..');
const files = generated();

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** CRDs of kinds that are no more. */
const left = ['crds', 'config/crd'].flatMap((dir) =>
  readdirSync(join(root, dir))
    .map((name) => `${dir}/${name}`)
    .filter((path) => path.endsWith('.yaml') && !files.has(path)),
);
const stale = [...files].filter(([path, text]) => read(path) !== text).map(([path]) => path);

if (process.argv.includes('--check')) {
  for (const path of [...stale, ...left]) console.error(`${path} is stale: run npm run generate`);
  process.exitCode = stale.length + left.length > 0 ? 1 : 0;
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
