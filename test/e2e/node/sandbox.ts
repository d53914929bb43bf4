/** What the containers of a Pod share: its network and its host name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { inside, type Network, TELL_PID } from './network.ts';

export interface Sandbox {
  /** A process that is in it for as long as it lasts. */
  readonly pid: number;
  stop(): void;
}

export async function startSandbox(network: Network, hostname: string, address: string): Promise<Sandbox> {
  const script = `set -eu
hostname "$1"
ip link set lo up
${TELL_PID}
exec sleep infinity`;
  const [command = '', ...args] = [
    ...inside(network.holder, `--pid=/proc/${network.holder}/ns/pid`),
    ...['unshare', '--net', '--uts', 'sh', '-c', script, 'sh', hostname],
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = Number(await firstLine(child));
  await network.attach(pid, address);
  return { pid, stop: () => kill(pid, 'SIGKILL') };
}

/** @throws Error with what it said instead */
export async function firstLine(child: ChildProcess): Promise<string> {
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error(`a Pod's namespaces: ${complaint.trim()}`);
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
