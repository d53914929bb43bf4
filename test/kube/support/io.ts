import assert from 'node:assert/strict';
import type { FakeClock } from '../../support/fake-clock.ts';

/** Turns of the event loop in which sockets get on. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what needs no time to pass. */
export async function eventually(what: string, done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn += 1) {
    assert.ok(turn < 20_000, `never: ${what}`);
    await turns(1);
  }
}

/** Lets time pass, in steps small enough for sockets to get on in between, until it is so. */
export async function inTime(clock: FakeClock, withinMs: number, what: string, done: () => boolean): Promise<void> {
  const until = clock.monotonic() + withinMs;
  for (;;) {
    for (let turn = 0; turn < 60; turn += 1) {
      if (done()) return;
      await turns(1);
    }
    assert.ok(clock.monotonic() < until, `not within ${withinMs} ms: ${what}`);
    await clock.advance(Math.min(250, until - clock.monotonic()));
  }
}

/** Lets that much time pass, sockets included. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  const until = clock.monotonic() + ms;
  while (clock.monotonic() < until) {
    await turns(20);
    await clock.advance(Math.min(250, until - clock.monotonic()));
  }
  await turns(60);
}
