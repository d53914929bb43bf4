/** The policies that a cluster is filled with, and how they get there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/types.ts';
import { TRUST_POLICIES } from '../../test/e2e/serve-support.ts';

/** The audience of every proof. */
export const AUDIENCE = 'satgate';
/** Where the measured workloads are; nobody else is. */
export const BENCH = 'bench';
const TEAMS = 50;
const RULES = 3;
/** Requests under way at once. */
const WRITERS = 16;

/** The namespaces that the policies of `fill` are spread over. */
export const TEAM_NAMESPACES: readonly string[] = Array.from({ length: TEAMS }, (_, i) => `team-${i + 1}`);

/** A policy for one service account of the measured namespace. `edition` is a caveat of whatever it gives. */
export function measured(name: string, edition: number): object {
  const issue = { ttl: '1h', caveats: [`edition = ${edition}`] };
  return policy(BENCH, name, [{ name: 'only', match: { serviceAccount: name }, issue }]);
}

/** Policies `from` … `to` − 1, each with three rules for service accounts of its own. @returns seconds */
export async function fill(admin: KubeClient, from: number, to: number): Promise<number> {
  const began = performance.now();
  let next = from;
  const writer = async () => {
    while (next < to) {
      const i = next;
      next += 1;
      const namespace = TEAM_NAMESPACES[i % TEAMS] as string;
      const rules = Array.from({ length: RULES }, (_, rule) => ({
        name: `rule-${rule + 1}`,
        match: { serviceAccount: `agent-${i}-${rule + 1}` },
        issue: { ttl: '8h', budgetCredits: 1000, caveats: ['department = research', `cost_center = c-${i}`] },
      }));
      await admin.create(TRUST_POLICIES, policy(namespace, `policy-${i}`, rules), namespace);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return (performance.now() - began) / 1000;
}

/** Until the leader has reported on every policy: its writes are not what is measured. Goes on after 2 min all the same. */
export async function reported(admin: KubeClient, policies: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    const { items } = await admin.list(TRUST_POLICIES, {});
    const done = items.filter(({ status }) => Object.hasOwn((status as object | undefined) ?? {}, 'conditions')).length;
    if (done >= policies) return;
    await sleep(1_000);
  }
  console.log('not every policy has its status yet');
}

function policy(namespace: string, name: string, trustRules: readonly object[]): object {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TrustPolicy',
    metadata: { name, namespace },
    spec: { provider: 'kubernetes', audience: AUDIENCE, trustRules },
  };
}
