/**
 * The node's network, in a user, network and PID namespace of its own: Pods have real addresses and links to it, Services
 * are led by a program in it (router.ts), and whoever is outside dials Pods through a Unix socket.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { GATEWAY, SERVICE_RANGE, type Table } from './table.ts';

const run = promisify(execFile);
const DIAL_MS = 5_000;

export interface Network {
  /** The first process in the namespaces, by its number outside. */
  readonly holder: number;
  serve(table: Table): void;
  /** A link for the network namespace of a process. */
  attach(pid: number, address: string): Promise<void>;
  /** A connection to a Pod. @throws Error if nothing listens there */
  dial(address: string, port: number): Promise<Socket>;
  /** Ends everything that runs in it. */
  stop(): Promise<void>;
}

/** Prints the number that a shell has outside of its PID namespace: /proc is that of outside still. */
export const TELL_PID = 'read -r pid rest </proc/self/stat; echo "$pid"';

/** The command line that runs another one in namespaces of that process. */
export const inside = (pid: number, ...more: string[]) => [
  'nsenter',
  ...[`--target=${pid}`, '--user', '--preserve-credentials', '--net', ...more],
  '--',
];

const SETUP = `set -eu
${TELL_PID}
ip link set lo up
ip route add local ${SERVICE_RANGE} dev lo
echo 1 >/proc/sys/net/ipv4/ip_forward
exec "$@"`;

/**
 * @param dir where its sockets are
 * @param apiServer its URL
 * @throws Error that says what this machine does not let us do
 */
export async function startNetwork(dir: string, apiServer: string): Promise<Network> {
  const [dialled, tunnel] = [join(dir, 'dial.sock'), join(dir, 'api.sock')];
  const outside = await tunnelTo(tunnel, new URL(apiServer));
  const namespaces = ['--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child'];
  const router = [process.execPath, join(import.meta.dirname, 'router.ts'), dialled, tunnel];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', SETUP, 'sh', ...router], { stdio: 'pipe' });
  const holder = Number(
    await said(child, 2).catch((error) => {
      outside.close();
      throw error;
    }),
  );
  let links = 0;
  return {
    holder,
    serve: (table) => void child.stdin.write(`${JSON.stringify(table)}\n`),
    async attach(pid, address) {
      links += 1;
      const link = `pod${links}`;
      const script = `set -eu
ip link add ${link} type veth peer name eth0 netns ${pid}
ip addr add ${GATEWAY} peer ${address} dev ${link}
ip link set ${link} up
nsenter --target=${pid} --net sh -euc 'ip addr add ${address} peer ${GATEWAY} dev eth0
ip link set eth0 up
ip route add default via ${GATEWAY}'`;
      const [command = '', ...args] = [...inside(holder), 'sh', '-c', script];
      await run(command, args);
    },
    async dial(address, port) {
      const socket = connect(dialled);
      socket.on('error', () => {});
      socket.setTimeout(DIAL_MS, () => socket.destroy());
      socket.write(`${address} ${port}\n`);
      const answer = await new Promise<Buffer | undefined>((resolve) => {
        socket.once('data', (chunk) => {
          socket.pause();
          resolve(chunk);
        });
        socket.once('close', () => resolve(undefined));
      });
      if (answer?.[0] !== 0x2b) throw new Error(`${address}:${port} does not listen`);
      socket.setTimeout(0);
      if (answer.length > 1) socket.unshift(answer.subarray(1));
      return socket;
    },
    async stop() {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.stdin.end();
      await gone;
      outside.close();
    },
  };
}

/** @returns the first of so many lines */
async function said(child: ChildProcess, lines: number): Promise<string> {
  let complaint = '';
  child.stdin!.on('error', () => {});
  child.stderr!.on('data', (chunk) => {
    complaint += chunk;
  });
  const heard: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    heard.push(line);
    if (heard.length === lines) return heard[0]!;
  }
  throw new Error(
    `no network for Pods: ${complaint.trim()}; this needs user namespaces that an account of yours may make, unshare, nsenter, ip and veth links`,
  );
}

async function tunnelTo(path: string, { hostname, port }: URL): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.setNoDelay(true).pipe(far.setNoDelay(true)).pipe(near);
    near.on('error', () => far.destroy()).once('close', () => far.destroy());
    far.on('error', () => near.destroy()).once('close', () => near.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}
