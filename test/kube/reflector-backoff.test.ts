import assert from 'node:assert/strict';
import { Backoff } from '../../src/kube/backoff.ts';
import { line, type Reply, status } from '../support/fake-api-server/index.ts';
import { Follower } from './contract/follower.ts';
import { inTime, pass } from './support/io.ts';
import { scenes } from './support/scenes.ts';
import { steady } from './support/settle.ts';

const MINUTE = 60_000;

describe('A copy of a collection, when the server is sick', () => {
  const scene = scenes();

  const sicknesses: [string, Reply][] = [
    ['hangs up', 'hang up'],
    ['answers 410 to every watch', { status: 410 }],
    ['says 410 in every watch', { status: 200, body: line('ERROR', status(410, 'Expired')) }],
    ['says 500 in every watch', { status: 200, body: line('ERROR', status(500, 'InternalError')) }],
    ['ends every watch at once', { status: 200, body: '' }],
    ['answers 429 without saying when', { status: 429 }],
    ['answers 500', { status: 500 }],
    ['answers 401', { status: 401 }],
    ['answers no JSON', { status: 200, body: '<html>\n' }],
  ];
  for (const [name, reply] of sicknesses)
    it(`asks less and less of a server that ${name}`, async () => {
      const { server, clock } = scene.world.fake;
      server.fault = ({ verb }) => (verb === 'watch' ? reply : undefined);
      scene.follower = new Follower(scene.world);
      scene.follower.reflector.start();
      await pass(clock, MINUTE);
      const first = scene.watches().length;
      await pass(clock, 9 * MINUTE);
      const later = scene.watches().length - first;
      assert.ok(first >= 3 && first <= 25, `${first} watches in the first minute`);
      assert.ok(later >= 9 * 8 && later <= 9 * 16, `${later} watches in 9 minutes`);
      assert.ok(scene.lists().length <= scene.watches().length + 1);
    });

  it('waits as long as the server asks, and keeps its place', async () => {
    const { server, clock } = scene.world.fake;
    server.fault = ({ verb }) => (verb === 'watch' ? { status: 429, headers: { 'retry-after': '45' } } : undefined);
    scene.follower = new Follower(scene.world);
    scene.follower.reflector.start();
    await pass(clock, 44_000);
    assert.equal(scene.watches().length, 1);
    await pass(clock, 4 * MINUTE);
    assert.ok(scene.watches().length >= 5 && scene.watches().length <= 7);
    assert.equal(scene.lists().length, 1, 'what was listed is as good as before');
  });

  it('is quick again after a watch that was well for twenty seconds, and only then', async () => {
    const { server, clock } = scene.world.fake;
    const reflector = await scene.watching({ random: steady(0.99), timings: { checkMs: 0 } });
    const cutAndTime = async () => {
      const from = clock.monotonic();
      server.watches.cut();
      await inTime(clock, MINUTE, 'waiting', () => reflector.status().phase === 'waiting');
      await inTime(clock, MINUTE, 'back', () => reflector.status().phase === 'watching');
      return clock.monotonic() - from;
    };
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) waits.push(await cutAndTime());
    assert.ok(waits[0]! <= 1_500 && waits[4]! >= 9_500, String(waits));
    await pass(clock, 18_000);
    assert.ok((await cutAndTime()) >= 9_500);
    await pass(clock, 21_000);
    assert.ok((await cutAndTime()) <= 1_500);
  });
});

describe('A backoff', () => {
  it('draws each wait from zero up to a bound that doubles to 10 s', () => {
    const drawn = (fraction: number) => {
      const backoff = new Backoff(800, 10_000, steady(fraction));
      return Array.from({ length: 8 }, () => Math.round(backoff.next() / 100) * 100);
    };
    assert.deepEqual(drawn(0.5), [400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
    assert.deepEqual(drawn(0), [100, 100, 100, 100, 100, 100, 100, 100], 'the luckiest is no busy loop');
    const backoff = new Backoff(800, 10_000, steady(0.5));
    backoff.next();
    backoff.reset();
    assert.equal(Math.round(backoff.next() / 100), 4);
  });
});
