/** Programs as a user starts them. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The first match in standard error, or why there will be none. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/**
 * @param env all of the environment: nothing is inherited
 * @param timeout milliseconds after which it is told to end; none: never
 */
export function start(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
  timeout?: number,
): Started {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(err);
          if (match) resolve(match);
        };
        child.stderr.on('data', look);
        look();
        ended.then(({ code }) => reject(new Error(`${command} ended with ${code}: ${err}`)), reject);
      }),
  };
}

/** Less than any test may take, so that what hangs is ended and its last words are told. */
const PATIENCE_MS = 150_000;

/** Runs a program to its end. */
export function runToEnd(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Ended> {
  return start(command, args, cwd, env, PATIENCE_MS).ended;
}
