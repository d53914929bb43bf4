/**
 * The world `install`: a real API server with nodes on which Pods run, and nothing of ours in it. What is forwarded from
 * the Service trustmint is at 127.0.0.1:8443 from the beginning.
 */
import { connect, createServer } from 'node:net';
import { startCluster } from '../../e2e/cluster/index.ts';
import { startNodes } from '../../e2e/node/index.ts';
import { atEnd, serveWorld, WORK } from './inside.ts';
import { cloneIn } from './namespace.ts';

cloneIn(WORK);
const cluster = await startCluster({ controllerManager: true });
atEnd(() => cluster.stop());
const nodes = await startNodes(cluster);
atEnd(() => nodes.stop());
const port = await nodes.reachService('trustmint-system', 'trustmint', 8443);
const forwarded = createServer((near) => {
  const far = connect(port, '127.0.0.1');
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.pipe(far).pipe(near);
});
await new Promise<void>((resolve) => forwarded.listen(8443, '127.0.0.1', resolve));
atEnd(() => forwarded.close());
await serveWorld({ KUBECONFIG: cluster.adminKubeconfig });
