/** A cluster into which the chart is installed, on whose nodes its Pods really run. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type Cluster, OPERATOR, startCluster } from './cluster/index.ts';
import { eventually, REVOCATIONS } from './deletion-support.ts';
import { type Nodes, startNodes } from './node/index.ts';
import { AUDIENCE, account, administrator, namespaceNamed } from './serve-support.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
export const CHART = join(ROOT, 'charts/trustmint');
export const NAMESPACE = OPERATOR.namespace;
export const HOST = `trustmint.${NAMESPACE}.svc`;
const HELM = join(ROOT, 'bin/helm/helm');
/** Accounts of team-a, each with a policy of its own name in `tenants`. */
export const AGENTS = ['a0', 'a1', 'a2', 'a3'] as const;

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly seconds: number;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface HelmWorld {
  readonly cluster: Cluster;
  readonly nodes: Nodes;
  readonly admin: KubeClient;
  /** As a person types it, in the operator's namespace. */
  tryHelm(...args: string[]): Promise<Said>;
  /** @throws AssertionError with what it said */
  helm(...args: string[]): Promise<Said>;
  install(...args: string[]): Promise<Said>;
  /** `trustmint` as the administrator types it. @throws AssertionError with what it said */
  trustmint(...args: string[]): Promise<Said>;
  /** By the Service's name and under the CA of the ConfigMap; a connection of its own, or a kept one. */
  post(path: string, body: object, more?: { bearer?: string; agent?: Agent }): Promise<Answer>;
  proof(account?: string, namespace?: string): Promise<string>;
  /** A token for an account that a policy is for. */
  token(account?: string, namespace?: string): Promise<string>;
  isActive(token: string): Promise<boolean | undefined>;
  /** Every object of ours, and what the finalizers of it are. */
  ours(): Promise<KubeObject[]>;
  /** The audit records of all Pods that ever were. */
  records(): Promise<Record<string, unknown>[]>;
  kept(uid: string): Promise<KubeObject[]>;
  stop(): Promise<void>;
}

export async function startHelmWorld(): Promise<HelmWorld> {
  assert.ok(existsSync(HELM), 'bin/helm/helm is missing: run `make helm-assets`');
  const cluster = await startCluster({ controllerManager: true });
  let nodes: Nodes | undefined;
  try {
    nodes = await startNodes(cluster);
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.apply([
      ...[NAMESPACE, 'team-a', 'team-b', 'gateway'].map((name) => namespaceNamed(name, restricted)),
      ...AGENTS.map((name) => account('team-a', name)),
      account('team-b', 'other'),
      account('gateway', 'proxy'),
    ]);
    return worldOf(cluster, nodes, await administrator(cluster));
  } catch (error) {
    await nodes?.stop();
    await cluster.stop();
    throw error;
  }
}

function worldOf(cluster: Cluster, nodes: Nodes, admin: KubeClient): HelmWorld {
  let port: Promise<number> | undefined;
  let bearer: Promise<string> | undefined;
  const run = async (command: string, args: readonly string[]): Promise<Said> => {
    const home = join(cluster.dir, 'helm');
    await mkdir(home, { recursive: true });
    const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: cluster.adminKubeconfig };
    const began = performance.now();
    return await new Promise((done) => {
      execFile(command, args, { env, cwd: ROOT, timeout: 170_000 }, (error, out, err) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        done({ code, out, err, seconds: (performance.now() - began) / 1_000 });
      });
    });
  };
  const tryHelm: HelmWorld['tryHelm'] = (...args) => run(HELM, [...args, '-n', NAMESPACE]);
  const authority = async () =>
    await cluster.kubectl(['get', 'configmap', 'trustmint-ca', '-n', NAMESPACE, '-o', 'jsonpath={.data.ca\\.crt}']);
  let ca: string | undefined;
  const self: HelmWorld = {
    cluster,
    nodes,
    admin,
    tryHelm,
    async helm(...args) {
      const said = await tryHelm(...args);
      assert.equal(said.code, 0, `helm ${args.join(' ')}: ${said.err}${said.out}`);
      return said;
    },
    async trustmint(...args) {
      const said = await run(process.execPath, [join(ROOT, 'src/main.ts'), ...args]);
      assert.equal(said.code, 0, `trustmint ${args.join(' ')}: ${said.err}${said.out}`);
      return said;
    },
    async install(...args) {
      const said = await self.helm('install', 'trustmint', CHART, '--wait', '--timeout=90s', ...args);
      ca = await authority();
      assert.match(ca, /BEGIN CERTIFICATE/);
      return said;
    },
    async post(path, body, { bearer: token, agent = ONE_WAY } = {}) {
      port ??= nodes.reachService(NAMESPACE, 'trustmint', 'mint');
      const headers = {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const target = { host: '127.0.0.1', port: await port, servername: HOST, ca, agent, path, headers };
      return await new Promise((done, fail) => {
        const asked = request({ ...target, method: 'POST', timeout: 10_000 }, async (answer) => {
          const said = await text(answer).catch((error) => fail(error));
          done({ status: answer.statusCode ?? 0, body: said ? JSON.parse(said) : {} });
        });
        asked.once('timeout', () => asked.destroy(new Error('no answer')));
        asked.once('error', fail);
        asked.end(JSON.stringify(body));
      });
    },
    proof: (serviceAccount = AGENTS[0], namespace = 'team-a') =>
      cluster.token({ namespace, serviceAccount, audience: AUDIENCE, duration: '1h' }),
    async token(name, namespace) {
      const credentials = await self.proof(name, namespace);
      let last: Answer | undefined;
      await eventually(`a token for ${name}`, async () => {
        // A Service that is new leads nowhere for a moment.
        last = await self.post('/api/mint/exchange', { credentials, resource: 'api' }).catch(() => undefined);
        return last?.status === 200;
      });
      return String(last?.body.token);
    },
    async isActive(token) {
      const audience = `https://${HOST}:8443`;
      bearer ??= cluster.token({ namespace: 'gateway', serviceAccount: 'proxy', audience, duration: '1h' });
      const call = self.post('/api/mint/verify', { token, resource: 'api' }, { bearer: await bearer });
      const answer = await call.catch(() => undefined);
      return answer?.status === 200 ? (answer.body.active as boolean) : undefined;
    },
    async ours() {
      const kinds = ['trustpolicies', 'clustertrustpolicies', 'agentregistrations', 'protectedresources'];
      const pages = await Promise.all(
        [...kinds, 'tokenrevocations'].map((plural) =>
          admin.list({ ...REVOCATIONS, plural }, {}).catch(() => ({ items: [] as KubeObject[] })),
        ),
      );
      return pages.flatMap(({ items }) => [...items]);
    },
    async records() {
      const lines = (await nodes.logs(NAMESPACE, 'trustmint-')).split('\n').filter((line) => line.includes('"v":1'));
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async kept(uid) {
      const { items } = await admin.list(REVOCATIONS, {});
      return items.filter(({ spec }) => (spec as { policy?: string }).policy === uid);
    },
    async stop() {
      admin.close();
      await nodes.stop();
      await cluster.stop();
    },
  };
  return self;
}

const ONE_WAY = new Agent({ keepAlive: false });

/** Of one who asks again and again on the connection that there is. */
export const keptWay = () => new Agent({ keepAlive: true, maxSockets: 1 });

/** A policy for each agent, and what the gateway verifies; `last` is of deletionPolicy: Revoke. */
export const tenants = [
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
  ...AGENTS.map((name, n) => ({
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name, namespace: 'team-a' },
    spec: {
      provider: 'kubernetes',
      audience: AUDIENCE,
      deletionPolicy: n === AGENTS.length - 1 ? 'Revoke' : 'Drain',
      trustRules: [{ name: 'agents', match: { serviceAccount: name }, issue: { ttl: '1h', resources: ['api'] } }],
    },
  })),
];
