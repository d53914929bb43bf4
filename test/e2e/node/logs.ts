/** The kubelet's door for `kubectl logs`: no more than what a container wrote. */

import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, createServingCertificate } from '../cluster/certificates.ts';
import { logFileOf } from './container-options.ts';

export async function serveLogs(dir: string): Promise<Server> {
  const { cert, key } = await createServingCertificate(dir, 'kubelet', await createAuthority(dir, 'kubelet-ca'));
  const tls = { cert: await readFile(cert), key: await readFile(key) };
  const server = createServer(tls, (request, response) => {
    const url = new URL(request.url ?? '', 'https://kubelet');
    const [, door, namespace = '', pod = '', container = ''] = url.pathname.split('/');
    const file = logFileOf(dir, namespace, pod, container);
    if (door !== 'containerLogs' || !existsSync(file)) return void response.writeHead(404).end('there is no log\n');
    const tail = Number(url.searchParams.get('tailLines') ?? Number.NaN);
    const lines = readFileSync(file, 'utf8').split(/(?<=\n)/);
    response.end((Number.isNaN(tail) ? lines : lines.slice(-tail)).join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port;
