/** One container: a process tree of its own, that sees its image and its volumes and nothing else, and may do nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Image } from './image.ts';
import { inside, TELL_PID } from './network.ts';
import { kill } from './sandbox.ts';

export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly readOnly: boolean;
}

export interface ContainerOptions {
  readonly image: Image;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: number;
  readonly group: number;
  readonly workingDir: string;
  readonly mounts: readonly Mount[];
  /** An empty folder to build its root in. */
  readonly dir: string;
  readonly logFile: string;
}

export interface Running {
  /** The exit status; 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

const SIGNALS = new Map([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGABRT', 6],
  ['SIGKILL', 9],
  ['SIGSEGV', 11],
  ['SIGTERM', 15],
]);
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'];

/**
 * Starts it in the namespaces of its Pod's sandbox.
 * @throws Error if its root cannot be made
 */
export async function startContainer(sandbox: number, options: ContainerOptions): Promise<Running> {
  await mkdir(options.dir, { recursive: true });
  const log = await open(options.logFile, 'a');
  const namespaces = [`--pid=/proc/${sandbox}/ns/pid`, `--uts=/proc/${sandbox}/ns/uts`];
  const [command = '', ...args] = [
    ...inside(sandbox, ...namespaces),
    ...['unshare', '--mount', '--pid', '--ipc', '--fork', '--kill-child', 'sh', '-c', await script(options)],
  ];
  const child = spawn(command, args, { stdio: ['ignore', log.fd, log.fd, 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  await log.close();
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) if (told.push(line) === 2) break;
  const [pid, done] = told;
  if (done !== 'ready') throw new Error('the container has no root file system: see its log');
  return {
    ended: exit.then(([code, signal]) => code ?? 128 + (SIGNALS.get(signal ?? '') ?? 0)),
    signal: (name) => kill(Number(pid), name),
  };
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

async function script(options: ContainerOptions): Promise<string> {
  const { image, dir, env, command, user, group, workingDir } = options;
  const root = `${dir}/root`;
  const mounts = [...image.mounts.map((one) => ({ ...one, readOnly: true })), ...options.mounts];
  const lines = [
    'set -eu',
    `{ ${TELL_PID}; } >&3`,
    `mount -t tmpfs -o mode=755 tmpfs ${quoted(dir)}`,
    `mkdir ${quoted(`${dir}/up`)} ${quoted(`${dir}/work`)} ${quoted(root)}`,
    image.lower === undefined
      ? `mount --bind ${quoted(root)} ${quoted(root)}`
      : `mount -t overlay -o ${quoted(`lowerdir=${image.lower},upperdir=${dir}/up,workdir=${dir}/work,userxattr`)} overlay ${quoted(root)}`,
    ...['proc', 'dev', 'etc', 'tmp'].map((name) => `mkdir -p ${quoted(`${root}/${name}`)}`),
    `mount -t proc proc ${quoted(`${root}/proc`)}`,
    `mount -t tmpfs -o mode=755 tmpfs ${quoted(`${root}/dev`)}`,
    ...(await Promise.all(
      [...DEVICES.map((name) => ({ from: `/dev/${name}`, to: `/dev/${name}`, readOnly: false })), ...mounts].map(
        (one) => bind(one, root),
      ),
    )),
    `mount -o remount,bind,ro ${quoted(root)}`,
  ];
  const variables = Object.entries(env).map(([name, value]) => quoted(`${name}=${value}`));
  // From here on it is nobody on this machine's behalf: a user namespace of one account, and no way to more.
  const last = [
    'exec env -i',
    ...variables,
    '/usr/bin/setpriv --no-new-privs /usr/bin/unshare --user',
    `--map-user=${user} --map-group=${group} --root=${quoted(root)} --wd=${quoted(workingDir)} --`,
    ...command.map(quoted),
  ];
  return [...lines, 'echo ready >&3', 'exec 3>&-', last.join(' ')].join('\n');
}

async function bind({ from, to, readOnly }: Mount, root: string): Promise<string> {
  const target = quoted(root + to);
  const isFile = !(await stat(from)).isDirectory();
  const place = isFile
    ? `mkdir -p ${quoted(root + to.slice(0, to.lastIndexOf('/')))}; : >>${target}`
    : `mkdir -p ${target}`;
  const lines = [place, `mount --bind ${quoted(from)} ${target}`];
  if (readOnly) lines.push(`mount -o remount,bind,ro ${target}`);
  return lines.join('; ');
}
