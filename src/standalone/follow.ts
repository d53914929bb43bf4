/** Notices that a directory changed, and reads it once it has come to rest. */
import { watch } from 'node:fs';
import type { Clock, TimerHandle } from '../clock.ts';

/** Milliseconds between two looks: with SETTLE and the read, a change is served within a second. */
export const POLL = 400;
/** Milliseconds that a directory must have been as it is: a file half written must not be read, for it may parse. */
export const SETTLE = 100;
/** Milliseconds until a read that failed is tried again though nothing changed: the disk may have been at fault. */
const RETRY = 10_000;
const FIRST_READ_ATTEMPTS = 5;

/** Calls back on any change in a directory; may miss some, for the poll is what counts. */
export type WatchDirectory = (dir: string, onChange: () => void) => { close(): void };

/** The operating system's notifications, where there are any. */
export const watchDirectory: WatchDirectory = (dir, onChange) => {
  try {
    const watcher = watch(dir, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return { close: () => undefined };
  }
};

export interface Source {
  /** What differs whenever the content may. Never throws. */
  signature(): Promise<string>;
  read(): Promise<Reading>;
  /** Whether files appear and go as wholes, so that a directory that never rests can be read all the same. */
  readonly restless: boolean;
  /** The content was just seen to be what is in use. */
  fresh(): void;
}

export interface Reading {
  /** Whether nothing was out of reach while it was read. */
  readonly whole: boolean;
  /** Takes the result into use, and says whether that went well. */
  use(): boolean;
}

/** Keeps what is in use equal to a source. One read at a time. */
export class Follower {
  readonly #source: Source;
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
  /** When the timer fires, and since when the source has been as `#seen` says; monotonic milliseconds. */
  #due = Number.POSITIVE_INFINITY;
  #seenAt = 0;
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;
  #seen: string | undefined;
  #inUse: string | undefined;
  #good = false;
  #retryAt = 0;

  constructor(source: Source, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Reads at once, changed or not; then goes on following. */
  reload(): Promise<void> {
    return this.#enqueue(async () => {
      for (let i = 0; i < FIRST_READ_ATTEMPTS; i += 1) {
        const signature = await this.#source.signature();
        if (await this.#take(signature)) return POLL;
      }
      return SETTLE;
    });
  }

  /** Looks soon: something may have changed. Never later than it would have: nudges may never end. */
  nudge(): void {
    if (this.#clock.monotonic() + SETTLE / 5 < this.#due) this.#schedule(SETTLE / 5);
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#work;
  }

  #enqueue(step: () => Promise<number>): Promise<void> {
    const done = this.#work.then(async () => {
      if (this.#closed) return;
      this.#schedule(await step());
    });
    this.#work = done;
    return done;
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#due = this.#clock.monotonic() + ms;
    this.#timer = this.#clock.setTimer(() => {
      this.#due = Number.POSITIVE_INFINITY;
      void this.#enqueue(() => this.#look());
    }, ms);
  }

  /** @returns milliseconds until the next look */
  async #look(): Promise<number> {
    const signature = await this.#source.signature();
    if (signature !== this.#seen) this.#see(signature);
    const retry = !this.#good && this.#clock.monotonic() >= this.#retryAt;
    if (signature !== this.#inUse || retry) {
      const rest = this.#source.restless ? 0 : this.#seenAt + SETTLE - this.#clock.monotonic();
      if (rest > 0) return rest;
      return (await this.#take(signature)) ? POLL : SETTLE;
    }
    if (this.#good) this.#source.fresh();
    return POLL;
  }

  #see(signature: string): void {
    this.#seen = signature;
    this.#seenAt = this.#clock.monotonic();
  }

  /** Reads and takes into use; false if the content changed meanwhile, so that there is more to read. */
  async #take(signature: string): Promise<boolean> {
    const reading = await this.#source.read();
    const now = await this.#source.signature();
    if (now !== this.#seen) this.#see(now);
    if (now !== signature && !(this.#source.restless && reading.whole)) return false;
    this.#good = reading.use();
    this.#inUse = signature;
    this.#retryAt = this.#clock.monotonic() + RETRY;
    if (this.#good) this.#source.fresh();
    return now === signature;
  }
}
