import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { systemClock } from '../../src/clock.ts';
import { createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { Follower } from '../kube/contract/follower.ts';
import { reflectorContract } from '../kube/contract/reflector.ts';
import type { Fault, World } from '../kube/contract/world.ts';
import { type Cluster, startCluster, until } from './cluster/index.ts';
import { BINDING, CRD, CRDS, NAMESPACE, READER, WIDGETS } from './widgets.ts';

/** Time for files: a minute of it takes two seconds. */
const hurried = { ...systemClock, monotonic: () => systemClock.monotonic() * 30 };

interface RealWorld extends World {
  readonly cluster: Cluster;
  readonly tokenFile: string;
  /** The administrator, who writes. */
  admin: KubeClient;
}

describe('The reflector, on a real API server', () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let clients: KubeClient[] = [];

  before(async () => {
    cluster = await startCluster();
    await cluster.apply([...READER, BINDING, CRD]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd/widgets.example.com']);
    kubeconfig = await cluster.kubeconfigFor({ namespace: NAMESPACE, serviceAccount: 'reader' });
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    clients = [];
    await cluster.tryKubectl(['-n', NAMESPACE, 'delete', 'widgets', '--all']);
  });
  after(() => cluster?.stop());

  async function clientOf(path: string, rate?: { qps: number; burst: number }): Promise<KubeClient> {
    const credentials = await loadKubeconfig(path, undefined, { clock: hurried });
    const client = createKubeClient({
      credentials,
      clock: systemClock,
      random: (n) => randomBytes(n),
      ...(rate && { rate }),
    });
    clients.push(client);
    return client;
  }

  async function open(): Promise<RealWorld> {
    const admin = await clientOf(cluster.adminKubeconfig, { qps: 1000, burst: 1000 });
    const client = await clientOf(kubeconfig);
    const key = (name: string) => [WIDGETS, name, NAMESPACE] as const;
    return {
      cluster,
      admin,
      client,
      tokenFile: `${kubeconfig}.token`,
      type: WIDGETS,
      namespace: NAMESPACE,
      clock: systemClock,
      // A minute of silence would be a minute of testing; a real bookmark comes once a minute.
      timings: {
        idleMs: 8_000,
        watchMinMs: 3_000,
        watchMaxMs: 5_000,
        healthyMs: 2_000,
        listDeadlineMs: 5_000,
        slowRetryMs: 2_000,
      },
      create: async (name, size) => {
        const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec: { size } };
        await admin.create(WIDGETS, object, NAMESPACE);
      },
      update: async (name, size) => {
        await admin.patch(...key(name), 'merge', { spec: { size } });
      },
      remove: (name) => admin.delete(...key(name)),
      until: (what, done) =>
        until(90_000, async () => done()).catch((cause: Error) => assert.fail(`${what}: ${cause.message}`)),
    };
  }

  /** Restarts change what the administrator trusts, too. */
  async function writable(world: RealWorld): Promise<void> {
    await until(60_000, async () => {
      const listed = world.admin.list(WIDGETS, { namespace: NAMESPACE }, { retry: false });
      return listed.then(
        () => true,
        () => false,
      );
    });
  }

  /** As kubelet and good editors do: nobody reads half of it. */
  async function replace(path: string, content: string): Promise<void> {
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  const faults: Fault<RealWorld>[] = [
    {
      name: 'a crash of the API server',
      begin: () => cluster.apiserver.stop('SIGKILL'),
      end: async (world) => {
        await cluster.apiserver.start();
        await writable(world);
      },
      noticed: ['network'],
      writesAfter: true,
    },
    {
      name: 'an orderly restart of the API server',
      begin: () => cluster.apiserver.stop('SIGTERM'),
      end: async (world) => {
        await cluster.apiserver.start();
        await writable(world);
      },
      noticed: ['network'],
      writesAfter: true,
    },
    {
      name: 'a frozen API server',
      begin: async () => cluster.apiserver.signal('SIGSTOP'),
      end: async (world) => {
        cluster.apiserver.signal('SIGCONT');
        await writable(world);
      },
      noticed: ['idle'],
      writesAfter: true,
    },
    {
      name: 'a frozen etcd',
      begin: async () => cluster.etcd.signal('SIGSTOP'),
      end: async (world) => {
        cluster.etcd.signal('SIGCONT');
        await writable(world);
      },
      // Watches go on without it, silent: what fails is the list after that.
      noticed: ['timeout', 'server_error'],
      writesAfter: true,
    },
    {
      name: 'a crash of etcd',
      begin: () => cluster.etcd.stop('SIGKILL'),
      end: async (world) => {
        await cluster.etcd.start();
        await cluster.apiserver.ready();
        await writable(world);
      },
      noticed: [],
      writesAfter: true,
    },
    {
      name: 'another authority of the API server',
      begin: () => cluster.rotateServingAuthority(),
      end: writable,
      noticed: ['network', 'stream_broken'],
      writesAfter: true,
    },
    {
      name: 'rights that were taken away',
      begin: async () => void (await cluster.kubectl(['-n', NAMESPACE, 'delete', 'rolebinding', 'reader'])),
      end: async () => void (await cluster.apply([BINDING])),
      noticed: ['rbac_missing'],
    },
    {
      name: 'an account that was made again, and its new token',
      begin: async () => {
        await cluster.kubectl(['-n', NAMESPACE, 'delete', 'serviceaccount', 'reader']);
        await cluster.apply([READER[1]!]);
      },
      end: async ({ tokenFile }) =>
        replace(tokenFile, await cluster.token({ namespace: NAMESPACE, serviceAccount: 'reader' })),
      noticed: ['unauthorized'],
    },
    {
      name: 'a token file that was emptied',
      begin: async ({ tokenFile }) => {
        await replace(`${tokenFile}.kept`, await readFile(tokenFile, 'utf8'));
        await replace(tokenFile, '');
      },
      end: async ({ tokenFile }) => replace(tokenFile, await readFile(`${tokenFile}.kept`, 'utf8')),
      noticed: ['no_credentials'],
    },
  ];

  reflectorContract('of a real API server', open, faults);

  it('tells a CRD that is not installed from missing rights, and finds it installed again', async () => {
    const world = await open();
    const follower = new Follower(world);
    const install = async () => {
      await cluster.apply([CRD]);
      await cluster.kubectl(['wait', '--for=condition=Established', 'crd/widgets.example.com']);
    };
    await world.create('a', 1);
    follower.reflector.start();
    try {
      await world.until('watching', () => follower.has({ a: 1 }));
      await world.admin.delete(CRDS, 'widgets.example.com');
      await world.until('noticed', () => follower.reflector.status().reason === 'crd_not_installed');
      assert.match(follower.reflector.status().lastError ?? '', /404/);
      await install();
      const made = () =>
        world.create('b', 2).then(
          () => true,
          () => false,
        );
      await until(30_000, made);
      // What was deleted with the CRD may have been so unseen: it is gone now at the latest.
      await world.until('the new one', () => follower.has({ b: 2 }));
      follower.check();
    } finally {
      await follower.reflector.stop();
      await install();
    }
  });
});
