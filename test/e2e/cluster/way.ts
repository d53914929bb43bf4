/** The way from one replica to the API server: it can be cut, closed, or swallow everything without a word. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Way {
  /** Ends every connection; new ones are as welcome as ever. */
  cut(): void;
  /** `closed`: connections end and none can be made. `silent`: all stand, and nothing goes through. */
  block(how: 'closed' | 'silent'): void;
  /** What stood while it was blocked ends; new connections go through. */
  open(): void;
  stop(): void;
}

/** Leads the server of a kubeconfig through a port of this process. */
export async function wayOf(kubeconfig: string, server: string): Promise<Way> {
  const { hostname, port } = new URL(server);
  const sockets = new Set<Socket>();
  let blocked: 'closed' | 'silent' | undefined;
  const listener = createServer((near) => {
    if (blocked === 'closed') return void near.resetAndDestroy();
    keep(near);
    if (blocked === 'silent') return void near.pause();
    const far = keep(connect(Number(port), hostname));
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  function keep(socket: Socket): Socket {
    sockets.add(socket);
    return socket
      .setNoDelay(true)
      .on('error', () => {})
      .once('close', () => sockets.delete(socket));
  }
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const text = await readFile(kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replace(server, `https://127.0.0.1:${(listener.address() as AddressInfo).port}`));
  return {
    cut,
    block(how) {
      blocked = how;
      if (how === 'closed') cut();
      else for (const socket of sockets) socket.unpipe().pause();
    },
    open() {
      blocked = undefined;
      cut();
    },
    stop() {
      listener.close();
      cut();
    },
  };
}
