/** `make cluster`: a real API server of this machine's own with the operator in it, and what to try; until Ctrl-C. */
import { dirname } from 'node:path';
import {
  binary,
  type Cluster,
  install,
  type Operator,
  startCluster,
  startOperator,
} from '../../test/e2e/cluster/index.ts';

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});
const say = (text: string) => process.stdout.write(`${text}\n`);

let cluster: Cluster | undefined;
try {
  say('starting etcd, kube-apiserver, kube-controller-manager and the operator…');
  cluster = await startCluster({ controllerManager: true });
  await install(cluster);
  const operator = await startOperator(cluster, { flags: process.argv.slice(2) });
  await operator.ready();
  invite(cluster, operator);
  // The cluster does not keep this process alive.
  const awake = setInterval(() => {}, 60_000);
  await interrupted;
  clearInterval(awake);
  say('\nstopping…');
} finally {
  await cluster?.stop();
}

function invite({ server, adminKubeconfig, dir }: Cluster, operator: Operator): void {
  const exchange = `${operator.url}/api/mint/exchange`;
  say(`
API server  ${server}
mint        ${operator.url}
operations  ${operator.ops}
log, audit  ${dir}/${operator.process.name}.log (removed at the end)

Try, in another terminal, from ${process.cwd()}:

    export KUBECONFIG=${adminKubeconfig} PATH=${dirname(binary('kubectl'))}:$PATH
    kubectl apply -f examples/kubernetes/research-agent.yaml
    kubectl get tpol --all-namespaces
    proof=$(kubectl --namespace ai-agents create token research-agent --audience satgate --duration 10m)
    curl --silent --request POST --header "Authorization: Bearer $proof" ${exchange}; echo
    kubectl --namespace ai-agents patch tpol research --type merge --patch '{"spec": {"audience": "*"}}' # refused
    kubectl explain tpol.spec.trustRules.match
    kubectl --namespace ai-agents delete tpol research
    curl --silent --request POST --header "Authorization: Bearer $proof" ${exchange}; echo # refused

Ctrl-C stops it.`);
}
