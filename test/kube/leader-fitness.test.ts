import assert from 'node:assert/strict';
import { twoProcesses } from './support/election-world.ts';

describe('leader election among processes that are not all fit to lead', () => {
  it('passes to another within seconds, and no write goes between', async () => {
    const { world, a, b } = await twoProcesses();
    a.fit = false;
    assert.equal(a.elector.isLeader(), false, 'at once');
    await world.advance(7_000);
    assert.deepEqual([a.elector.isLeader(), b.elector.isLeader()], [false, true]);
    assert.equal(a.terms[0]?.aborted, true);
    await world.advance(60_000);
    assert.equal(a.terms.length, 1, 'it did not try again');
    assert.deepEqual(world.violations, []);
    a.fit = true;
    b.fit = false;
    await world.advance(7_000);
    assert.equal(a.elector.isLeader(), true, 'and back');
    assert.deepEqual(world.violations, []);
  });

  it('waits for one that is fit, and goes on with the term of one that is again before anybody noticed', async () => {
    const { world, a, b } = await twoProcesses();
    for (const each of [a, b]) each.fit = false;
    await world.advance(60_000);
    assert.deepEqual([a.elector.isLeader(), b.elector.isLeader()], [false, false]);
    b.fit = true;
    await world.advance(7_000);
    assert.equal(b.elector.isLeader(), true);
    b.fit = false;
    b.fit = true;
    await world.advance(7_000);
    assert.deepEqual([b.elector.isLeader(), b.terms.length], [true, 1]);
  });
});
