import assert from 'node:assert/strict';
import { TerminalError } from '../../src/kube/work-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { queueOf, type Reconcile } from './support/queue.ts';
import { settle, steady } from './support/settle.ts';

describe('work queue, retries', () => {
  it('tries a failed key again after 200 ms, doubled up to 5 min, and from 200 ms after a success', async () => {
    const clock = new FakeClock();
    const waits: number[] = [];
    let fails = true;
    const reconcile: Reconcile = async () => {
      if (fails) throw new Error('no');
      return undefined;
    };
    const queue = queueOf(clock, reconcile, {
      random: () => new Uint8Array(4).fill(255),
      onError: (_key, _error, wait) => waits.push(Math.round(wait ?? -1)),
    });
    queue.add('a');
    await settle();
    for (let i = 0; i < 13; i += 1) await clock.advance(300_000);
    assert.deepEqual(waits.slice(0, 5), [200, 400, 800, 1600, 3200]);
    assert.equal(Math.max(...waits), 300_000);
    fails = false;
    await clock.advance(300_000);
    fails = true;
    waits.length = 0;
    queue.add('a');
    await settle();
    assert.deepEqual(waits, [200]);
  });

  it('spreads retries: at least half of a delay is waited, the rest is jitter', async () => {
    const clock = new FakeClock();
    const waits: number[] = [];
    for (const part of [0, 0.5]) {
      const queue = queueOf(clock, () => Promise.reject(new Error('no')), {
        random: steady(part),
        onError: (_key, _error, wait) => waits.push(Math.round(wait ?? -1)),
      });
      queue.add('a');
      await settle();
      await queue.shutDown({ drain: false, limitMs: 1 });
    }
    assert.deepEqual(waits, [100, 150]);
  });

  it('lets retries of all keys through at 10 a second after a burst of 100', async () => {
    const clock = new FakeClock();
    const waits: number[] = [];
    const queue = queueOf(clock, () => Promise.reject(new Error('no')), {
      workers: 200,
      onError: (_key, _error, wait) => waits.push(Math.round(wait ?? -1)),
    });
    for (let i = 0; i < 130; i += 1) queue.add(`k${i}`);
    await settle();
    assert.equal(waits.length, 130);
    assert.deepEqual(new Set(waits.slice(0, 100)), new Set([100]));
    assert.equal(waits[129], 3000);
  });

  it('does not try a key again whose reconcile says that it is of no use, until it changes', async () => {
    const clock = new FakeClock();
    const seen: unknown[] = [];
    let runs = 0;
    const reconcile: Reconcile = async () => {
      runs += 1;
      throw new TerminalError('no use');
    };
    const queue = queueOf(clock, reconcile, { onError: (_key, error, wait) => seen.push([error, wait]) });
    queue.add('a');
    await settle();
    await clock.advance(3_600_000);
    assert.equal(runs, 1);
    assert.equal((seen[0] as unknown[])[1], undefined);
    queue.add('a');
    await settle();
    assert.equal(runs, 2);
  });

  it('takes what is thrown before the first await as a failure too', async () => {
    const failures: unknown[] = [];
    const reconcile = (() => {
      throw 'a string';
    }) as unknown as Reconcile;
    queueOf(new FakeClock(), reconcile, { onError: (_key, error) => failures.push(error) }).add('a');
    await settle();
    assert.deepEqual(failures, ['a string']);
  });

  it('looks again after the time that a reconcile asks for, or sooner if the key changes', async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    const queue = queueOf(clock, async () => {
      at.push(clock.monotonic());
      return { requeueAfterMs: 5_000 };
    });
    queue.add('a');
    await settle();
    await clock.advance(2_000);
    queue.add('a');
    await settle();
    await clock.advance(3_000);
    assert.deepEqual(at, [0, 2_000, 5_000]);
  });

  it('keeps the earliest of several times for a key, and never fires early for a wait of months', async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    const queue = queueOf(clock, async () => {
      at.push(clock.monotonic());
      return undefined;
    });
    queue.addAfter('a', 9_000);
    queue.addAfter('a', 4_000);
    queue.addAfter('a', 6_000);
    await clock.advance(20_000);
    assert.deepEqual(at, [4_000]);
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (task, ms) => {
      assert.ok(ms < 2 ** 31, 'setTimeout would fire at once');
      return setTimer(task, ms);
    };
    queue.addAfter('b', 2 ** 32);
    await clock.advance(2 ** 32 - 1);
    assert.equal(at.length, 1);
    await clock.advance(1);
    assert.equal(at.length, 2);
  });
});
