/** The way from one replica to the API server, which can be cut. */

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

export interface Way {
  /** Ends every connection; new ones are as welcome as ever. */
  cut(): void;
  /** Ends every connection and refuses new ones, until `open`. */
  close(): void;
  open(): void;
  stop(): void;
}

/** Leads a kubeconfig's server through a port of this process's own. */
export async function wayTo(server: string, kubeconfig: string): Promise<Way> {
  const target = new URL(server);
  const sockets = new Set<Socket>();
  let refuses = false;
  const listener = createServer((near) => {
    if (refuses) return near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const text = readFileSync(kubeconfig, 'utf8');
  writeFileSync(kubeconfig, text.replace(server, `https://127.0.0.1:${address.port}`));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    cut,
    close() {
      refuses = true;
      cut();
    },
    open() {
      refuses = false;
    },
    stop() {
      listener.close();
      cut();
    },
  };
}
