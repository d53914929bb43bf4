/** A cluster's nodes, played: see `startNodes`, and README.md for what is played and what is not. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, until } from '../cluster/index.ts';
import { administrator } from '../serve-support.ts';
import { core } from './follow.ts';
import { Kubelet } from './kubelet.ts';
import { portOf, serveLogs } from './logs.ts';
import { startNetwork } from './network.ts';
import { rawApi } from './raw.ts';
import { labelsOf, schedule } from './scheduler.ts';
import { followServices } from './services.ts';

const NODES = ['node-a', 'node-b'] as const;
const SOON = 15_000;
/** What a kube-proxy takes until connections follow the endpoints. */
const LAG_MS = 1_000;

export interface Nodes {
  /** A port of 127.0.0.1 whose connections go to a Service's address, as those of a Pod do. */
  reachService(namespace: string, name: string, port: string | number): Promise<number>;
  /** A port of 127.0.0.1 whose connections go to a Pod's port. */
  reachPod(namespace: string, name: string, port: number): Promise<number>;
  /** What all containers wrote of the Pods whose names begin so, those that are gone too. */
  logs(namespace: string, prefix: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Gives a cluster two nodes on which Pods run: processes of this machine, isolated as containers are. The cluster must
 * have its controllers.
 * @throws Error that says what this machine does not let us do
 */
export async function startNodes(cluster: Cluster): Promise<Nodes> {
  const dir = await mkdtemp(join(tmpdir(), 'trustmint-nodes-'));
  await mkdir(join(dir, 'logs'));
  const ending = new AbortController();
  const client = await administrator(cluster);
  const raw = await rawApi(cluster);
  const network = await startNetwork(dir, cluster.server);
  const services = followServices(client, ending.signal, (table) => {
    setTimeout(() => ending.signal.aborted || network.serve(table), LAG_MS).unref();
  });
  const parts = { client, raw, network, dir, nodes: NODES, services: () => services.all() };
  const kubelet = new Kubelet(parts);
  const logs = await serveLogs(dir);
  for (const name of NODES) await createNode(cluster, name, portOf(logs));
  void kubelet.run(ending.signal);
  void schedule(client, NODES, ending.signal);
  const listeners: Server[] = [logs];

  async function reach(lead: () => Promise<Socket>): Promise<number> {
    const server = createServer((near) => {
      near.on('error', () => {});
      lead().then(
        (far) => {
          near.setNoDelay(true).pipe(far).pipe(near);
          far.on('error', () => near.destroy()).once('close', () => near.destroy());
          near.once('close', () => far.destroy());
        },
        () => near.resetAndDestroy(),
      );
    });
    listeners.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  return {
    reachService: (namespace, name, port) =>
      reach(async () => {
        const found = services.addressOf(namespace, name, port);
        if (!found) throw new Error(`there is no Service ${namespace}/${name}`);
        return await network.dial(found.address, found.port);
      }),
    reachPod: (namespace, name, port) =>
      reach(async () => {
        const address = kubelet.lifeOf(namespace, name)?.pod.status?.podIP;
        if (!address) throw new Error(`${namespace}/${name} does not run`);
        return await network.dial(address, port);
      }),
    async logs(namespace, prefix) {
      const files = (await readdir(join(dir, 'logs'))).filter((file) => file.startsWith(`${namespace}_${prefix}`));
      return (await Promise.all(files.map((file) => readFile(join(dir, 'logs', file), 'utf8')))).join('');
    },
    async stop() {
      ending.abort();
      await kubelet.stop();
      for (const server of listeners) server.close();
      await network.stop();
      raw.close();
      client.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

async function createNode(cluster: Cluster, name: string, kubeletPort: number): Promise<void> {
  const client = await administrator(cluster);
  const type = core('nodes', false);
  try {
    await client.create(type, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: labelsOf(name) } });
    const capacity = { cpu: '4', memory: '8Gi', pods: '110' };
    const status = {
      capacity,
      allocatable: capacity,
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Played' }],
      nodeInfo: { kubeletVersion: 'played', operatingSystem: 'linux' },
    };
    await client.patch(type, name, undefined, 'merge', { status }, { subresource: 'status' });
    await client.patch(type, name, undefined, 'merge', { spec: { taints: null } });
    await until(SOON, async () => (await client.get(type, name)).metadata.uid !== '');
  } finally {
    client.close();
  }
}
