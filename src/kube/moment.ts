/** How long ago something was, also by a machine that was suspended meanwhile. */
import type { Clock } from '../clock.ts';

/**
 * Milliseconds by which the wall clock must have gone on beyond the monotonic one before it is believed. The monotonic
 * one stands still while a machine is suspended; a time server corrects by seconds.
 */
export const SLEPT = 120_000;

/** Milliseconds between two looks at the clocks. */
export const LOOK = 2_000;
export const SLEPT_MESSAGE = 'this machine slept, or its clock was set forward';

/** One moment by both clocks, in milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** Before anything. */
export const NEVER: Moment = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

/**
 * Milliseconds since then. A wall clock that was set forward makes more of it, and what is thought older than it is gets
 * looked at anew; one that was set back changes nothing.
 */
export function since(clock: Clock, { monotonic, wall }: Moment): number {
  const elapsed = clock.monotonic() - monotonic;
  const byWall = clock.now() - wall;
  return byWall - elapsed > SLEPT ? byWall : elapsed;
}

/** Whether the machine slept since then, or its clock was set forward: which, it cannot tell. */
export function sleptSince(clock: Clock, { monotonic, wall }: Moment): boolean {
  return clock.now() - wall - (clock.monotonic() - monotonic) > SLEPT;
}

/** The later of two, by the monotonic clock. */
export function later(a: Moment, b: Moment): Moment {
  return b.monotonic > a.monotonic ? b : a;
}
