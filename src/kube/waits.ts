/** Waiting that ends in time, and when told to. */
import type { Clock } from '../clock.ts';

export interface Deadline {
  /** Aborts when time is up, or with `outer`. */
  readonly signal: AbortSignal;
  /** Time was up. */
  readonly expired: boolean;
  /** Milliseconds left. */
  left(): number;
  /** Ends it; nothing stays behind. */
  end(): void;
}

/** @param ms how long all of it may take */
export function deadline(clock: Clock, ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const until = clock.monotonic() + ms;
  let expired = false;
  const timer = clock.setTimer(() => {
    expired = true;
    controller.abort();
  }, ms);
  const follow = () => controller.abort();
  if (outer?.aborted) controller.abort();
  else outer?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    left: () => until - clock.monotonic(),
    end() {
      timer.cancel();
      outer?.removeEventListener('abort', follow);
    },
  };
}

/** Resolves after `ms`, or as soon as the signal aborts: look at it afterwards. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** What the promise gives, or a rejection as soon as the signal aborts: for what cannot be told to end. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** From 0 up to 1, from four random bytes. */
export function fraction(random: (bytes: number) => Uint8Array): number {
  return Buffer.from(random(4)).readUInt32BE() / 2 ** 32;
}
