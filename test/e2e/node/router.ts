/**
 * The program in the node's own network namespace: it leads connections to a Service's address to one of its ready
 * endpoints, those of whoever dials from outside to a Pod, and answers DNS. It ends with its standard input, and with it,
 * the first process of its PID namespace, everything that runs there, and the folder in which it is dialled.
 * Arguments: a Unix socket on which it is dialled, one on which the API server is. Input: a Table a line.
 */
import { createSocket } from 'node:dgram';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { answerDns } from './dns.ts';
import { API_SERVER, DNS_SERVER, type Endpoint, type Table } from './table.ts';

const [dialled = '', apiServer = ''] = process.argv.slice(2);
const services = new Map<string, { server: Server; endpoints: readonly Endpoint[] }>();
let names: ReadonlyMap<string, readonly string[]> = new Map();

function join(near: Socket, far: Socket): void {
  near.setNoDelay(true).pipe(far.setNoDelay(true)).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.resetAndDestroy());
    one.once('close', () => other.destroy());
  }
}

const lead = (near: Socket, endpoints: readonly Endpoint[]): void => {
  const one = endpoints[Math.floor(Math.random() * endpoints.length)];
  if (one) join(near, connect(one.port, one.address));
  else near.resetAndDestroy();
};

function serve({ services: wanted, names: known }: Table): void {
  names = new Map(Object.entries(known));
  const keys = new Set(wanted.map(({ address, port }) => `${address}:${port}`));
  for (const [key, { server }] of services) {
    if (keys.has(key)) continue;
    server.close();
    services.delete(key);
  }
  for (const { address, port, endpoints } of wanted) {
    const key = `${address}:${port}`;
    const there = services.get(key);
    if (there) {
      there.endpoints = endpoints;
      continue;
    }
    const server = createServer((near) => lead(near, services.get(key)?.endpoints ?? []));
    server.on('error', (error) => console.error(`${key}: ${error.message}`));
    services.set(key, { server, endpoints });
    server.listen(port, address);
  }
}

createServer((near) => join(near, connect(apiServer))).listen(API_SERVER.port, API_SERVER.address);

// `ADDRESS PORT\n`, answered by `+` once there is a connection.
createServer((near) => {
  near.on('error', () => {});
  near.once('data', (line) => {
    const [address = '', port = ''] = line.toString('latin1').trim().split(' ');
    const far = connect(Number(port), address, () => {
      near.write('+');
      join(near, far);
    });
    far.once('error', () => near.destroy());
  });
}).listen(dialled, () => console.log('ready'));

const dns = createSocket('udp4', (query, { address, port }) => {
  const answer = answerDns(query, names);
  if (answer) dns.send(answer, port, address);
});
dns.bind(53, DNS_SERVER);

for await (const line of createInterface({ input: process.stdin })) serve(JSON.parse(line));
// Whoever ended may have had no time to clean up.
rmSync(dirname(dialled), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
process.exit(0);
