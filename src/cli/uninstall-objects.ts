/** Our objects of a cluster, wherever an uninstalled operator left them: seen, deleted, let go. */
import { listAll } from '../kube/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../kube/types.ts';
import { FINALIZER, takeOff, WATCHED, type WatchedKind } from '../operator/index.ts';

export interface Found {
  readonly kind: WatchedKind;
  readonly object: KubeObject;
}

/** Those that may have our finalizer. */
export const HELD: readonly WatchedKind[] = ['TrustPolicy', 'ClusterTrustPolicy', 'AgentRegistration'];
export const ALL = Object.keys(WATCHED) as WatchedKind[];

const NAMESPACES: ResourceType = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };
/** Requests at a time: a thousand objects in some seconds. */
const AT_ONCE = 16;

/** Every object of these kinds. A kind that is not installed has none. @param namespaces absent: all */
export async function find(
  client: KubeClient,
  kinds: readonly WatchedKind[],
  namespaces: readonly string[] | undefined,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const kind of kinds) {
    const type = WATCHED[kind];
    const places = type.namespaced && namespaces ? namespaces : [undefined];
    for (const namespace of places)
      for (const object of await all(client, type, namespace)) found.push({ kind, object });
  }
  return found;
}

export const isHeld = ({ object }: Found) => object.metadata.finalizers?.includes(FINALIZER) ?? false;

export const isDeleted = ({ object }: Found) => object.metadata.deletionTimestamp !== undefined;

async function all(client: KubeClient, type: ResourceType, namespace: string | undefined): Promise<KubeObject[]> {
  return await listAll(client, type, { metadataOnly: true, ...(namespace && { namespace }) }).catch(async (error) => {
    if (error.status === 404) return [];
    // With a namespace went the right to look into it.
    if (error.status === 403 && namespace && (await isGone(client, namespace))) return [];
    throw error;
  });
}

async function isGone(client: KubeClient, namespace: string): Promise<boolean> {
  try {
    await client.get(NAMESPACES, namespace);
    return false;
  } catch (error) {
    return (error as { status?: number }).status === 404;
  }
}

/**
 * Deletes those very objects, and none that has their name by now.
 * @returns what could not be
 */
export function remove(client: KubeClient, found: readonly Found[]): Promise<unknown[]> {
  return each(found, async ({ kind, object: { metadata } }) => {
    await client.delete(WATCHED[kind], metadata.name, metadata.namespace, { uid: metadata.uid });
  });
}

/**
 * Takes our finalizer off, and no other.
 * @param taken gains the uids of those from which it was taken
 * @returns what could not be
 */
export function letGo(client: KubeClient, found: readonly Found[], taken: Set<string>): Promise<unknown[]> {
  return each(found, async ({ kind, object: { metadata } }) => {
    const one = { ...metadata, finalizers: metadata.finalizers ?? [] };
    if (await takeOff(client, WATCHED[kind], one, {})) taken.add(metadata.uid);
  });
}

/** @returns the failures; what is gone, or another by now, is none */
async function each(found: readonly Found[], act: (one: Found) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = [];
  const left = [...found].reverse();
  const worker = async () => {
    for (let one = left.pop(); one; one = left.pop()) {
      await act(one).catch((error) => {
        if (![404, 409].includes(error.status)) failures.push(error);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}
