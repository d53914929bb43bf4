/** The scheduler: a Pod goes to the node that has the fewest of its kind. */
import type { KubeClient, KubeObject } from '../../../src/kube/types.ts';
import { core, follow, PODS } from './follow.ts';
import type { Pod } from './pod-types.ts';

const BINDINGS = core('bindings');

export async function schedule(client: KubeClient, nodes: readonly string[], signal: AbortSignal): Promise<void> {
  /** By uid of the Pod: what the collection need not show yet. */
  const bound = new Map<string, string>();
  await follow(client, PODS, signal, (all) => {
    for (const pod of all.values() as Iterable<Pod>) {
      const { uid, name, namespace, deletionTimestamp } = pod.metadata;
      if (pod.spec.nodeName || pod.spec.schedulingGates?.length || deletionTimestamp || bound.has(uid)) continue;
      // Nodes have no labels but their names here.
      const wanted = pod.spec.nodeSelector ?? {};
      const fitting = nodes.filter((node) =>
        Object.entries(wanted).every(([key, value]) => labelsOf(node)[key] === value),
      );
      const [node] = fitting.toSorted((a, b) => like(pod, all, bound, a) - like(pod, all, bound, b));
      if (!node) continue;
      bound.set(uid, node);
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      client
        .create(BINDINGS, { apiVersion: 'v1', kind: 'Binding', metadata: { name, uid }, target }, namespace)
        .catch(() => bound.delete(uid));
    }
  });
}

export const labelsOf = (node: string): Record<string, string> => ({
  'kubernetes.io/hostname': node,
  'kubernetes.io/os': 'linux',
});

/** How many of the same controller, or with the same labels, are there. */
function like(
  pod: Pod,
  all: ReadonlyMap<string, KubeObject>,
  bound: ReadonlyMap<string, string>,
  node: string,
): number {
  const kind = kindOf(pod);
  return [...(all.values() as Iterable<Pod>)].filter(
    (one) => (one.spec.nodeName ?? bound.get(one.metadata.uid)) === node && kindOf(one) === kind,
  ).length;
}

const kindOf = ({ metadata }: Pod) => `${metadata.namespace} ${JSON.stringify(metadata.labels ?? {})}`;
