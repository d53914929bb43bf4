/** Our finalizer: put on and taken off so that no other's is touched, nor an object of the same name. */
import type { CallOptions, KubeClient, ResourceType } from '../../kube/types.ts';
import { statusOf } from '../errors.ts';

export const FINALIZER = 'trustmint.dev/revocation';

/** Looks at the object as it is now, at most, before it is left to another try. */
const LOOKS = 3;

export interface Finalized {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly finalizers: readonly string[];
}

type Client = Pick<KubeClient, 'get' | 'patch'>;

/**
 * Puts it onto an object that is as we know it.
 * @returns false: the object is another by now, or gone
 * @throws KubeApiError
 */
export async function putOn(client: Client, type: ResourceType, one: Finalized, call: CallOptions): Promise<boolean> {
  const { name, namespace, uid, resourceVersion, finalizers } = one;
  const patch = [
    { op: 'test', path: '/metadata/uid', value: uid },
    // Whoever made it another may have begun a list of finalizers, which ours must not replace, or deleted it.
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    finalizers.length === 0
      ? { op: 'add', path: '/metadata/finalizers', value: [FINALIZER] }
      : { op: 'add', path: '/metadata/finalizers/-', value: FINALIZER },
  ];
  try {
    await client.patch(type, name, namespace, 'json', patch, call);
    return true;
  } catch (error) {
    if ([404, 409, 422].includes(statusOf(error))) return false;
    throw error;
  }
}

/**
 * Takes it off, and nothing else.
 * @returns false: whether it is off is not known; try again
 * @throws KubeApiError; 404 where there is no object
 */
export async function takeOff(client: Client, type: ResourceType, one: Finalized, call: CallOptions): Promise<boolean> {
  const { name, namespace, uid } = one;
  let { finalizers } = one;
  for (let look = 0; look < LOOKS; look += 1) {
    // Nobody keeps a list from having it twice. The last first: what stands before keeps its place.
    const paths = finalizers.flatMap((one, i) => (one === FINALIZER ? [`/metadata/finalizers/${i}`] : [])).reverse();
    if (paths.length === 0) return true;
    const patch = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...paths.flatMap((path) => [
        { op: 'test', path, value: FINALIZER },
        { op: 'remove', path },
      ]),
    ];
    try {
      await client.patch(type, name, namespace, 'json', patch, call);
      return true;
    } catch (error) {
      if (![409, 422].includes(statusOf(error))) throw error;
    }
    const { metadata } = await client.get(type, name, namespace, call);
    if (metadata.uid !== uid) return true;
    finalizers = metadata.finalizers ?? [];
  }
  return false;
}
