/** A real API server with the operator's parts and the namespaces that the benchmarks fill. */
import type { KubeClient } from '../../src/kube/types.ts';
import { type Cluster, install, startCluster } from '../../test/e2e/cluster/index.ts';
import { administrator, namespaceNamed } from '../../test/e2e/serve-support.ts';
import { BENCH, TEAM_NAMESPACES } from './cluster-objects.ts';

/** Starts it for as long as `use` takes; it also ends when this process is told to. */
export async function withBenchCluster<T>(use: (cluster: Cluster, admin: KubeClient) => Promise<T>): Promise<T> {
  const cluster = await startCluster();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void cluster.stop().finally(() => process.exit(130)));
  // The cluster does not keep this process alive.
  const awake = setInterval(() => {}, 60_000);
  try {
    await install(cluster);
    await cluster.apply([BENCH, ...TEAM_NAMESPACES].map((name) => namespaceNamed(name)));
    const admin = await administrator(cluster);
    try {
      return await use(cluster, admin);
    } finally {
      admin.close();
    }
  } finally {
    await cluster.stop();
    clearInterval(awake);
  }
}
