/** What an image's name stands for here: the root file system of `make image`, else this repository run by its own Node. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const BUILT = join(ROOT, 'bin/image');

export interface Image {
  /** Which of the two, for people. */
  readonly id: string;
  /** A root file system that is never written; absent: none but the mounts. */
  readonly lower?: string;
  /** Of this machine, seen there read-only. */
  readonly mounts: readonly { readonly from: string; readonly to: string }[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: number;
  readonly workingDir: string;
}

/** Of the programs that Pods here run, Node and all that Node needs of a system. */
const REPOSITORY: Image = {
  id: 'repository',
  mounts: [
    ...['/usr', '/lib', '/lib64', '/bin', '/etc/ssl'].filter(existsSync).map((path) => ({ from: path, to: path })),
    { from: process.execPath, to: '/nodejs/bin/node' },
    ...['src', 'node_modules', 'package.json'].map((path) => ({ from: join(ROOT, path), to: `/app/${path}` })),
  ],
  entrypoint: ['/nodejs/bin/node', '/app/src/main.ts'],
  command: [],
  env: { PATH: '/nodejs/bin:/usr/local/bin:/usr/bin:/bin' },
  user: 65532,
  workingDir: '/',
};

/** @returns undefined: there is no such image to pull */
export async function imageOf(name: string): Promise<Image | undefined> {
  const [repository = ''] = name.replace(/@sha256:.*$/, '').split(/:[^/]*$/);
  if (/(^|\/)node$/.test(repository)) return { ...REPOSITORY, id: 'node', entrypoint: ['/nodejs/bin/node'] };
  if (!/(^|\/)trustmint$/.test(repository)) return undefined;
  return (await isBuiltAndFresh()) ? builtImage() : REPOSITORY;
}

let fresh: Promise<boolean> | undefined;

/** An image of older sources than those that are tested would prove nothing. */
function isBuiltAndFresh(): Promise<boolean> {
  fresh ??= (async () => {
    const config = join(BUILT, 'config.json');
    if (!existsSync(config) || !existsSync(join(BUILT, 'rootfs'))) return false;
    const built = statSync(config).mtimeMs;
    const sources = await readdir(join(ROOT, 'src'), { recursive: true });
    const isFresh = sources.every((file) => statSync(join(ROOT, 'src', file)).mtimeMs <= built);
    if (!isFresh) console.log('      bin/image is older than src/: Pods run the repository (make image)');
    return isFresh;
  })();
  return fresh;
}

interface OciConfig {
  readonly Entrypoint?: string[];
  readonly Cmd?: string[];
  readonly Env?: string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

function builtImage(): Image {
  const { config = {} } = JSON.parse(readFileSync(join(BUILT, 'config.json'), 'utf8')) as { config?: OciConfig };
  const env = (config.Env ?? []).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]);
  return {
    id: 'bin/image',
    lower: join(BUILT, 'rootfs'),
    mounts: [],
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    env: Object.fromEntries(env),
    user: Number.parseInt(config.User ?? '0', 10),
    workingDir: config.WorkingDir || '/',
  };
}
