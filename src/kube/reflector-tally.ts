/** What a reflector counts and says about itself. */
import type { KubeLog, ReflectorCounters, ReflectorReason, ReflectorTimings } from './reflector-types.ts';
import type { ResourceType } from './types.ts';
import type { Failure } from './watch-failure.ts';

const TIMINGS: ReflectorTimings = {
  idleMs: 90_000,
  watchMinMs: 240_000,
  watchMaxMs: 480_000,
  backoffMinMs: 800,
  backoffMaxMs: 10_000,
  healthyMs: 20_000,
  shortLivedMs: 1_000,
  slowRetryMs: 10_000,
  checkMs: 60_000,
  divergenceMs: 10_000,
  listDeadlineMs: 30_000,
};

export function timingsOf(given: Partial<ReflectorTimings> = {}): ReflectorTimings {
  return { ...TIMINGS, ...given };
}

/** What happens to a healthy one now and then, and is mended by the next list. */
const ROUTINE: ReadonlySet<ReflectorReason> = new Set(['expired', 'slept']);

type Counts = { -readonly [K in Exclude<keyof ReflectorCounters, 'failures'>]: number };

export class Tally {
  readonly #log: KubeLog | undefined;
  readonly #fields: { readonly resource: string };
  readonly #failures = new Map<ReflectorReason, number>();
  #said: ReflectorReason | undefined;
  readonly #counts: Counts = {
    lists: 0,
    watches: 0,
    events: 0,
    bookmarks: 0,
    unknownEvents: 0,
    staleEvents: 0,
    handlerErrors: 0,
    projectErrors: 0,
    divergences: 0,
    failedChecks: 0,
    restores: 0,
  };

  constructor(log: KubeLog | undefined, type: ResourceType) {
    this.#log = log;
    this.#fields = { resource: type.group === '' ? type.plural : `${type.plural}.${type.group}` };
  }

  counters(): ReflectorCounters {
    return { ...this.#counts, failures: new Map(this.#failures) };
  }

  /** @param restored the version that was known, where the list is older */
  listed(restored: { known: string; listed: string } | undefined): void {
    this.#counts.lists += 1;
    if (!restored) return;
    this.#counts.restores += 1;
    this.#say('error', 'the server knows less than it did: were its data restored from a backup?', restored);
  }

  watched(): void {
    this.#counts.watches += 1;
  }

  event(stale: boolean): void {
    this.#counts.events += 1;
    if (stale) this.#counts.staleEvents += 1;
  }

  bookmark(): void {
    this.#counts.bookmarks += 1;
  }

  unknownEvent(): void {
    this.#counts.unknownEvents += 1;
    if (this.#counts.unknownEvents === 1) this.#say('warn', 'an event of an unknown type is ignored');
  }

  projectError(key: string): void {
    this.#counts.projectErrors += 1;
    this.#say('error', 'an object cannot be read and is kept out', { key });
  }

  checkFailed(): void {
    this.#counts.failedChecks += 1;
  }

  diverged(keys: readonly string[]): void {
    this.#counts.divergences += 1;
    this.#say('error', 'the watch missed changes: listing anew', { objects: keys.length, first: keys[0] ?? '' });
  }

  /** Once for each reason in a row: an outage is no flood. */
  failed({ reason, message }: Failure, waitMs: number): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
    if (this.#said === reason) return;
    this.#said = reason;
    this.#say(ROUTINE.has(reason) ? 'info' : 'warn', 'not watching', {
      reason,
      error: message,
      retryMs: Math.round(waitMs),
    });
  }

  recovered(): void {
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#say('info', 'watching again');
  }

  /** Runs what others wrote: it may fail without breaking anything here. */
  guard(handler: () => void): void {
    const failed = (cause: unknown) => {
      this.#counts.handlerErrors += 1;
      this.#say('error', 'a handler of changes failed', { error: cause instanceof Error ? cause.name : 'unknown' });
    };
    try {
      const result: unknown = handler();
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  #say(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields: Readonly<Record<string, string | number>> = {},
  ): void {
    try {
      this.#log?.(level, message, { ...this.#fields, ...fields });
    } catch {
      // A log that fails must not end the watch.
    }
  }
}
