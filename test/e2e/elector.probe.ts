/**
 * A process of its own that stands for election: `elector.probe.ts <kubeconfig> <namespace> <lease> <identity>`. It says
 * every 20 ms on standard output whether it leads; a TERM ends it in order.
 */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/clock.ts';
import { createKubeClient, LeaderElector, loadKubeconfig } from '../../src/kube/index.ts';

const [kubeconfig = '', namespace = '', name = '', identity = ''] = process.argv.slice(2);
const clock = systemClock;
const client = createKubeClient({
  credentials: await loadKubeconfig(kubeconfig, undefined, { clock }),
  clock,
  random: randomBytes,
});
const elector = new LeaderElector({
  client,
  clock,
  random: randomBytes,
  namespace,
  name,
  identity,
  timings: { leaseDurationMs: 4_000, renewDeadlineMs: 2_500, retryPeriodMs: 300, requestTimeoutMs: 1_000 },
  lead: () => {},
});
elector.start();
const say = setInterval(() => {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), leading: elector.isLeader() })}\n`);
}, 20);
process.once('SIGTERM', async () => {
  await elector.stop();
  clearInterval(say);
  client.close();
});
