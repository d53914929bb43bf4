/** `unpack.ts oci.tar ROOTFS CONFIG`: what a runtime makes of an image, its root file system and its configuration. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

const [archive = '', rootfs = '', config = ''] = process.argv.slice(2);
const tar = (...args: string[]) =>
  execFileSync('tar', args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const dir = mkdtempSync(join(dirname(archive), '.oci-'));
try {
  tar('-xf', archive, '-C', dir);
  const blob = ({ digest }: Descriptor) => join(dir, 'blobs', ...digest.split(':'));
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const [described] = json(join(dir, 'index.json')).manifests as Descriptor[];
  const manifest = json(blob(described!)) as { config: Descriptor; layers: Descriptor[] };
  mkdirSync(rootfs);
  for (const layer of manifest.layers) {
    // A layer that takes something away again would need more than unpacking one over the other.
    const names = tar('-tf', blob(layer)).split('\n');
    if (names.some((name) => /(^|\/)\.wh\./.test(name))) throw new Error(`${layer.digest} removes files of another`);
    tar('-xpf', blob(layer), '-C', rootfs);
  }
  copyFileSync(blob(manifest.config), config);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
