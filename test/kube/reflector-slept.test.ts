import assert from 'node:assert/strict';
import { eventually, pass } from './support/io.ts';
import { scenes } from './support/scenes.ts';

const HOUR = 3_600_000;

describe('A copy of a collection on a machine that slept', () => {
  const scene = scenes();
  const clock = () => scene.world.fake.clock;

  it('is as old as it is the moment the machine wakes, and is listed anew within seconds', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    scene.put('a', 1);
    await eventually('there', () => scene.follower.has({ a: 1 }));
    // Nobody tells of what happened meanwhile: the connection is dead, and does not know it.
    scene.world.fake.server.watches.lossy = true;
    await scene.world.remove('a');
    clock().jump(clock().now() + HOUR);
    assert.ok(reflector.ageMs() >= HOUR, `${reflector.ageMs()}`);
    const lists = scene.lists().length;
    await pass(clock(), 2_000);
    await pass(clock(), 1_000);
    await eventually('listed anew', () => scene.follower.has({}));
    assert.equal(scene.lists().length, lists + 1);
    assert.ok(reflector.ageMs() < 10_000, `${reflector.ageMs()}`);
    assert.equal(reflector.counters().failures.get('slept'), 1);
    await eventually('watching', () => reflector.status().phase === 'watching');
    await pass(clock(), 30_000);
    assert.equal(scene.lists().length, lists + 1, 'one list is all that it costs');
  });

  it('believes nothing that it reads from before', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    scene.world.fake.server.watches.lossy = true;
    clock().jump(clock().now() + HOUR);
    // It has waited in the socket.
    scene.world.fake.server.watches.bookmark();
    await eventually('not believed', () => reflector.status().reason === 'slept');
    assert.ok(reflector.ageMs() >= HOUR, `${reflector.ageMs()}`);
    await pass(clock(), 1_000);
    await eventually('watching', () => reflector.status().phase === 'watching');
    assert.ok(reflector.ageMs() < 10_000);
  });

  it('is not disturbed by a clock that is set right by seconds, or set back', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    const lists = scene.lists().length;
    for (const by of [90_000, -90_000, -HOUR]) {
      clock().jump(clock().now() + by);
      await pass(clock(), 5_000);
      scene.world.fake.server.watches.bookmark();
      await eventually('a sign of life', () => reflector.ageMs() < 1_000);
    }
    assert.equal(scene.lists().length, lists);
    assert.equal(reflector.status().phase, 'watching');
  });

  it('is as young as it is within seconds of a clock that was set back being right again', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    clock().jump(clock().now() - HOUR);
    await pass(clock(), 5_000);
    scene.world.fake.server.watches.bookmark();
    await eventually('a sign of life', () => reflector.ageMs() < 1_000);
    clock().jump(clock().now() + HOUR);
    await pass(clock(), 4_000);
    await eventually('listed anew', () => reflector.ageMs() < 10_000);
    assert.equal(reflector.counters().failures.get('slept'), 1);
  });
});
