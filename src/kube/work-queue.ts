/** Work by key, as controllers do it: at least once after each change, never one key twice at a time. */
import type { Clock } from '../clock.ts';
import { DelayedKeys } from './delayed-keys.ts';
import { type BackoffOptions, KeyBackoff, TokenBucket } from './retry-limits.ts';

/** Thrown by a reconcile whose key is not to be tried again before it changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly code = 'terminal';
}

/** client-go's `workqueue_*` and controller-runtime's `controller_runtime_reconcile_*`; all durations in seconds. */
export interface WorkQueueMetrics {
  /** `workqueue_depth`: keys that wait for a worker. */
  depth?(keys: number): void;
  /** `workqueue_adds_total`: keys added that were not waiting already. */
  added?(): void;
  /** `workqueue_queue_duration_seconds`: from added to begun. */
  begun?(waited: number): void;
  /** `workqueue_work_duration_seconds`. */
  done?(worked: number, result: ReconcileResult): void;
  /** `workqueue_retries_total`: keys put off. */
  retried?(): void;
  /** A queue begins, of so many workers; `running` says what it is at. */
  queue?(workers: number, running: () => QueueRunning): void;
}

/** `controller_runtime_active_workers`, `workqueue_unfinished_work_seconds`, `workqueue_longest_running_processor_seconds`. */
export interface QueueRunning {
  readonly workers: number;
  readonly unfinishedSeconds: number;
  readonly longestSeconds: number;
}

export type ReconcileResult = 'success' | 'requeue_after' | 'error' | 'terminal_error';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** `n` random bytes: jitter. */
  readonly random: (n: number) => Uint8Array;
  /**
   * Does the work of one key. `signal` fires at the deadline and when the queue is shut down in a hurry; the key stays
   * taken until the promise settles.
   *
   * @returns milliseconds after which to look again, if at all
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs: number } | undefined>;
  /** How many keys at a time. Default 4. */
  readonly workers?: number;
  /** Milliseconds. Default 60,000. */
  readonly deadlineMs?: number;
  readonly backoff?: BackoffOptions;
  /** Retries of all keys together. Default 10 a second, burst 100. */
  readonly retryRate?: { readonly perSecond: number; readonly burst: number };
  readonly metrics?: WorkQueueMetrics;
  /** Told of every failure. `retryInMs` is absent where there is no retry. */
  readonly onError?: (key: string, error: unknown, retryInMs?: number) => void;
}

const WORKERS = 4;
/** Milliseconds of reconciles that need no I/O before others get a turn of the event loop. */
const SLICE_MS = 10;

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #backoff: KeyBackoff;
  readonly #bucket: TokenBucket;
  readonly #delayed: DelayedKeys;
  /** Keys that changed since their last reconcile began, with the time; also those being worked on. */
  readonly #dirty = new Map<string, number>();
  /** The dirty keys that may begin, in order. */
  readonly #ready = new Set<string>();
  readonly #processing = new Map<string, { readonly since: number; readonly abort: AbortController }>();
  #idle = Promise.withResolvers<void>();
  #started = false;
  #closing = false;
  #sliceEnd = 0;
  #resting = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#backoff = new KeyBackoff(options.random, options.backoff);
    const { perSecond, burst } = options.retryRate ?? { perSecond: 10, burst: 100 };
    this.#bucket = new TokenBucket(options.clock, perSecond, burst);
    this.#delayed = new DelayedKeys(options.clock, (key) => this.add(key));
    options.metrics?.queue?.(options.workers ?? WORKERS, () => this.running);
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#ready.size;
  }

  /** As of now. */
  get running(): QueueRunning {
    const now = this.#clock.monotonic();
    const ages = [...this.#processing.values()].map(({ since }) => (now - since) / 1000);
    return {
      workers: ages.length,
      unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
      longestSeconds: Math.max(0, ...ages),
    };
  }

  start(): void {
    this.#started = true;
    this.#pump();
  }

  /** Asks for a reconcile of `key`. One that waits already is not asked for twice; one that runs is run again after. */
  add(key: string): void {
    if (this.#closing || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#clock.monotonic());
    this.#options.metrics?.added?.();
    if (this.#processing.has(key)) return;
    this.#enqueue(key);
    this.#pump();
  }

  addAfter(key: string, ms: number): void {
    if (this.#closing) return;
    this.#options.metrics?.retried?.();
    if (ms <= 0) this.add(key);
    else this.#delayed.add(key, ms);
  }

  /** Forgets that `key` failed: its object is gone, or new. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /**
   * Takes nothing more and drops what was put off. Keys that wait are finished if `drain`; else they are dropped and the
   * running ones' signals fire.
   *
   * @param limitMs after so many milliseconds signals fire and this resolves, whatever still runs
   */
  async shutDown({ drain, limitMs }: { readonly drain: boolean; readonly limitMs: number }): Promise<void> {
    this.#closing = true;
    this.#delayed.clear();
    if (!drain || !this.#started) this.#abandon();
    if (this.#isIdle()) return;
    const limit = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(() => {
      this.#abandon();
      limit.resolve();
    }, limitMs);
    await Promise.race([this.#idle.promise, limit.promise]);
    timer.cancel();
  }

  #abandon(): void {
    this.#dirty.clear();
    this.#ready.clear();
    this.#options.metrics?.depth?.(0);
    for (const { abort } of this.#processing.values()) abort.abort();
  }

  #isIdle(): boolean {
    return this.#ready.size === 0 && this.#processing.size === 0;
  }

  #enqueue(key: string): void {
    this.#ready.add(key);
    this.#options.metrics?.depth?.(this.#ready.size);
  }

  #pump(): void {
    const { workers = WORKERS, metrics } = this.#options;
    if (!this.#started || this.#resting) return;
    while (this.#processing.size < workers) {
      const [key] = this.#ready;
      if (key === undefined) break;
      this.#ready.delete(key);
      const now = this.#clock.monotonic();
      metrics?.depth?.(this.#ready.size);
      metrics?.begun?.((now - (this.#dirty.get(key) ?? now)) / 1000);
      this.#dirty.delete(key);
      const abort = new AbortController();
      this.#processing.set(key, { since: now, abort });
      void this.#process(key, now, abort);
    }
    if (this.#closing && this.#isIdle()) this.#idle.resolve();
  }

  async #process(key: string, since: number, abort: AbortController): Promise<void> {
    const { reconcile, metrics, deadlineMs = 60_000 } = this.#options;
    const deadline = this.#clock.setTimer(() => abort.abort(), deadlineMs);
    let result: ReconcileResult = 'success';
    try {
      const answer = await reconcile(key, abort.signal);
      this.#backoff.forget(key);
      if (answer) {
        result = 'requeue_after';
        this.addAfter(key, answer.requeueAfterMs);
      }
    } catch (error) {
      result = error instanceof TerminalError ? 'terminal_error' : 'error';
      this.#failed(key, error);
    }
    deadline.cancel();
    this.#processing.delete(key);
    metrics?.done?.((this.#clock.monotonic() - since) / 1000, result);
    if (this.#dirty.has(key)) this.#enqueue(key);
    this.#rest();
    this.#pump();
  }

  #failed(key: string, error: unknown): void {
    const { onError } = this.#options;
    if (error instanceof TerminalError || this.#closing) {
      this.#backoff.forget(key);
      onError?.(key, error);
      return;
    }
    const wait = Math.max(this.#backoff.next(key), this.#bucket.reserve());
    this.addAfter(key, wait);
    onError?.(key, error, wait);
  }

  /** Promises that settle at once would otherwise keep timers and sockets waiting until the queue is empty. */
  #rest(): void {
    const now = this.#clock.monotonic();
    if (this.#sliceEnd === 0) {
      this.#sliceEnd = now + SLICE_MS;
      setImmediate(() => {
        this.#sliceEnd = 0;
      });
    } else if (now >= this.#sliceEnd && !this.#resting) {
      this.#resting = true;
      setImmediate(() => {
        this.#resting = false;
        this.#pump();
      });
    }
  }
}
