/** A real API server with two played nodes on which Pods run, and `kubectl port-forward` that goes to them. */
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../e2e/cluster/index.ts';
import { type Nodes, startNodes } from '../../e2e/node/index.ts';
import { atEnd, DIR, WORK } from './inside.ts';
import { cloneIn } from './namespace.ts';

/** `NAMESPACE TARGET LOCAL:PORT` of a `kubectl port-forward`, which lasts as long as the connection that says it. */
async function forward(nodes: Nodes, line: string, asked: Socket): Promise<void> {
  const [namespace = '', target = '', ports = ''] = line.trim().split(' ');
  const [local = '', remote = local] = ports.split(':');
  const [kind = '', name = ''] = target.split('/');
  const number = /^[0-9]+$/.test(remote) ? Number(remote) : remote;
  // Of a Deployment there is a Service of the same name; that is near enough.
  const port = /^(?:service|svc|deployment|deploy)$/.test(kind)
    ? await nodes.reachService(namespace, name, number)
    : await nodes.reachPod(namespace, name || kind, Number(remote));
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(Number(local), '127.0.0.1');
  asked.once('close', () => server.close());
}

export interface RunningNodes {
  readonly cluster: Cluster;
  /** What to add to the environment of whoever types commands. */
  readonly env: Readonly<Record<string, string>>;
}

export async function startRunningNodes(): Promise<RunningNodes> {
  cloneIn(WORK);
  const cluster = await startCluster({ controllerManager: true });
  atEnd(() => cluster.stop());
  const nodes = await startNodes(cluster);
  atEnd(() => nodes.stop());
  const forwards = createServer((asked) => {
    asked.on('error', () => {});
    asked.once('data', (line) => {
      forward(nodes, line.toString('utf8'), asked).catch((error) => asked.end(`${error}\n`));
    });
  });
  const socket = join(DIR, 'forward.sock');
  await new Promise<void>((resolve) => forwards.listen(socket, resolve));
  atEnd(() => forwards.close());
  return { cluster, env: { KUBECONFIG: cluster.adminKubeconfig, FORWARD_SOCKET: socket } };
}
