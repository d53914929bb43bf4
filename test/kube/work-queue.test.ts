import assert from 'node:assert/strict';
import fc from 'fast-check';
import { WorkQueue } from '../../src/kube/work-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { gated, queueOf } from './support/queue.ts';
import { settle, steady } from './support/settle.ts';

describe('work queue', () => {
  it('does a key once however often it was added while it waited', async () => {
    const { begun, reconcile, finish } = gated();
    const queue = queueOf(new FakeClock(), reconcile, { workers: 1 });
    for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
    await finish('a');
    await finish('b');
    assert.deepEqual(begun, ['a', 'b']);
  });

  it('never does one key twice at a time, and does it again if it changed meanwhile', async () => {
    const { begun, reconcile, finish } = gated();
    const queue = queueOf(new FakeClock(), reconcile, { workers: 8 });
    queue.add('a');
    queue.add('a');
    queue.add('a');
    assert.deepEqual(begun, ['a']);
    await finish('a');
    assert.deepEqual(begun, ['a', 'a']);
    await finish('a');
    assert.deepEqual(begun, ['a', 'a']);
  });

  it('does as many keys at a time as it has workers', async () => {
    const { begun, reconcile, finish } = gated();
    const queue = queueOf(new FakeClock(), reconcile, { workers: 2 });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    assert.deepEqual(begun, ['a', 'b']);
    assert.equal(queue.depth, 1);
    await finish('b');
    assert.deepEqual(begun, ['a', 'b', 'c']);
  });

  it('does nothing before it is started', () => {
    const { begun, reconcile } = gated();
    const queue = new WorkQueue({ clock: new FakeClock(), random: steady(0), reconcile });
    queue.add('a');
    assert.deepEqual(begun, []);
    queue.start();
    assert.deepEqual(begun, ['a']);
  });

  it('aborts a reconcile at its deadline but lends its key to no other until it has ended', async () => {
    const clock = new FakeClock();
    const { begun, waiting, reconcile, finish } = gated();
    const queue = queueOf(clock, reconcile, { workers: 2, deadlineMs: 1_000 });
    queue.add('a');
    await clock.advance(999);
    assert.equal(waiting[0]?.signal.aborted, false);
    await clock.advance(1);
    assert.equal(waiting[0]?.signal.aborted, true);
    queue.add('a');
    await settle();
    assert.deepEqual(begun, ['a']);
    assert.deepEqual(queue.running, { workers: 1, unfinishedSeconds: 1, longestSeconds: 1 });
    await finish('a');
    assert.deepEqual(begun, ['a', 'a']);
  });

  it('finishes what waits when it is drained, and takes nothing more', async () => {
    const clock = new FakeClock();
    const { begun, reconcile, finish } = gated();
    const queue = queueOf(clock, reconcile, { workers: 1 });
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    let ended = false;
    const end = queue.shutDown({ drain: true, limitMs: 60_000 }).then(() => {
      ended = true;
    });
    queue.add('d');
    await clock.advance(100);
    await finish('a');
    assert.equal(ended, false);
    await finish('b');
    await end;
    assert.deepEqual(begun, ['a', 'b']);
    assert.equal(clock.pending, 0);
  });

  it('drops what waits when it is in a hurry, and ends in time though a reconcile hangs', async () => {
    const clock = new FakeClock();
    const { begun, waiting, reconcile } = gated();
    const queue = queueOf(clock, reconcile, { workers: 1 });
    queue.add('a');
    queue.add('b');
    let ended = false;
    void queue.shutDown({ drain: false, limitMs: 5_000 }).then(() => {
      ended = true;
    });
    assert.equal(waiting[0]?.signal.aborted, true);
    await clock.advance(4_999);
    assert.equal(ended, false);
    await clock.advance(1);
    assert.equal(ended, true);
    assert.deepEqual(begun, ['a']);
  });

  it('reports what client-go reports: depth, adds, waits, work, retries', async () => {
    const clock = new FakeClock();
    const log: unknown[] = [];
    const { reconcile, finish } = gated();
    const queue = queueOf(clock, reconcile, {
      workers: 1,
      metrics: {
        depth: (keys) => log.push(['depth', keys]),
        added: () => log.push('added'),
        begun: (waited) => log.push(['begun', waited]),
        done: (worked, result) => log.push(['done', worked, result]),
        retried: () => log.push('retried'),
      },
    });
    queue.add('a');
    await clock.advance(1_000);
    queue.add('b');
    queue.add('b');
    await clock.advance(1_000);
    await finish('a');
    queue.addAfter('c', 50);
    assert.deepEqual(log, [
      'added',
      ['depth', 1],
      ['depth', 0],
      ['begun', 0],
      'added',
      ['depth', 1],
      ['done', 2, 'success'],
      ['depth', 0],
      ['begun', 1],
      'retried',
    ]);
  });

  it('lets timers and sockets have their turn while thousands of keys need no I/O', async () => {
    let now = 0;
    const clock = new FakeClock();
    clock.monotonic = () => now;
    let done = 0;
    const queue = queueOf(clock, async () => {
      now += 1;
      done += 1;
      return undefined;
    });
    for (let i = 0; i < 1_000; i += 1) queue.add(`k${i}`);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(done < 100, `${done} keys before the event loop turned once`);
    await settle(200);
    assert.equal(done, 1_000);
  });

  it('reconciles every key after its last change and never concurrently, whatever happens in between', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ do: fc.constant('after' as const), key: fc.integer({ min: 0, max: 3 }), ms: fc.nat(500) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat(400) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.infiniteStream(fc.nat(9)), async (steps, chance) => {
        const clock = new FakeClock();
        const version = new Map<string, number>();
        const reconciled = new Map<string, number>();
        const running = new Set<string>();
        const pick = () => chance.next().value ?? 0;
        const queue = queueOf(
          clock,
          async (key) => {
            assert.ok(!running.has(key));
            running.add(key);
            const seen = version.get(key) ?? 0;
            const wait = pick() * 20;
            if (wait > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, wait));
            running.delete(key);
            if (pick() > 7) throw new Error('no');
            reconciled.set(key, seen);
            return undefined;
          },
          { workers: 2 },
        );
        for (const s of steps) {
          if (s.do === 'pass') await clock.advance(s.ms);
          else {
            version.set(`${s.key}`, (version.get(`${s.key}`) ?? 0) + 1);
            if (s.do === 'add') queue.add(`${s.key}`);
            else queue.addAfter(`${s.key}`, s.ms);
          }
        }
        // The fake clock jumps over time in which no timer waits: let what needs none happen first.
        for (let i = 0; i < 4; i += 1) {
          await settle();
          await clock.advance(300_000);
        }
        assert.deepEqual(reconciled, version);
      }),
      { numRuns: 60 },
    );
  });
});
