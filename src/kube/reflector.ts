/** A list, then a watch, then again: a copy of one collection that knows how old it is. */
import { Backoff } from './backoff.ts';
import { divergences } from './divergence.ts';
import { errorOfStatus, ownError } from './errors.ts';
import { LOOK, later, momentOf, NEVER, SLEPT_MESSAGE, since, sleptSince } from './moment.ts';
import { type Entry, ObjectCache } from './object-cache.ts';
import { pages } from './pages.ts';
import { Tally, timingsOf } from './reflector-tally.ts';
import type { Change, Reflector, ReflectorOptions, ReflectorReason, ReflectorStatus } from './reflector-types.ts';
import { isOlder } from './resource-version.ts';
import type { CallOptions, ListParams, WatchEvent } from './types.ts';
import { fraction, pause } from './waits.ts';
import { Failure, failureOf, needsAPerson } from './watch-failure.ts';

/**
 * Follows one collection of the API server: a paged consistent list, then a watch from there. A watch that the server
 * ends is resumed; after anything else (a cut, silence, an error) the collection is listed anew, with a backoff. Nothing
 * that goes wrong empties the copy: it ages.
 */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, type, clock, random, namespace, labelSelector, fieldSelector } = options;
  const timings = timingsOf(options.timings);
  const stopping = new AbortController();
  const backoff = new Backoff(timings.backoffMinMs, timings.backoffMaxMs, random);
  const tally = new Tally(options.log, type);
  const cache = new ObjectCache(options.project, (key) => tally.projectError(key));
  const scope: ListParams & { limit: number } = {
    limit: options.pageSize ?? 500,
    ...(namespace !== undefined && { namespace }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
  const listing: CallOptions & { signal: AbortSignal } = {
    signal: stopping.signal,
    deadlineMs: timings.listDeadlineMs,
    // The backoff here is the one that counts.
    retry: false,
  };
  let phase: ReflectorStatus['phase'] = 'new';
  let reason: ReflectorReason | undefined;
  /** How often in a row the server did not know the resource. */
  let missing = 0;
  let lastError: string | undefined;
  let known = '';
  let aliveAt = NEVER;
  /** Of the last byte, whichever watch it was of: a chain of silent ones is silence too. */
  let heardAt = 0;
  let synced = false;
  /** Ends the watch of the moment, and says why. */
  let cut: ((reason: ReflectorReason, message: string) => void) | undefined;
  let running: Promise<unknown> = Promise.resolve();

  function deliver(changes: readonly Change<T>[]): void {
    if (changes.length > 0) tally.guard(() => options.onChange?.(changes));
  }

  function healthy(): void {
    if (reason !== undefined) tally.recovered();
    reason = undefined;
    lastError = undefined;
  }

  async function list(): Promise<void> {
    phase = 'listing';
    const startedAt = momentOf(clock);
    const next = new Map<string, Entry<T>>();
    let version = '';
    let restored = false;
    for await (const page of pages(client, type, scope, listing)) {
      version ||= page.resourceVersion;
      // After a restore the same version may be of another object.
      restored = isOlder(version, known);
      cache.collect(next, page.items, !restored);
    }
    stopping.signal.throwIfAborted();
    tally.listed(restored ? { known, listed: version } : undefined);
    known = version;
    heardAt = clock.monotonic();
    // What was read is at least as new as the question.
    aliveAt = startedAt;
    deliver(cache.replace(next, restored));
    if (synced) return;
    synced = true;
    tally.guard(() => options.onSynced?.());
  }

  /** Resolves when the server ends the watch, as it was asked to. */
  async function watch(): Promise<void> {
    const controller = new AbortController();
    const stop = () => controller.abort();
    stopping.signal.addEventListener('abort', stop, { once: true });
    let failure: Failure | undefined;
    cut = (why, message) => {
      failure ??= new Failure(why, message);
      controller.abort();
    };
    const opening = momentOf(clock);
    // Of a clock that was set back, and right again, only the sign of life between knows.
    const slept = () => sleptSince(clock, opening) || sleptSince(clock, aliveAt);
    const listen = (): ReturnType<typeof clock.setTimer> =>
      clock.setTimer(
        () => {
          if (clock.monotonic() - heardAt >= timings.idleMs) cut?.('idle', `nothing heard for ${timings.idleMs} ms`);
          else if (slept()) cut?.('slept', SLEPT_MESSAGE);
          else idle = listen();
        },
        Math.max(1, Math.min(LOOK, heardAt + timings.idleMs - clock.monotonic())),
      );
    let idle = listen();
    let opened = false;
    try {
      const { watchMinMs, watchMaxMs } = timings;
      const timeoutSeconds = Math.round((watchMinMs + fraction(random) * (watchMaxMs - watchMinMs)) / 1000);
      const params = { ...scope, resourceVersion: known, timeoutSeconds };
      tally.watched();
      const events = await client.watch(type, params, {
        signal: controller.signal,
        onBytes: () => {
          heardAt = clock.monotonic();
        },
      });
      opened = true;
      phase = 'watching';
      for await (const event of events) {
        if (controller.signal.aborted) break;
        // A server ends it in time: where this process stood still meanwhile, what it reads now may be long past.
        if (clock.monotonic() > opening.monotonic + timeoutSeconds * 1000 + timings.idleMs)
          throw new Failure('stream_broken', 'the watch goes on beyond its time');
        // What it reads first after it slept is from before.
        if (slept()) throw new Failure('slept', SLEPT_MESSAGE);
        take(event);
      }
      if (failure) throw failure;
    } catch (cause) {
      throw failure ?? failureOf(cause, opened ? 'stream' : 'open');
    } finally {
      idle.cancel();
      cut = undefined;
      stopping.signal.removeEventListener('abort', stop);
      controller.abort();
      if (clock.monotonic() - opening.monotonic >= timings.healthyMs) backoff.reset();
    }
    if (clock.monotonic() - opening.monotonic < timings.shortLivedMs)
      throw new Failure('short_lived', 'the server ended the watch at once');
    healthy();
  }

  function take(event: WatchEvent): void {
    const { type: kind, object } = event;
    if (kind === 'ERROR') {
      const code = typeof object.code === 'number' ? object.code : 500;
      throw errorOfStatus(`watch ${type.plural}`, code, object);
    }
    if (kind !== 'BOOKMARK' && kind !== 'ADDED' && kind !== 'MODIFIED' && kind !== 'DELETED') {
      tally.unknownEvent();
      return;
    }
    const version = object.metadata?.resourceVersion;
    if (typeof version !== 'string' || version === '')
      throw ownError(`watch ${type.plural}`, 'BadAnswer', 'an event has no resourceVersion');
    aliveAt = momentOf(clock);
    healthy();
    if (kind === 'BOOKMARK') {
      tally.bookmark();
      if (!isOlder(version, known)) known = version;
      return;
    }
    // A repeated or late event must not bring back what is gone.
    const late = version === known || isOlder(version, known);
    const changes = late ? undefined : kind === 'DELETED' ? cache.remove(object) : cache.set(object);
    tally.event(changes === undefined);
    if (late) return;
    known = version;
    deliver(changes ?? []);
  }

  async function run(): Promise<void> {
    let resume = false;
    while (!stopping.signal.aborted) {
      let where: 'list' | 'open' = 'list';
      try {
        if (!resume) await list();
        missing = 0;
        resume = true;
        where = 'open';
        await watch();
      } catch (cause) {
        if (stopping.signal.aborted) break;
        const failure = failureOf(cause, where);
        resume = failure.resume;
        phase = 'waiting';
        reason = failure.reason;
        missing = failure.reason === 'crd_not_installed' ? missing + 1 : 0;
        lastError = failure.message;
        const slow = needsAPerson(failure.reason) ? timings.slowRetryMs * (0.5 + fraction(random) / 2) : 0;
        // The server did nothing wrong, and what is held is as old as the sleep was long.
        const wait = failure.reason === 'slept' ? 0 : Math.max(slow || backoff.next(), failure.retryAfterMs);
        tally.failed(failure, wait);
        await pause(clock, wait, stopping.signal);
      }
    }
    phase = 'stopped';
  }

  async function compare(): Promise<void> {
    const { divergenceMs, checkMs } = timings;
    while (!stopping.signal.aborted) {
      await pause(clock, checkMs * (0.9 + fraction(random) * 0.2), stopping.signal);
      const watched = cut;
      if (phase !== 'watching' || !watched) continue;
      const startedAt = momentOf(clock);
      const versions = () => cache.versions();
      const options = { client, type, params: scope, clock, call: listing, divergenceMs, versions, known: () => known };
      const found = await divergences(options).catch(() => undefined);
      if (found === undefined && !stopping.signal.aborted) tally.checkFailed();
      // Listed anew since: what was compared is gone.
      if (found === undefined || cut !== watched) continue;
      if (found === 'restored') watched('diverged', 'the server knows less than it once said');
      else if (found.length === 0) aliveAt = later(aliveAt, startedAt);
      else {
        tally.diverged(found);
        watched('diverged', `${found.length} objects were not what the server has`);
      }
    }
  }

  return {
    start() {
      if (phase !== 'new' || stopping.signal.aborted) return;
      running = Promise.all([run(), timings.checkMs > 0 ? compare() : undefined]);
    },
    async stop() {
      stopping.abort();
      await running;
      phase = 'stopped';
    },
    get synced() {
      return synced;
    },
    items: () => cache.items(),
    ageMs: () => since(clock, aliveAt),
    status: () => ({
      phase,
      ...(reason !== undefined && { reason, lastError: lastError ?? '' }),
      ...(missing >= 2 && { uninstalled: true }),
      ...(known !== '' && { resourceVersion: known }),
    }),
    counters: () => tally.counters(),
  };
}
