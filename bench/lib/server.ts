/** Servers as the bench sees them: a process, its address, and what it says when it will not start. */
import type { StdioOptions } from 'node:child_process';
import { spawnNode } from './pin.ts';

export interface RunningServer {
  readonly pid: number;
  readonly url: URL;
  stop(): Promise<void>;
}

const START_MS = 20_000;
const STOP_MS = 5_000;

/** Every server of the bench says where it listens in one line on stderr: `listening url=http://127.0.0.1:PORT …`, or as JSON. */
function listeningUrl(stderr: string): URL | undefined {
  const url = /\blistening\b.*?\burl"?[=:]"?(http:\/\/127\.0\.0\.1:[0-9]+)/.exec(stderr)?.[1];
  return url === undefined ? undefined : new URL(url);
}

/**
 * Starts a server and waits until it listens.
 *
 * @param core - the core it is pinned to, if any
 * @param args - Node's arguments: the program and its own
 * @param stdout - where its standard output goes: a file descriptor, or nowhere
 * @throws Error with what it wrote on stderr if it ends, or says nothing in 20 s
 */
export async function startServer(
  core: number | undefined,
  args: readonly string[],
  stdout: number | 'ignore' = 'ignore',
): Promise<RunningServer> {
  const stdio: StdioOptions = ['ignore', stdout, 'pipe'];
  const child = spawnNode(core, args, { stdio });
  let said = '';
  let isWanted = true;
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  const failed = (why: string) => reject(new Error(`${args.join(' ')}: ${why}\n${said}`));
  const timer = setTimeout(() => failed('not listening in time'), START_MS);
  child.on('error', (error) => failed(error.message));
  child.on('exit', (code, signal) => {
    failed(`ended (${signal ?? code})`);
    if (isWanted) console.error(`${args.join(' ')} ended in the middle (${signal ?? code})\n${said}`);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-16_384);
    const url = listeningUrl(said);
    if (url) resolve(url);
  });
  // Also when the bench is interrupted: no server outlives it.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    isWanted = false;
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(force);
  };
  try {
    return { url: await promise, pid: child.pid as number, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
