/** What the tests of serving do again and again: objects to apply, tokens to exchange. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { systemClock } from '../../src/clock.ts';
import { createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';
import type { KubeClient, ResourceType } from '../../src/kube/types.ts';
import { type Cluster, install, type Operator, startCluster, startOperator } from './cluster/index.ts';

export const AUDIENCE = 'satgate';

export const TRUST_POLICIES: ResourceType = {
  group: 'trustmint.dev',
  version: 'v1alpha1',
  plural: 'trustpolicies',
  namespaced: true,
};

/** A policy that gives the accounts of its namespace tokens for an hour. */
export function policy(namespace: string, name: string, serviceAccount: string, more: object = {}, rule: object = {}) {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name, namespace },
    spec: {
      provider: 'kubernetes',
      audience: AUDIENCE,
      trustRules: [{ name: 'agents', match: { serviceAccount }, issue: { ttl: '1h', ...rule } }],
      ...more,
    },
  };
}

export const namespaceNamed = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const account = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

/** A proof of a service account, as a pod would have it. */
export const proofOf = (cluster: Cluster, namespace: string, serviceAccount: string, audience = AUDIENCE) =>
  cluster.token({ namespace, serviceAccount, audience, duration: '10m' });

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function exchange(operator: Pick<Operator, 'url'>, proof: string, body: object = {}): Promise<Answer> {
  return post(`${operator.url}/api/mint/exchange`, { credentials: proof, ...body });
}

export async function post(url: string, body: object, bearer?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

export async function get(url: string, bearer?: string): Promise<Answer> {
  const answer = await fetch(url, bearer ? { headers: { authorization: `Bearer ${bearer}` } } : {});
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

/** The administrator, without a kubectl process for each word. */
export async function administrator(cluster: Cluster): Promise<KubeClient> {
  const clock = systemClock;
  const credentials = await loadKubeconfig(cluster.adminKubeconfig, undefined, { clock });
  const rate = { qps: 1_000, burst: 1_000 };
  return createKubeClient({ credentials, clock, random: (n) => new Uint8Array(n), rate });
}

/** Milliseconds in which a change of an object must be seen; how fast it really is a benchmark tells. */
export const SOON = 10_000;

/** Asks until the answer has the status that is wanted; a little slowly, for the limits on one caller are not tried. */
export async function eventually(wanted: number, ask: () => Promise<Answer>, withinMs = SOON): Promise<Answer> {
  const deadline = performance.now() + withinMs;
  let last = await ask();
  while (last.status !== wanted && performance.now() < deadline) {
    await sleep(50);
    last = await ask();
  }
  assert.equal(last.status, wanted, JSON.stringify(last.body));
  return last;
}

/** A cluster with Trustmint in it, and this many replicas that are ready. */
export async function startMint(replicas: number, objects: readonly object[], flags: readonly string[] = []) {
  const cluster = await startCluster();
  try {
    await install(cluster);
    await cluster.apply(objects);
    const started = await Promise.all(Array.from({ length: replicas }, () => startOperator(cluster, { flags })));
    for (const one of started) await one.ready();
    return { cluster, replicas: started };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
