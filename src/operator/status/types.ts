/** What a kind tells the one controller that writes every status. */
import type { KubeObject, ResourceType } from '../../kube/types.ts';

/** Stable, CamelCase. */
export type EventReason =
  | 'Accepted'
  | 'Invalid'
  | 'UnresolvedRefs'
  | 'ResolvedRefs'
  | 'Suspended'
  | 'Resumed'
  | 'Revoked'
  | 'Deleted'
  | 'FinalizerReleased'
  | 'RevocationKept';

/** An Event that goes with a status, once it is written. */
export interface News {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly note: string;
}

/** The end of a policy, for the audit: member names are API. */
export interface PolicyEnd {
  readonly action: 'revoked' | 'deleted' | 'released_unfinished';
  readonly policy_kind: string;
  readonly uid: string;
  /** null: of the cluster. */
  readonly namespace: string | null;
  readonly name: string;
  readonly why: string;
  /** The TokenRevocation that keeps dead what the policy killed, as `TokenRevocation/ns/name`. */
  readonly tombstone: string | null;
  /** NumericDate seconds. */
  readonly tokens_valid_until: number | null;
}

/** What the status of an object should say, and which of it people are told as it changes. */
export interface Said {
  readonly status: object;
  readonly news: readonly News[];
  /** To be in the audit before the status is written. */
  readonly end?: PolicyEnd;
  /** When to look again though nothing changes. */
  readonly againAfterMs?: number;
}

export interface Wanted extends Said {
  /** What the status was worked out from, with the status that it has. */
  readonly object: KubeObject;
}

/** One kind, as its `controller.ts` sees it. Keys are those of its local copy. */
export interface StatusKind {
  readonly type: ResourceType;
  /** Every key that there is. */
  keys(): Iterable<string>;
  /** The keys of which something else is to be said than when this was last asked. @param now epoch milliseconds */
  news(now: number): Iterable<string>;
  /** Whether there is more to look at than was looked at when this was last asked. */
  more?(): boolean;
  /** All of it is news to the next who asks. */
  forget(): void;
  /**
   * The status of one object as it is now; undefined while what is served does not know it so.
   * @param now epoch milliseconds
   */
  sync(key: string, now: number): Wanted | undefined | Promise<Wanted | undefined>;
}
