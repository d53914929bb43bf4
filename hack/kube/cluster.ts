/** `make cluster`: a real API server of this machine's own with Trustmint's CRDs in it, and what to try; until Ctrl-C. */
import { dirname } from 'node:path';
import { binary, type Cluster, startCluster } from '../../test/e2e/cluster/index.ts';

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});
const say = (text: string) => process.stdout.write(`${text}\n`);

let cluster: Cluster | undefined;
try {
  say('starting etcd, kube-apiserver and kube-controller-manager…');
  cluster = await startCluster({ controllerManager: true });
  await cluster.kubectl(['apply', '-f', 'crds']);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds']);
  invite(cluster);
  // The cluster does not keep this process alive.
  const awake = setInterval(() => {}, 60_000);
  await interrupted;
  clearInterval(awake);
  say('\nstopping…');
} finally {
  await cluster?.stop();
}

function invite({ server, adminKubeconfig, dir }: Cluster): void {
  const example = 'examples/kubernetes/research-agent.yaml';
  say(`
API server  ${server}
logs, data  ${dir} (removed at the end)
Trustmint   its CRDs only: \`trustmint serve\` does not watch a cluster yet, so no status is written and nothing is minted

Try, in another terminal, from ${process.cwd()}:

    export KUBECONFIG=${adminKubeconfig} PATH=${dirname(binary('kubectl'))}:$PATH
    kubectl apply -f ${example}
    kubectl get tpol --all-namespaces
    kubectl --namespace ai-agents patch tpol research --type merge --patch '{"spec": {"audience": "*"}}' # refused
    kubectl explain tpol.spec.trustRules.match
    kubectl --namespace ai-agents create token research-agent --audience satgate --duration 10m
    kubectl --namespace ai-agents delete tpol research

Ctrl-C stops it.`);
}
