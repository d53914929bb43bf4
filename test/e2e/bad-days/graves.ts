/** Replicas in a real cluster, tokens that are dead, and watchmen over them at every replica. */
import assert from 'node:assert/strict';
import {
  type Cluster,
  install,
  OPERATOR,
  type Operator,
  OWN_ISSUER,
  startCluster,
  startOperator,
  until,
} from '../cluster/index.ts';
import { type Answer, account, eventually, exchange, namespaceNamed, policy, post, proofOf } from '../serve-support.ts';
import { type Watchman, watchman } from './watchman.ts';
import { resource } from './world.ts';

/** Milliseconds: half a minute's grace, and a minute in which a quiet kind gives a sign of life. */
const UNDONE_WITHIN = 130_000;
const NAMESPACES = ['team-a', 'team-b', 'gateway'];

export interface Minted {
  readonly token: string;
  readonly jti: string;
  /** Of its policy. */
  readonly uid: string;
}

export interface Graves {
  readonly cluster: Cluster;
  /** Those that were started last. */
  readonly replicas: readonly Operator[];
  start(count: number, ...flags: string[]): Promise<void>;
  stopAll(): Promise<void>;
  verify(replica: Operator, token: string): Promise<Answer>;
  /** A policy with an account of its own, and a token. */
  policyThat(namespace: string, name: string, more?: object): Promise<Minted>;
  /** Waits until every replica says that it is dead; from then on, to the relief, none may say anything else. */
  dead(one: Minted): Promise<void>;
  alive(one: Minted): Promise<void>;
  relieve(): Promise<void>;
  /** The specs of what is kept in the operator's namespace, a line each. */
  kept(): Promise<string>;
  /** What all replicas wrote. */
  logs(): string;
  patch(namespace: string, name: string, body: object): Promise<string>;
}

export const isAlive = ({ status, body }: Answer) => status === 200 && body.active === true;

export const revocation = (namespace: string, name: string, spec: object) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'TokenRevocation',
  metadata: { name, namespace },
  spec,
});

export const REVOKED = { spec: { state: 'Revoked' } };
export const STRIPPED = { metadata: { finalizers: [] } };

/** With three replicas; `mayfly` namespaces may be given tokens too. */
export async function createGraves(): Promise<Graves> {
  // Ending namespaces is a controller's work.
  const cluster = await startCluster({ controllerManager: true });
  let replicas: readonly Operator[] = [];
  let watchmen: Watchman[] = [];
  let gateway = '';

  const verify = (replica: Operator, token: string) =>
    post(`${replica.url}/api/mint/verify`, { token, resource: 'api' }, gateway);

  const graves: Graves = {
    cluster,
    get replicas() {
      return replicas;
    },
    async start(count, ...flags) {
      const all = ['--rate-limit=10000,20000', ...flags];
      replicas = await Promise.all(Array.from({ length: count }, () => startOperator(cluster, { flags: all })));
      for (const one of replicas) await one.ready();
    },
    async stopAll() {
      await Promise.all(replicas.map((one) => one.process.stop('SIGTERM')));
    },
    verify,
    async policyThat(namespace, name, more = {}) {
      await cluster.apply([account(namespace, name), policy(namespace, name, name, more, { resources: ['api'] })]);
      const proof = await proofOf(cluster, namespace, name);
      const { body } = await eventually(200, () => exchange(replicas[0]!, proof, { resource: 'api' }), 30_000);
      const alive = await verify(replicas[0]!, String(body.token));
      assert.equal(alive.body.active, true, JSON.stringify(alive.body));
      const uid = await cluster.kubectl(['-n', namespace, 'get', 'tpol', name, '-o', 'jsonpath={.metadata.uid}']);
      return { token: String(body.token), jti: String(alive.body.jti), uid };
    },
    async dead({ token }) {
      for (const replica of replicas)
        await until(20_000, async () => (await verify(replica, token)).body.active === false);
      watchmen.push(...replicas.map((replica) => watchman(() => verify(replica, token), isAlive)));
    },
    alive: ({ token }) =>
      until(UNDONE_WITHIN, async () => {
        const answers = await Promise.all(replicas.map((replica) => verify(replica, token)));
        return answers.every(isAlive);
      }),
    async relieve() {
      const all = watchmen;
      watchmen = [];
      for (const one of all) await one.relieve();
    },
    async kept() {
      const text = await cluster.kubectl(['-n', OPERATOR.namespace, 'get', 'trev', '-o', 'json']);
      const { items } = JSON.parse(text) as { items: { metadata: { name: string }; spec: object }[] };
      return items
        .filter(({ metadata }) => metadata.name.startsWith('kept-'))
        .map(({ spec }) => JSON.stringify(spec))
        .join('\n');
    },
    logs: () => replicas.map(({ process }) => process.log(5_000)).join('\n'),
    patch: (namespace, name, body) =>
      cluster.kubectl(['-n', namespace, 'patch', 'tpol', name, '--type=merge', '-p', JSON.stringify(body)]),
  };
  try {
    await install(cluster);
    await cluster.apply([
      ...NAMESPACES.map((name) => namespaceNamed(name, { 'trustmint.dev/tenant': name })),
      account('gateway', 'proxy'),
      resource('api', {
        audience: 'api-aud',
        grantableFrom: { namespaces: ['team-*', 'mayfly*'] },
        verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
      }),
    ]);
    gateway = await cluster.token({ namespace: 'gateway', serviceAccount: 'proxy', audience: OWN_ISSUER });
    await graves.start(3);
    return graves;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
