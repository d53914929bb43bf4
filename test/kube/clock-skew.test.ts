import assert from 'node:assert/strict';
import { ClockSkew } from '../../src/kube/clock-skew.ts';
import { FakeClock } from '../support/fake-clock.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;

describe('How far the clock is from the API server’s', () => {
  function world(ours = START) {
    const clock = new FakeClock(ours);
    const skew = new ClockSkew(clock);
    let server = START;
    return {
      clock,
      skew,
      async pass(ms: number) {
        server += ms;
        await clock.advance(ms);
      },
      /** An answer after so many milliseconds, by a server that is off by so many. */
      async answer(took = 10, off = 0) {
        const sentAt = clock.monotonic();
        await this.pass(took);
        skew.observe(sentAt, new Date(Math.floor((server + off) / 1000) * 1000).toUTCString());
      },
      ahead: () => Math.round(skew.ahead() ?? Number.NaN),
    };
  }

  it('is not known before an answer, nor from one without a date or one that was slow', async () => {
    const w = world();
    assert.equal(w.skew.ahead(), undefined);
    w.skew.observe(0, undefined);
    w.skew.observe(0, 'yesterday');
    await w.answer(1_000);
    assert.equal(w.skew.ahead(), undefined);
    await w.answer(999);
    assert.ok(Math.abs(w.skew.ahead() ?? 99) <= 1);
  });

  it('is known to a second, ahead or behind', async () => {
    for (const off of [0, 45_000, -45_000, HOUR, -HOUR]) {
      const w = world(START + off);
      for (let i = 0; i < 10; i += 1) {
        await w.answer(130);
        assert.ok(Math.abs(w.skew.ahead()! - off / 1000) <= 1, `${off}: ${w.skew.ahead()}`);
        await w.pass(1_170);
      }
    }
  });

  it('shows at once when the clock is set wrong, and when it is set right again', async () => {
    const w = world();
    await w.answer();
    w.clock.jump(w.clock.now() + HOUR);
    assert.ok(Math.abs(w.ahead() - 3_600) <= 1);
    await w.answer();
    assert.ok(Math.abs(w.ahead() - 3_600) <= 1, 'and the next answer says the same');
    w.clock.jump(w.clock.now() - HOUR);
    assert.ok(Math.abs(w.ahead()) <= 1);
  });

  it('is right with the first answer after the machine slept', async () => {
    const w = world();
    for (let i = 0; i < 10; i += 1) await w.answer();
    // Both clocks of the world went on, and ours was told when it woke; the monotonic one stood still.
    await w.pass(0);
    w.clock.jump(w.clock.now() + HOUR);
    const sentAt = w.clock.monotonic();
    w.skew.observe(sentAt, new Date(w.clock.now()).toUTCString());
    assert.ok(Math.abs(w.ahead()) <= 1);
  });

  it('is that of most API servers where one of them is wrong', async () => {
    const w = world();
    for (let i = 0; i < 30; i += 1) {
      await w.answer(10, i % 3 === 1 ? HOUR : 0);
      await w.pass(500);
      if (i >= 2) assert.ok(Math.abs(w.ahead()) <= 1, `after ${i}: ${w.ahead()}`);
    }
  });
});
