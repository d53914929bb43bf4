/** One core for the server that is measured, another for whoever loads it. */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cores {
  /** Absent: not pinned. */
  readonly server?: number;
  readonly load?: number;
  /** What a reader of the numbers must know. */
  readonly note: string;
}

/** The cores that this process may run on: `0-3,8` means five. */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = Number.NaN, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Chooses the cores, and says so plainly where there is nothing to choose. */
export function chooseCores(): Cores {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
  } catch {
    return { note: 'NOT PINNED: there is no taskset. Servers and load generator share the cores.' };
  }
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const [server, load] = parseCpuList(allowed);
  if (server === undefined || load === undefined)
    return { server, load: server, note: 'ONE CORE ONLY: servers and load generator share it; latencies mean little.' };
  return { server, load, note: `servers on core ${server}, load generator on core ${load}` };
}

/** Starts a Node program of this Node, on one core if there is one to choose. */
export function spawnNode(core: number | undefined, args: readonly string[], options: SpawnOptions): ChildProcess {
  const node = [process.execPath, ...args];
  const [command = '', ...rest] = core === undefined ? node : ['taskset', '-c', String(core), ...node];
  return spawn(command, rest, { ...options, env: { ...process.env, NODE_ENV: 'production' } });
}

/** Moves this process to a core. */
export function pinSelf(core: number | undefined): void {
  if (core !== undefined)
    execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}
