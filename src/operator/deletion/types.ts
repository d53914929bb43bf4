/** What a kind tells the one controller of deletions. */
import type { ResourceType } from '../../kube/types.ts';
import type { RevokingObject } from '../../revocation/index.ts';
import type { Said } from '../status/types.ts';

/** What deleting an object needs of the local copy. */
export interface Deletable {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly finalizers: readonly string[];
  /** As the API server has it, as far as that is known. */
  readonly status: unknown;
  readonly read: {
    readonly object: {
      readonly apiVersion: string;
      readonly kind: string;
      readonly metadata: {
        readonly name: string;
        readonly namespace?: string | undefined;
        readonly generation?: number | undefined;
        readonly deletionTimestamp?: string | undefined;
      };
    };
  };
  /** As far as it revokes. */
  readonly revoking?: RevokingObject | undefined;
}

/** The objects of a kind that there may be something to do about; by its key any that there is. */
export interface DeletableObjects {
  get(key: string): Deletable | undefined;
  values(): Iterable<Deletable>;
  [Symbol.iterator](): Iterator<[string, Deletable]>;
}

export interface DeletedKind {
  readonly kind: string;
  readonly type: ResourceType;
  /** By what a TokenRevocation names an object of this kind. */
  readonly by: 'policy' | 'agent';
  /** What lives has our finalizer in no case: who could take it off may lose the right to before the object goes. */
  readonly withoutFinalizer?: boolean;
  /** The local copy: nothing else is asked about an object. */
  held(): DeletableObjects;
  /**
   * What the status of one says that is being deleted.
   * @param now epoch milliseconds
   * @param waitsFor what its finalizer still waits for, for people
   */
  ended(one: Deletable, now: number, waitsFor?: string): Said;
}
