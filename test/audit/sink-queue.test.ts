import assert from 'node:assert/strict';
import { SinkQueue } from '../../src/audit/sink-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSink } from './support.ts';

describe('audit queue of one sink', () => {
  const line = `${'x'.repeat(1_000_000)}\n`;
  function setup() {
    const sink = new FakeSink();
    const queue = new SinkQueue(sink, {
      clock: new FakeClock(),
      maxQueue: 10_000,
      timeoutMs: 1000,
      log: () => {},
      turn: async () => {},
    });
    return { sink, queue };
  }

  it('bounds memory: long records fill it before their number does', () => {
    const { sink, queue } = setup();
    sink.block();
    let taken = 0;
    while (!queue.full && taken < 1000) {
      taken++;
      queue.push(line).catch(() => undefined);
    }
    assert.ok(taken > 60 && taken < 75, `${taken} MB`);
  });

  it('has room again for what it has written, for ever', async () => {
    const { sink, queue } = setup();
    for (let i = 0; i < 200; i++) {
      await queue.push(line);
      sink.writes.length = 0;
    }
    assert.deepEqual(queue.status(), { name: 'fake', ok: true, queued: 0 });
  });
});
