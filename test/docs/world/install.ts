/**
 * The world `install`: a real API server with two played nodes, on which Pods run (test/e2e/node), and nothing installed. The
 * image is the one of `make image` where that is fresh, else this repository. `kubectl port-forward` goes to the Pods.
 */
import { serveWorld } from './inside.ts';
import { startRunningNodes } from './nodes.ts';

const { env } = await startRunningNodes();
await serveWorld(env);
