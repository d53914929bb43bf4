/** Events (events.k8s.io/v1): told once, then counted; never waited for, never in the way. */
import type { Clock } from '../clock.ts';
import { EVENTS, type EventToRecord, eventObject, keyOf, namespaceOf, seriesOf } from './event-object.ts';
import { TokenBucket } from './retry-limits.ts';
import { statusOf } from './status-of.ts';
import type { KubeClient } from './types.ts';

/** Milliseconds after which a series without a new occurrence is closed. */
const SERIES_IDLE_MS = 360_000;
/** Milliseconds between two updates of one series. */
const SERIES_REFRESH_MS = 60_000;
const MAX_SERIES = 4_096;
const MAX_WAITING = 1_000;
const REQUEST_MS = 5_000;
/** After 1, 2 and 4 seconds; then the Event is dropped. */
const RETRIES = 3;

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly clock: Clock;
  /** `n` bytes that make names unique. */
  readonly random: (n: number) => Uint8Array;
  /** `example.com/operator`. */
  readonly controller: string;
  /** This process, as `<pod>`. */
  readonly instance: string;
  /** An Event that did not arrive. `reason`: `full`, `spam`, `forbidden` (a namespace that ends, or no right), `failed`. */
  readonly onDropped?: (reason: 'full' | 'spam' | 'forbidden' | 'failed') => void;
}

interface Series {
  readonly key: string;
  readonly event: EventToRecord;
  count: number;
  lastAt: number;
  /** epoch milliseconds of the last occurrence. */
  lastObserved: number;
  /** What the API server was told. */
  sentCount: number;
  sentAt: number;
  name: string | undefined;
  waiting: boolean;
}

/** Bursts of 25 an object, then one in 5 minutes, as client-go does. */
const OBJECT_BURST = 25;
const OBJECT_PER_SECOND = 1 / 300;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  /** Least recently seen first. */
  readonly #series = new Map<string, Series>();
  readonly #objects = new Map<string, TokenBucket>();
  readonly #rate: TokenBucket;
  #queue: Series[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#rate = new TokenBucket(options.clock, 10, 100);
  }

  /** Returns at once and never throws; what happens to the Event shows in `onDropped` alone. */
  record(event: EventToRecord): void {
    if (this.#closed) return;
    const now = this.#clock.monotonic();
    const key = keyOf(event);
    const known = this.#series.get(key);
    this.#series.delete(key);
    const goesOn = known !== undefined && now - known.lastAt <= SERIES_IDLE_MS;
    const series: Series = goesOn
      ? known
      : {
          key,
          event,
          count: 0,
          lastAt: now,
          lastObserved: 0,
          sentCount: 0,
          sentAt: Number.NEGATIVE_INFINITY,
          name: undefined,
          waiting: false,
        };
    if (!goesOn && !this.#mayBegin(event.regarding.metadata.uid)) {
      this.#options.onDropped?.('spam');
      return;
    }
    series.count += 1;
    series.lastAt = now;
    series.lastObserved = this.#clock.now();
    this.#series.set(key, series);
    trim(this.#series, MAX_SERIES);
    // The second occurrence is told at once, later ones once a minute: they only raise a number.
    if (series.count <= 2 || now - series.sentAt >= SERIES_REFRESH_MS) this.#enqueue(series);
    else this.#refreshLater(series);
  }

  /** Sends what waits, for so many milliseconds at most, and takes nothing more. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true;
    if (!this.#sending) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(late.resolve, limitMs);
    await Promise.race([this.#sending, late.promise]);
    timer.cancel();
    this.#queue = [];
  }

  #mayBegin(uid: string): boolean {
    const bucket = this.#objects.get(uid) ?? new TokenBucket(this.#clock, OBJECT_PER_SECOND, OBJECT_BURST);
    this.#objects.delete(uid);
    this.#objects.set(uid, bucket);
    trim(this.#objects, MAX_SERIES);
    return bucket.take();
  }

  #refreshLater(series: Series): void {
    if (series.waiting) return;
    series.waiting = true;
    const wait = series.sentAt + SERIES_REFRESH_MS - this.#clock.monotonic();
    this.#clock.setTimer(() => {
      series.waiting = false;
      this.#enqueue(series);
    }, wait);
  }

  #enqueue(series: Series): void {
    if (series.waiting || this.#closed) return;
    if (this.#queue.length >= MAX_WAITING) {
      this.#options.onDropped?.('full');
      return;
    }
    series.waiting = true;
    this.#queue.push(series);
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    for (let series = this.#queue.shift(); series; series = this.#queue.shift()) {
      await this.#pause(this.#rate.reserve());
      series.waiting = false;
      await this.#try(series);
    }
    this.#sending = undefined;
  }

  async #try(series: Series): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#send(series);
      } catch (error) {
        const status = statusOf(error);
        const mayPass = status === 0 || status === 429 || status >= 500;
        if (!mayPass || attempt === RETRIES || this.#closed) {
          this.#options.onDropped?.(status === 403 ? 'forbidden' : 'failed');
          return;
        }
        series.sentCount = 0;
        await this.#pause(1_000 * 2 ** attempt);
      }
    }
  }

  #pause(ms: number): Promise<void> | undefined {
    if (ms <= 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.setTimer(resolve, ms);
    return promise;
  }

  async #send(series: Series): Promise<void> {
    const { client } = this.#options;
    const { count, lastObserved } = series;
    if (count === series.sentCount) return;
    series.sentCount = count;
    series.sentAt = this.#clock.monotonic();
    const namespace = namespaceOf(series.event);
    const told = seriesOf(count, lastObserved);
    if (series.name !== undefined) {
      try {
        await client.patch(EVENTS, series.name, namespace, 'merge', told, { deadlineMs: REQUEST_MS });
        return;
      } catch (error) {
        // Events live an hour.
        if (statusOf(error) !== 404) throw error;
        series.name = undefined;
      }
    }
    const { controller, instance, random } = this.#options;
    const suffix = Buffer.from(random(8)).toString('hex');
    const event = eventObject(series.event, { controller, instance, suffix, at: lastObserved }, told);
    await client.create(EVENTS, event, namespace, { deadlineMs: REQUEST_MS });
    series.name = event.metadata.name;
  }
}

function trim(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
