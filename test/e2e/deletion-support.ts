/** A cluster in which policies end: what a person sees of it, and whether a gateway still takes what they gave. */
import assert from 'node:assert/strict';
import type { KubeClient, KubeObject, ResourceType, WatchEvent } from '../../src/kube/types.ts';
import {
  type Cluster,
  type ClusterOptions,
  install,
  type Operator,
  OWN_ISSUER,
  startCluster,
  startOperator,
  until,
} from './cluster/index.ts';
import {
  account,
  administrator,
  eventually as answers,
  exchange,
  namespaceNamed,
  policy,
  post,
  proofOf,
  TRUST_POLICIES,
} from './serve-support.ts';

export const FINALIZER = 'trustmint.dev/revocation';
/** Milliseconds in which a deletion ends, on a machine that does much else. */
export const SOON = 20_000;
/** A Lease that nobody renews is waited for 15 s, and then for an attempt to take it. */
export const TAKEN_OVER = 45_000;
const UNLIMITED = '--rate-limit=10000,20000';

const type = (plural: string, namespaced: boolean, group = 'trustmint.dev'): ResourceType => ({
  group,
  version: group === 'trustmint.dev' ? 'v1alpha1' : 'v1',
  plural,
  namespaced,
});
export const CLUSTER_POLICIES = type('clustertrustpolicies', false);
export const REVOCATIONS = type('tokenrevocations', true);
const EVENTS = type('events', true, 'events.k8s.io');

/** A policy that gives tokens of the resource that the gateway verifies. */
export const giving = (name: string, serviceAccount: string, more: object = {}, namespace = 'team-a') =>
  policy(namespace, name, serviceAccount, more, { resources: ['api'] });

export interface Status {
  readonly phase?: string;
  readonly revokedAt?: string;
  readonly tokensValidUntil?: string;
  readonly effectiveEverywhereBy?: string;
  readonly longestTtl?: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    message: string;
  }[];
}

export interface Ending {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  readonly replicas: Operator[];
  startReplica(flags?: readonly string[], kubeconfig?: string): Promise<Operator>;
  /** A token by a policy that is for this account alone. */
  token(serviceAccount: string, namespace?: string, at?: Operator): Promise<string>;
  /** Whether a gateway takes it; undefined while the replica does not answer so. */
  isActive(token: string, at: Operator): Promise<boolean | undefined>;
  /** Waits until the policy has our finalizer. */
  held(name: string, namespace?: string): Promise<KubeObject>;
  /** All that is told of the policies of a namespace from now on. */
  watch(namespace: string): Promise<WatchEvent[]>;
  events(about: string): Promise<KubeObject[]>;
  tombstones(uid: string): Promise<KubeObject[]>;
  /** The audit records of the end of a policy, of all replicas. */
  audited(uid: string): Record<string, unknown>[];
  leader(): Promise<Operator>;
  gone(name: string, namespace?: string, withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startEnding(count: number, options: ClusterOptions = {}, flags: readonly string[] = []) {
  const cluster = await startCluster(options);
  try {
    await install(cluster);
    const accounts = ['agent', 'second', 'third', 'fourth'];
    await cluster.apply([
      ...['team-a', 'team-b', 'gateway'].map((name) => namespaceNamed(name)),
      ...accounts.map((name) => account('team-a', name)),
      account('gateway', 'proxy'),
      {
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'ProtectedResource',
        metadata: { name: 'api' },
        spec: {
          audience: 'api-aud',
          grantableFrom: { namespaces: ['*'] },
          verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
        },
      },
    ]);
    const ending = endingOf(cluster, await administrator(cluster));
    for (let n = 0; n < count; n += 1) await ending.startReplica(flags);
    return ending;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function eventually(what: string, holds: () => Promise<boolean>, withinMs = SOON): Promise<void> {
  await until(withinMs, holds).catch((error) => assert.fail(`${what}: ${error.message}`));
}

function endingOf(cluster: Cluster, admin: KubeClient): Ending {
  const replicas: Operator[] = [];
  const watches = new AbortController();
  let bearer: Promise<string> | undefined;
  const self: Ending = {
    cluster,
    admin,
    replicas,
    async startReplica(flags = [], kubeconfig) {
      const one = await startOperator(cluster, { flags: [UNLIMITED, ...flags], ...(kubeconfig && { kubeconfig }) });
      await one.ready();
      replicas.push(one);
      return one;
    },
    async token(serviceAccount, namespace = 'team-a', at = replicas[0]!) {
      const proof = await proofOf(cluster, namespace, serviceAccount);
      const { body } = await answers(200, () => exchange(at, proof, { resource: 'api' }));
      return String(body.token);
    },
    async isActive(token, at) {
      bearer ??= cluster.token({ namespace: 'gateway', serviceAccount: 'proxy', audience: OWN_ISSUER, duration: '1h' });
      const call = post(`${at.url}/api/mint/verify`, { token, resource: 'api' }, await bearer);
      const { status, body } = await call.catch(() => ({ status: 0, body: {} as Record<string, unknown> }));
      return status === 200 ? (body.active as boolean) : undefined;
    },
    async held(name, namespace = 'team-a') {
      let found: KubeObject | undefined;
      await eventually(
        `the finalizer of ${name}`,
        async () => {
          found = await admin.get(TRUST_POLICIES, name, namespace);
          return found.metadata.finalizers?.includes(FINALIZER) ?? false;
        },
        TAKEN_OVER,
      );
      return found!;
    },
    async watch(namespace) {
      const seen: WatchEvent[] = [];
      const { resourceVersion } = await admin.list(TRUST_POLICIES, { namespace, limit: 1 });
      const params = { namespace, resourceVersion, timeoutSeconds: 3_600 };
      const events = await admin.watch(TRUST_POLICIES, params, { signal: watches.signal });
      void (async () => {
        for await (const event of events) seen.push(event);
      })().catch(() => {});
      return seen;
    },
    async events(about) {
      const { items } = await admin.list(EVENTS, {});
      return items.filter(({ regarding }) => (regarding as { uid?: string }).uid === about);
    },
    async tombstones(uid) {
      const { items } = await admin.list(REVOCATIONS, {});
      return items.filter(({ spec }) => (spec as { policy?: string }).policy === uid);
    },
    audited: (uid) =>
      replicas.flatMap((one) =>
        one.process
          .log(100_000)
          .split('\n')
          .filter((line) => line.startsWith('{') && line.includes('"kind":"policy"') && line.includes(uid))
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      ),
    async leader() {
      const leads = (one: Operator) =>
        one.process.pid !== undefined &&
        [...one.process.log(100_000).matchAll(/ info (leads|follows) /g)].at(-1)?.[1] === 'leads';
      await eventually('a leader', async () => replicas.some(leads), TAKEN_OVER);
      return replicas.find(leads)!;
    },
    async gone(name, namespace = 'team-a', withinMs = SOON) {
      const get = () => admin.get(TRUST_POLICIES, name, namespace, { retry: false });
      const isGone = () =>
        get().then(
          () => false,
          (error) => error.status === 404,
        );
      await eventually(`${namespace}/${name} is gone`, isGone, withinMs);
    },
    async stop() {
      watches.abort();
      admin.close();
      await cluster.stop();
    },
  };
  return self;
}

export const statusOf = (object: KubeObject | undefined) => (object?.status ?? { conditions: [] }) as Status;

export const condition = (object: KubeObject | undefined, wanted: string) =>
  statusOf(object).conditions.find((one) => one.type === wanted);

/** What was told last of it before it was gone. */
export function lastOf(seen: readonly WatchEvent[], uid: string): KubeObject | undefined {
  const mine = seen.filter(({ object }) => object.metadata.uid === uid);
  const end = mine.findIndex((event) => event.type === 'DELETED');
  return mine[end - 1]?.object;
}
