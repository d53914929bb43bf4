/** A cluster with two replicas, and how a person sees the status of what lies in namespace team-a. */
import assert from 'node:assert/strict';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type Cluster, install, type Operator, startCluster, startOperator, until } from './cluster/index.ts';
import { account, administrator, namespaceNamed, TRUST_POLICIES } from './serve-support.ts';

/** Milliseconds in which a status must follow; the write itself takes a few. */
export const SOON = 10_000;
/** A Lease that nobody renews is waited for 15 s, and then for an attempt to take it. */
export const TAKEN_OVER = 40_000;

export interface Watched {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  readonly replicas: readonly Operator[];
  /** kubectl in team-a. */
  inTeam(...args: string[]): Promise<string>;
  conditionOf(policy: string, type: string, member: string): Promise<string>;
  /** `kubectl wait --for=WHAT` of a policy. */
  waitFor(what: string, policy: string, withinMs?: number): Promise<string>;
  stored(policy: string): Promise<KubeObject>;
  eventOf(policy: string, reason: string): Promise<KubeObject>;
  /** With its finalizer, which comes after its status: then nothing more is written while nothing changes. */
  held(policy: string): Promise<KubeObject>;
  stop(): Promise<void>;
}

export async function startWatched(): Promise<Watched> {
  const cluster = await startCluster();
  try {
    await install(cluster);
    const admin = await administrator(cluster);
    await cluster.apply([...['team-a', 'team-b'].map((name) => namespaceNamed(name)), account('team-a', 'agent')]);
    const replicas = [await startOperator(cluster), await startOperator(cluster)];
    for (const replica of replicas) await replica.ready();
    return watched(cluster, admin, replicas);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function eventually(what: string, holds: () => Promise<boolean>, withinMs = SOON): Promise<void> {
  await until(withinMs, holds).catch(() => assert.fail(`${what}: not within ${withinMs} ms`));
}

function watched(cluster: Cluster, admin: KubeClient, replicas: readonly Operator[]): Watched {
  const inTeam = (...args: string[]) => cluster.kubectl(['-n', 'team-a', ...args]);
  return {
    cluster,
    admin,
    replicas,
    inTeam,
    conditionOf: (name, type, member) =>
      inTeam('get', 'tpol', name, '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].${member}}`),
    waitFor: (what, name, withinMs = SOON) =>
      inTeam('wait', `--for=${what}`, `--timeout=${withinMs / 1000}s`, `tpol/${name}`),
    async held(name) {
      let found: KubeObject | undefined;
      await eventually(`the finalizer of ${name}`, async () => {
        found = await admin.get(TRUST_POLICIES, name, 'team-a');
        return found.metadata.finalizers !== undefined;
      });
      return found!;
    },
    stored: (name) => admin.get(TRUST_POLICIES, name, 'team-a'),
    async eventOf(name, reason) {
      const type = { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true };
      let found: KubeObject | undefined;
      await eventually(`Event ${reason} about ${name}`, async () => {
        const { items } = await admin.list(type, { namespace: 'team-a' });
        found = items.find((one) => one.reason === reason && (one.regarding as { name?: string }).name === name);
        return found !== undefined;
      });
      return found!;
    },
    async stop() {
      admin.close();
      await cluster.stop();
    },
  };
}
