/** The operator's Deployment and its Pods, as whoever uninstalls sees them. */
import { KubeApiError } from '../kube/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../kube/types.ts';

const DEPLOYMENTS: ResourceType = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true };
const PODS: ResourceType = { group: '', version: 'v1', plural: 'pods', namespaced: true };

export interface OperatorPods {
  /** Those that may still write, of whatever revision; not the one that uninstalls. */
  alive(): Promise<readonly KubeObject[]>;
  /** Whether one of them can do what a deletion needs. */
  isServed(): Promise<boolean>;
  /** @returns false: there is no such Deployment */
  scaleToZero(): Promise<boolean>;
}

export function operatorPods(client: KubeClient, namespace: string, deployment: string): OperatorPods {
  /** Of a ReplicaSet of the Deployment: its name and a hash, which has no dash. */
  function isItsOwn({ metadata }: KubeObject): boolean {
    const { ownerReferences = [] } = metadata as { ownerReferences?: readonly { kind: string; name: string }[] };
    return ownerReferences.some(({ kind, name }) => {
      const dash = name.lastIndexOf('-');
      return kind === 'ReplicaSet' && name.slice(0, dash) === deployment;
    });
  }

  const alive = async () => {
    const { items } = await client.list(PODS, { namespace });
    return items.filter((pod) => isItsOwn(pod) && !hasEnded(pod));
  };
  return {
    alive,
    isServed: async () => (await alive()).some((pod) => !pod.metadata.deletionTimestamp && isReady(pod)),
    async scaleToZero() {
      try {
        const body = { spec: { replicas: 0 } };
        await client.patch(DEPLOYMENTS, deployment, namespace, 'merge', body, { subresource: 'scale' });
        return true;
      } catch (error) {
        if (error instanceof KubeApiError && error.status === 404) return false;
        throw error;
      }
    },
  };
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { type: string; status: string }[];
}

const hasEnded = ({ status }: KubeObject) => ['Succeeded', 'Failed'].includes((status as PodStatus)?.phase ?? '');

const isReady = ({ status }: KubeObject) =>
  (status as PodStatus)?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
