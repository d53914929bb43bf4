/** What a kind tells the one controller of deletions. */
import type { ResourceType } from '../../kube/types.ts';
import type { HeldPolicy } from '../held.ts';
import type { Said } from '../status/types.ts';

export interface DeletedKind {
  readonly kind: string;
  readonly type: ResourceType;
  /** By what a TokenRevocation names an object of this kind. */
  readonly by: 'policy' | 'agent';
  /** The local copy: nothing else is asked about an object. */
  held(): ReadonlyMap<string, HeldPolicy>;
  /**
   * What the status of one says that is being deleted.
   * @param now epoch milliseconds
   * @param waitsFor what its finalizer still waits for, for people
   */
  ended(one: HeldPolicy, now: number, waitsFor?: string): Said;
}
