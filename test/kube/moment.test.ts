import assert from 'node:assert/strict';
import { momentOf, NEVER, since, sleptSince } from '../../src/kube/moment.ts';
import { FakeClock } from '../support/fake-clock.ts';

const MINUTE = 60_000;

describe('How long ago something was', () => {
  const clock = () => new FakeClock('2026-01-01T00:00:00Z');

  it('is what the monotonic clock says, whatever a time server corrects', async () => {
    const one = clock();
    const then = momentOf(one);
    await one.advance(10_000);
    for (const seconds of [-3_600, -5, 5, 120]) {
      one.jump(then.wall + 10_000 + seconds * 1000);
      assert.equal(since(one, then), 10_000, `${seconds} s`);
      assert.equal(sleptSince(one, then), false);
    }
  });

  it('is what the wall clock says where the machine slept for more than two minutes', async () => {
    const one = clock();
    const then = momentOf(one);
    await one.advance(10_000);
    one.jump(then.wall + 10_000 + 2 * MINUTE + 1);
    assert.equal(since(one, then), 2 * MINUTE + 10_001);
    assert.equal(sleptSince(one, then), true);
    const woke = momentOf(one);
    await one.advance(5_000);
    assert.equal(since(one, woke), 5_000, 'what came after is as old as it is');
    assert.equal(since(one, then), 2 * MINUTE + 15_001);
  });

  it('is for ever where it never was', () => {
    assert.equal(since(clock(), NEVER), Number.POSITIVE_INFINITY);
  });
});
