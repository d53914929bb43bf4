/** A cluster with three replicas, each with its own way to the API server, and the workloads that ask them. */
import { join } from 'node:path';
import { type Cluster, install, OPERATOR, OWN_ISSUER, startCluster, startOperator } from '../cluster/index.ts';
import { type Way, wayOf } from '../cluster/way.ts';
import { AUDIENCE, account, administrator, namespaceNamed } from '../serve-support.ts';
import { CANARY, type Canary } from './recovery.ts';
import { accountSlot, GATEWAY, RESOURCE, robotProof, robotSlot } from './slots.ts';
import type { Replica, Stage, Team } from './soak-types.ts';
import { tokenRequests } from './token-request.ts';

const REPLICAS = 3;
const TEAMS = ['soak-a', 'soak-b', 'soak-c'];
const WORKLOADS = ['one', 'two', 'three'];
const ROBOT_NAMES = ['robot-one', 'robot-two'];
/** V8 gives its young generation more of the machine the busier it is: held small, what is resident says something. */
const PRELOADED = [
  '--max-semi-space-size=8',
  '--expose-gc',
  `--import=${join(import.meta.dirname, 'collect-on-signal.ts')}`,
];
const FLAGS = ['--rate-limit=10000,20000'];
const READY_WITHIN = 120_000;

const resource = {
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: RESOURCE },
  spec: { audience: RESOURCE, grantableFrom: { namespaces: ['*'] }, verifiers: [GATEWAY] },
};

export async function raise(canary: Canary): Promise<Stage & { strike(): Promise<void> }> {
  const cluster = await startCluster({ controllerManager: true });
  const ways: Way[] = [];
  const ends: (() => void)[] = [];
  const strike = async () => {
    for (const end of ends) end();
    await cluster.stop();
    for (const way of ways) way.stop();
  };
  try {
    await install(cluster);
    const admin = await administrator(cluster);
    const requests = tokenRequests(cluster);
    ends.push(
      () => admin.close(),
      () => requests.close(),
    );
    const teams: Team[] = TEAMS.map((name) => ({
      name,
      slots: WORKLOADS.map((workload) => accountSlot(name, workload)),
      closing: false,
      writes: 0,
    }));
    const robots = ROBOT_NAMES.map(robotSlot);
    const slots = [...teams.flatMap((team) => team.slots), ...robots];
    const all = [...slots, ...canary.slots];
    await cluster.apply([
      ...[...TEAMS, CANARY, GATEWAY.namespace].map((name) => namespaceNamed(name)),
      account(GATEWAY.namespace, GATEWAY.serviceAccount),
      ...all.flatMap(({ namespace, account: name }) => (namespace === undefined ? [] : [account(namespace, name)])),
      resource,
      ...canary.policies(),
    ]);
    for (const slot of all) {
      slot.proof =
        slot.namespace === undefined
          ? await robotProof(slot.account)
          : await requests.token(slot.namespace, slot.account, AUDIENCE);
    }
    const bearer = await requests.token(GATEWAY.namespace, GATEWAY.serviceAccount, OWN_ISSUER);
    const replicas: Replica[] = [];
    for (let index = 0; index < REPLICAS; index += 1) {
      const replica = await startReplica(cluster, index);
      ways.push(replica.way);
      replicas.push(replica);
    }
    for (const { operator } of replicas) await operator.ready(READY_WITHIN);
    return { cluster, admin, requests, replicas, teams, slots, bearer, strike };
  } catch (error) {
    await strike();
    throw error;
  }
}

async function startReplica(cluster: Cluster, index: number): Promise<Replica> {
  const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
  const way = await wayOf(kubeconfig, cluster.server);
  // Of a first start the environment is the only way; later ones have the flags.
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = PRELOADED.join(' ');
  try {
    const operator = await startOperator(cluster, { kubeconfig, flags: FLAGS });
    operator.process.flags.unshift(...PRELOADED);
    return { index, operator, way };
  } catch (error) {
    way.stop();
    throw error;
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  }
}
