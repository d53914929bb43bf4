/** Runs programs in the root file system of the image, as a runtime that is told to be strict would. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { type Ended, runToEnd, type Started, start } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
export const IMAGE = join(ROOT, 'bin/image');
export const ROOTFS = join(IMAGE, 'rootfs');
/** Milliseconds. */
const BUILD_MS = 280_000;

/** Read-only but for what is mounted at /run; nobody's uid, no capability, and no way to get one. */
const ENTER = `
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/run"
root=$1; shift 2
exec setpriv --no-new-privs unshare --root="$root" --setuid 65532 --setgid 65532 --wd / -- "$@"`;

const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user', '--map-auto', '--pid', '--fork'];
const namespace = ['--mount', '--propagation', 'private', ...asRoot];

/** Whether this machine lets us have namespaces. */
export function canEnter(): boolean {
  return spawnSync('unshare', [...namespace, 'true']).status === 0;
}

/** Builds the image unless what is there was made from these sources. */
export function buildImage(folder?: string, env: Record<string, string> = {}): Promise<Ended> {
  const environment = { ...(process.env as Record<string, string>), ...env };
  // Compiling and packing take both processors for a minute, and other tests run meanwhile.
  const build = ['-n', '10', join(ROOT, 'hack/image/build.sh'), ...(folder ? [folder] : [])];
  return start('nice', build, ROOT, environment, BUILD_MS).ended;
}

function command(run: string, args: readonly string[]): [string, string[]] {
  return ['unshare', [...namespace, 'sh', '-ec', ENTER, '-', ROOTFS, run, ...args]];
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', NODE_ENV: 'production' };

/** @param run the folder that is mounted at /run */
export function runInImage(run: string, ...args: string[]): Promise<Ended> {
  return runToEnd(...command(run, args), ROOT, env);
}

export function startInImage(run: string, ...args: string[]): Started {
  return start(...command(run, args), ROOT, env);
}
