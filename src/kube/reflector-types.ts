/** What a reflector takes and gives. */
import type { Clock } from '../clock.ts';
import type { KubeClient, KubeObject, ResourceType } from './types.ts';

/** One line of the operator's log. Fields never hold a credential. */
export type KubeLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, string | number | boolean>>,
) => void;

/**
 * How it is known that an object is gone. `told`: the watch said so. `missed`: a list lacks it, or another object has its
 * name, and nobody saw it go. `restored`: a list lacks it that is older than what was known before.
 */
export type HowGone = 'told' | 'missed' | 'restored';

/** A key is `namespace/name`, or `name` for what has no namespace. Another UID is a deletion and an addition. */
export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly new: T }
  | { readonly type: 'modified'; readonly key: string; readonly old: T; readonly new: T }
  | { readonly type: 'deleted'; readonly key: string; readonly old: T; readonly how: HowGone };

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** Absent: every namespace. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * What to keep of an object (its managedFields are gone already), whose key it is told; what is returned is frozen, deeply. An object for
   * which it throws is kept out, which is reported.
   */
  readonly project: (raw: KubeObject, key: string) => T;
  readonly clock: Clock;
  /** Random bytes, for jitter. */
  readonly random: (bytes: number) => Uint8Array;
  /** Objects a page; default 500. */
  readonly pageSize?: number;
  /**
   * The changes of one event, or of a whole list, all at once; `items()` has them already. May throw: that is reported
   * and changes nothing.
   */
  readonly onChange?: (changes: readonly Change<T>[]) => void;
  /** Once, after the first whole list was delivered. */
  readonly onSynced?: () => void;
  readonly log?: KubeLog;
  readonly timings?: Partial<ReflectorTimings>;
}

/** Milliseconds. */
export interface ReflectorTimings {
  /** Silence after which a watch is taken for dead, resumed in between or not; bookmarks come once a minute. 90,000. */
  readonly idleMs: number;
  /** How long the server is asked to keep a watch: drawn from this range. 240,000 to 480,000. */
  readonly watchMinMs: number;
  readonly watchMaxMs: number;
  /** The first retry waits up to this, each further one up to twice as long. 800. */
  readonly backoffMinMs: number;
  /** 10,000: a copy is no older than that for the server having been away. */
  readonly backoffMaxMs: number;
  /** A watch that lived this long resets the backoff. 20,000. */
  readonly healthyMs: number;
  /** A watch that lived no longer than this was none: the backoff applies even to a clean end. 1,000. */
  readonly shortLivedMs: number;
  /** Between retries where rights or the resource itself are missing. 10,000. */
  readonly slowRetryMs: number;
  /** Between comparisons of the cache with a consistent list. 60,000; 0: never. */
  readonly checkMs: number;
  /** How long a difference may last. 10,000. */
  readonly divergenceMs: number;
  /** For each page of a list. 30,000. */
  readonly listDeadlineMs: number;
}

/**
 * Why it is not watching, or was not a moment ago:
 * `rbac_missing`: the server forbids it. `crd_not_installed`: the server does not know the resource.
 * `unauthorized`: it does not accept the credentials. `no_credentials`: there are none. `expired`: 410. `idle`: silence.
 * `overloaded`: 429 or 503. `stream_error`: an ERROR event. `stream_broken`: the watch was cut, or is no JSON.
 * `network`: no answer. `timeout`: not in time. `diverged`: the cache was not what the server has.
 * `short_lived`: the server ends watches at once. `slept`: the machine was suspended. `server_error`: any other.
 */
export const REFLECTOR_REASONS = [
  'rbac_missing',
  'crd_not_installed',
  'unauthorized',
  'no_credentials',
  'expired',
  'idle',
  'overloaded',
  'stream_error',
  'stream_broken',
  'network',
  'timeout',
  'diverged',
  'short_lived',
  'slept',
  'server_error',
] as const;
export type ReflectorReason = (typeof REFLECTOR_REASONS)[number];

export interface ReflectorStatus {
  readonly phase: 'new' | 'listing' | 'watching' | 'waiting' | 'stopped';
  /** Of the last failure, until a watch delivers again. */
  readonly reason?: ReflectorReason;
  /** Safe to be shown. */
  readonly lastError?: string;
  /**
   * The server said at least twice in a row, seconds apart, that it does not know the resource: one that has just started
   * says so of resources that it is about to serve.
   */
  readonly uninstalled?: true;
  readonly resourceVersion?: string;
}

/** All only ever grow. */
export interface ReflectorCounters {
  readonly lists: number;
  readonly watches: number;
  readonly events: number;
  readonly bookmarks: number;
  /** Events of a type that is not known: ignored. */
  readonly unknownEvents: number;
  /** Events about something older than what is known: ignored. */
  readonly staleEvents: number;
  readonly handlerErrors: number;
  readonly projectErrors: number;
  readonly divergences: number;
  /** Comparisons that could not be made. */
  readonly failedChecks: number;
  /** Lists older than what was known before: the server's data were restored from a backup. */
  readonly restores: number;
  /** Failures by reason. */
  readonly failures: ReadonlyMap<ReflectorReason, number>;
}

/** A local copy of one collection that follows the server. */
export interface Reflector<T> {
  start(): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  /** A whole list was delivered once. */
  readonly synced: boolean;
  /** The copy, live: read it without awaiting in between. Missing rights do not empty it: it ages. */
  items(): ReadonlyMap<string, T>;
  /** Milliseconds since the last sign of life: a list, an event, a bookmark. Infinite before the first list. */
  ageMs(): number;
  status(): ReflectorStatus;
  counters(): ReflectorCounters;
}
