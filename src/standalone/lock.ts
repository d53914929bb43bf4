/** One `serve` for each data directory. */
import { closeSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StandaloneError } from './errors.ts';

/** Who holds a lock. Pids are used again, so the time the process began tells which one is meant. */
interface Holder {
  readonly pid: number;
  /** Of Linux: the boot, and the clock tick since then at which the process began. Empty elsewhere. */
  readonly started: string;
}

export interface LockOptions {
  /** Of a pid: when it began; '' if it runs but that cannot be told; undefined if it does not run. */
  readonly startOf?: (pid: number) => string | undefined;
  readonly pid?: number;
}

/**
 * Takes the data directory for this process. A lock whose holder is dead is taken over. It holds among processes of
 * one machine that see each other's pids; it is no lock between machines.
 * @returns Gives the directory back; may be called twice.
 * @throws StandaloneError data_dir_locked, naming the holder's pid; data_dir_unusable
 */
export function lockDataDir(dataDir: string, options: LockOptions = {}): () => void {
  const { startOf = processStart, pid = process.pid } = options;
  const path = join(dataDir, 'lock');
  const content = JSON.stringify({ pid, started: startOf(pid) ?? '' } satisfies Holder);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      if (create(path, content)) return () => release(path, content);
      const found = read(path);
      if (found === undefined) continue;
      const holder = parse(found);
      if (holder && isAlive(holder, startOf)) {
        throw new StandaloneError(
          'data_dir_locked',
          `the data directory ${dataDir} is in use by process ${holder.pid}`,
        );
      }
      discard(path, found, pid);
    }
  } catch (error) {
    if (error instanceof StandaloneError) throw error;
    const message = `the data directory ${dataDir} cannot be used: ${(error as NodeJS.ErrnoException).code}`;
    throw new StandaloneError('data_dir_unusable', message);
  }
  throw new StandaloneError('data_dir_locked', `the data directory ${dataDir} is being locked by others`);
}

function create(path: string, content: string): boolean {
  // Under its final name only once it is whole: an empty lock would look like a dead one.
  const whole = `${path}.${process.pid}`;
  const fd = openSync(whole, 'w', 0o600);
  writeSync(fd, content);
  closeSync(fd);
  try {
    linkSync(whole, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(whole, { force: true });
  }
}

/** Moves a dead lock away, and puts back what another process may have made there in between. */
function discard(path: string, expected: string, pid: number): void {
  const away = `${path}.${pid}.old`;
  try {
    renameSync(path, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (read(away) === expected) rmSync(away, { force: true });
  else renameSync(away, path);
}

function release(path: string, content: string): void {
  if (read(path) === content) rmSync(path, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').slice(0, 1000);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(content: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(content) as Partial<Holder>;
    return Number.isSafeInteger(pid) && pid! > 0 && typeof started === 'string' ? { pid: pid!, started } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Holder, startOf: (pid: number) => string | undefined): boolean {
  const now = startOf(pid);
  if (now === undefined) return false;
  return now === '' || started === '' || now === started;
}

/** proc(5): the 22nd field of /proc/PID/stat, after the command's name, which may hold anything. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return fields[0] === 'Z' ? undefined : `${boot}/${fields[19]}`;
  } catch {
    return runs(pid) ? '' : undefined;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
