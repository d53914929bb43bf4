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
  /** Reads; what it returns takes the result into use and says whether it was a good read. */
  read(): Promise<() => boolean>;
  /** The content was just seen to be what is in use. */
  fresh(): void;
}

/** Keeps what is in use equal to a source. One read at a time. */
export class Follower {
  readonly #source: Source;
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;
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

  /** Looks soon: something may have changed. */
  nudge(): void {
    this.#schedule(SETTLE / 5);
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
    this.#timer = this.#clock.setTimer(() => void this.#enqueue(() => this.#look()), ms);
  }

  /** @returns milliseconds until the next look */
  async #look(): Promise<number> {
    const signature = await this.#source.signature();
    if (signature !== this.#seen) {
      this.#seen = signature;
      return SETTLE;
    }
    const retry = !this.#good && this.#clock.monotonic() >= this.#retryAt;
    if (signature !== this.#inUse || retry) return (await this.#take(signature)) ? POLL : SETTLE;
    if (this.#good) this.#source.fresh();
    return POLL;
  }

  /** Reads and takes into use; false if the content changed meanwhile, and nothing was taken. */
  async #take(signature: string): Promise<boolean> {
    const use = await this.#source.read();
    this.#seen = await this.#source.signature();
    if (this.#seen !== signature) return false;
    this.#good = use();
    this.#inUse = signature;
    this.#retryAt = this.#clock.monotonic() + RETRY;
    if (this.#good) this.#source.fresh();
    return true;
  }
}
