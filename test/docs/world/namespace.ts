/**
 * A network of its own for what the docs tell people to type: ports and host names as they are written there, whatever
 * runs on this machine, and nothing but loopback to reach.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ROOT } from '../support.ts';

export interface World {
  /** Removed with it. */
  readonly dir: string;
  /** What a command is put behind to run in it. */
  readonly enter: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the blocks of a page run: that of a clone, but for what they write. */
  directory(page: string): Promise<string>;
  stop(): Promise<void>;
}

const UNSHARE = ['unshare', '--user', '--map-root-user', '--net', '--mount'];

/** Whether this machine lets its users make namespaces, and has what the docs use. */
export const CAN_RUN =
  spawnSync('sh', [
    '-c',
    `${UNSHARE.join(' ')} ip link set lo up && for one in bash curl jq openssl python3 nsenter; do command -v $one || exit 1; done`,
  ]).status === 0;

/** Names that stand in the docs for this machine. */
const HOSTS = ['localhost', 'mint.example.com', 'identity-server', 'trustmint.trustmint-system.svc'];

/** Directories of a clone that the docs name. */
const CLONE = ['bench', 'charts', 'config', 'crds', 'docs', 'examples', 'hack', 'node_modules', 'src', 'package.json'];

const CURL = spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim();

/** What a session finds in its PATH before all else. */
const PROGRAMS: Readonly<Record<string, string>> = {
  trustmint: `exec ${process.execPath} ${join(ROOT, 'src/main.ts')} "$@"`,
  'kubectl-trustmint': `exec ${process.execPath} ${join(ROOT, 'src/cli/kubectl-trustmint.ts')} "$@"`,
  // An answer that is an error must not pass for one that is not.
  curl: `case " $* " in *" -f "*|*" -sf "*|*" -f"*) ;; *) set -- --fail-with-body "$@";; esac\nexec ${CURL} "$@"`,
};

/** A directory that looks like a clone. */
export function cloneIn(dir: string): string {
  mkdirSync(dir, { recursive: true });
  for (const name of CLONE) symlinkSync(join(ROOT, name), join(dir, name));
  return dir;
}

/** The line that says that the world is there; what else is printed before is for people. */
async function ready(stdout: Readable): Promise<string | undefined> {
  return await new Promise((resolve) => {
    createInterface({ input: stdout })
      .on('line', (line) => {
        if (line.startsWith('{')) resolve(line);
      })
      .once('close', () => resolve(undefined));
  });
}

/**
 * @param main a program that prints one line, the JSON of what to add to the environment, when the world is there, and
 *   ends it when its standard input ends. It runs inside; its argument is the directory
 */
export async function startInside(main: string, programs: Readonly<Record<string, string>> = {}): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-docs-'));
  for (const name of ['bin', 'home', 'work']) mkdirSync(join(dir, name));
  for (const [name, script] of Object.entries({ ...PROGRAMS, ...programs })) {
    writeFileSync(join(dir, 'bin', name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  }
  writeFileSync(join(dir, 'hosts'), `${HOSTS.map((name) => `127.0.0.1 ${name}`).join('\n')}\n::1 localhost\n`);
  const prepare = [
    'ip link set lo up',
    `mount --bind ${join(dir, 'hosts')} /etc/hosts`,
    'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/tokens /run/secrets/mint',
    `exec "$@"`,
  ].join('\n');
  const base = {
    PATH: `${join(dir, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: join(dir, 'home'),
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    ...(process.env.KUBEBUILDER_ASSETS && { KUBEBUILDER_ASSETS: process.env.KUBEBUILDER_ASSETS }),
  };
  const inside = spawn(
    UNSHARE[0]!,
    [...UNSHARE.slice(1), 'bash', '--norc', '-euc', prepare, 'bash', process.execPath, main, dir],
    { env: base, cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const said = text(inside.stderr);
  const gone = new Promise<void>((resolve) => inside.once('exit', () => resolve()));
  const remove = async () => {
    inside.stdin.end();
    await gone;
    rmSync(dir, { recursive: true, force: true });
  };
  const first = await ready(inside.stdout);
  if (first === undefined) {
    await remove();
    throw new Error(`${main}: ${await said}`);
  }
  return {
    dir,
    enter: ['nsenter', `--target=${inside.pid}`, '--user', '--net', '--mount', '--preserve-credentials'],
    env: { ...base, ...(JSON.parse(first) as Record<string, string>) },
    directory: async () => join(dir, 'work'),
    stop: remove,
  };
}
