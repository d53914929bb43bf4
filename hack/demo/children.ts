/** The demo's own processes: started with the product's command line, stopped with the demo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const children = new Set<ChildProcess>();

/**
 * Starts `trustmint ARGS…` and waits for the line that says where it listens.
 *
 * @param announced matches that line; its first groups are returned
 * @throws Error with what the process wrote, if it ends before it says so
 */
export function startTrustmint(args: readonly string[], announced: RegExp): Promise<string[]> {
  const child = spawn(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      seen.push(line);
      const match = announced.exec(line);
      if (match) resolve(match.slice(1));
    });
    child.once('exit', (code) => {
      children.delete(child);
      reject(new Error(`trustmint ${args[0]} ended with ${code}:\n${seen.join('\n')}`));
    });
  });
}

/** Stops them all and waits until they are gone. */
export async function stopAll(): Promise<void> {
  const gone = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(gone);
}

/** Runs a program to its end; returns what it printed on standard output. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ended with ${code}: ${err}`)),
    );
  });
}

/** Whether a program can be started. */
export async function canRun(command: string, args: readonly string[]): Promise<boolean> {
  return runProgram(command, args).then(
    () => true,
    () => false,
  );
}
