/** Whether a container is started, ready and alive: by asking it, as its probes say. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Network } from './network.ts';
import type { Container, Probe } from './pod-types.ts';

export interface Probed {
  readonly network: Network;
  readonly address: string;
  readonly container: Container;
}

/** Asks until the signal, and calls back with each verdict that is as the probe's thresholds want it. */
export async function probe(
  probed: Probed,
  one: Probe,
  signal: AbortSignal,
  onVerdict: (isGood: boolean, why: string) => void,
): Promise<void> {
  const { periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = one;
  let [goods, bads] = [0, 0];
  const pause = (seconds: number) => sleep(seconds * 1_000, undefined, { signal }).catch(() => {});
  await pause(one.initialDelaySeconds ?? 0);
  while (!signal.aborted) {
    const why = await failureOf(probed, one);
    if (signal.aborted) return;
    [goods, bads] = why === undefined ? [goods + 1, 0] : [0, bads + 1];
    if (goods >= successThreshold) onVerdict(true, '');
    if (bads >= failureThreshold) onVerdict(false, why!);
    await pause(periodSeconds);
  }
}

async function failureOf({ network, address, container }: Probed, one: Probe): Promise<string | undefined> {
  const { httpGet, tcpSocket, timeoutSeconds = 1 } = one;
  const named = (httpGet ?? tcpSocket)!.port;
  const port = container.ports?.find(({ name }) => name === named)?.containerPort ?? Number(named);
  let end: (() => void) | undefined;
  const late = new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1_000);
    end = () => clearTimeout(timer);
  });
  const asked = async () => {
    const socket = await network.dial(address, port);
    late.then(() => socket.destroy());
    if (!httpGet) return void socket.destroy();
    const way = httpGet.scheme === 'HTTPS' ? connectTls({ socket, rejectUnauthorized: false }) : socket.resume();
    try {
      return await statusOf(way, httpGet.path ?? '/', address);
    } finally {
      way.destroy();
      socket.destroy();
    }
  };
  try {
    return await Promise.race([asked().catch((error: Error) => error.message), late]);
  } finally {
    end?.();
  }
}

function statusOf(socket: Socket, path: string, host: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const asked = request({ path, headers: { host, 'user-agent': 'kube-probe' }, createConnection: () => socket });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      answer.resume();
      const { statusCode = 0 } = answer;
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `HTTP probe failed with statuscode: ${statusCode}`);
    });
    asked.end();
  });
}
