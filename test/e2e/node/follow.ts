/** A collection, as it is and as it becomes: what a scheduler, a kubelet and a kube-proxy look at. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient, KubeObject, ResourceType } from '../../../src/kube/types.ts';

export const core = (plural: string, namespaced = true): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  namespaced,
});

export const PODS = core('pods');
export const SERVICES = core('services');
export const ENDPOINT_SLICES: ResourceType = { ...core('endpointslices'), group: 'discovery.k8s.io' };

const PAUSE_MS = 200;
const WATCH_SECONDS = 300;

export const keyOf = ({ metadata: { namespace = '', name } }: KubeObject) => `${namespace}/${name}`;

/**
 * Calls back with all objects by key, at first and after each change, until the signal.
 * @param changed the key of what changed; absent: everything may have
 */
export async function follow(
  client: KubeClient,
  type: ResourceType,
  signal: AbortSignal,
  onChange: (all: ReadonlyMap<string, KubeObject>, changed?: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = await client.list(type, {}, { signal });
      const all = new Map(items.map((one) => [keyOf(one), one]));
      onChange(all);
      const params = { resourceVersion, timeoutSeconds: WATCH_SECONDS };
      for await (const { type: what, object } of await client.watch(type, params, { signal })) {
        if (what === 'ERROR') break;
        if (what === 'BOOKMARK') continue;
        const key = keyOf(object);
        if (what === 'DELETED') all.delete(key);
        else all.set(key, object);
        onChange(all, key);
      }
    } catch {
      // The API server restarts, say: what there is then is listed anew.
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}
