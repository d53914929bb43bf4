/**
 * Time as a dependency: whoever needs the time or a timer takes a Clock, so that tests never sleep.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. Only for times that stand in tokens and records. */
  now(): number;
  /** Milliseconds that only ever grow; for ages, limits and deadlines. */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds; the handle never keeps the process alive. */
  setTimer(task: () => void, ms: number): TimerHandle;
}

export interface TimerHandle {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(task, ms) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The wall-clock time in whole seconds, as JWT NumericDate (RFC 7519 §2) and macaroon identifiers state it. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
