import assert from 'node:assert/strict';
import { line } from '../support/fake-api-server/index.ts';
import { COLLECTION } from './support/fake.ts';
import { eventually, inTime, pass } from './support/io.ts';
import { scenes } from './support/scenes.ts';

const MINUTE = 60_000;

describe('A copy of a collection that is told what is not so', () => {
  const scene = scenes();

  it('does not bring back what is gone when an old event comes late', async () => {
    const reflector = await scene.watching();
    const old = scene.put('a', 1);
    await eventually('there', () => scene.follower.has({ a: 1 }));
    await scene.world.remove('a');
    await eventually('gone', () => scene.follower.has({}));
    scene.world.fake.server.watches.raw(line('ADDED', old));
    scene.world.fake.server.watches.raw(line('MODIFIED', old));
    await eventually('seen', () => reflector.counters().staleEvents === 2);
    assert.deepEqual(scene.follower.sizes, {});
  });

  it('is the whole of a restored server, and says that it was', async () => {
    const a = scene.put('a', 1);
    const restore = scene.world.fake.server.store.backup();
    scene.put('a', 2);
    scene.put('b', 2);
    const reflector = await scene.watching();
    restore();
    // Another write takes the very version that was known for another content.
    const again = scene.put('a', 9);
    assert.equal(again.metadata.uid, a.metadata.uid);
    scene.world.fake.server.watches.cut();
    await inTime(scene.world.fake.clock, MINUTE, 'the restored', () => scene.follower.has({ a: 9 }));
    assert.equal(reflector.counters().restores, 1);
    assert.match(scene.follower.logged.join('\n'), /error the server knows less than it did/);
    scene.put('c', 1);
    await eventually('what comes after', () => scene.follower.has({ a: 9, c: 1 }));
    scene.follower.check();
  });

  it('is not fooled by a restore behind a watch that stays open', async () => {
    const restore = scene.world.fake.server.store.backup();
    for (let i = 0; i < 5; i += 1) scene.put(`w${i}`, i);
    const reflector = await scene.watching();
    restore();
    // The silent watch of a version of the future, bookmarks and all.
    const object = { metadata: { resourceVersion: String(scene.world.fake.server.store.version + 5) } };
    scene.world.fake.server.watches.raw(line('BOOKMARK', object));
    await inTime(scene.world.fake.clock, 70_000, 'empty', () => scene.follower.has({}));
    assert.equal(reflector.counters().restores, 1);
  });

  it('takes no sign of life from a watch that should have ended, as what waited in a socket is old', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0, watchMinMs: 240_000, watchMaxMs: 240_000 } });
    const { server, clock } = scene.world.fake;
    const seconds = async (count: number) => {
      for (let ten = 0; ten < count / 10; ten += 1) {
        await pass(clock, 10_000);
        server.watches.bookmark();
      }
    };
    await seconds(320);
    assert.equal(scene.lists().length, 1, 'late, as ends may come');
    assert.ok(reflector.ageMs() <= 10_000);
    await seconds(20);
    await inTime(clock, MINUTE, 'listed anew', () => scene.lists().length === 2);
    assert.deepEqual([...reflector.counters().failures], [['stream_broken', 1]]);
  });

  it('is compared with the server each minute, and listed anew only where a difference lasts', async () => {
    scene.put('a', 1);
    const reflector = await scene.watching({ timings: { watchMinMs: 15 * MINUTE, watchMaxMs: 15 * MINUTE } });
    const { server, clock } = scene.world.fake;
    const minutes = async (count: number) => {
      for (let half = 0; half < 2 * count; half += 1) {
        await pass(clock, 30_000);
        server.watches.bookmark();
      }
    };
    await minutes(3);
    assert.ok(scene.checks().length >= 2 && scene.checks().length <= 4, `${scene.checks().length} comparisons`);
    server.watches.lossy = true;
    scene.put('a', 2);
    // Delivered 5 s after it was compared: late, no loss.
    const before = scene.checks().length;
    await inTime(clock, 2 * MINUTE, 'compared', () => scene.checks().length > before);
    server.watches.raw(line('MODIFIED', server.store.get(COLLECTION, 'default', 'a')!));
    await minutes(2);
    assert.equal(reflector.counters().divergences, 0);
    scene.put('b', 1);
    await scene.world.remove('a');
    const from = clock.monotonic();
    const alive = setInterval(() => server.watches.bookmark(), 0);
    await inTime(clock, 2 * MINUTE, 'found', () => scene.follower.has({ b: 1 }));
    clearInterval(alive);
    assert.ok(clock.monotonic() - from <= 66_000 + 10_000 + 2_000);
    assert.equal(reflector.counters().divergences, 1);
    assert.deepEqual([...reflector.counters().failures.keys()], ['diverged']);
  });

  it('outlives handlers, a log and projections that throw; what cannot be read is kept out', async () => {
    scene.put('bad', -1);
    const reflector = await scene.watching({
      onChange: () => {
        throw new Error('handler');
      },
      log: () => {
        throw new Error('log');
      },
      project: (raw) => {
        const { size } = raw.spec as { size: number };
        if (size < 0) throw new Error('projection');
        return { uid: raw.metadata.uid, size, metadata: {} };
      },
    });
    scene.put('a', 1);
    await eventually('a', () => scene.follower.has({ a: 1 }));
    scene.put('a', -1);
    await eventually('kept out', () => scene.follower.has({}));
    scene.put('a', 3);
    scene.put('bad', 4);
    await eventually('both', () => scene.follower.has({ a: 3, bad: 4 }));
    scene.put('bad', -1);
    await pass(scene.world.fake.clock, 3 * MINUTE);
    const { handlerErrors, projectErrors, divergences } = reflector.counters();
    assert.deepEqual([handlerErrors, projectErrors >= 3, divergences], [5, true, 0]);
    scene.follower.check();
  });

  it('keeps what it holds, and ages, while the server does not know the resource; lists it when it is back', async () => {
    const { server, clock } = scene.world.fake;
    scene.put('a', 1);
    const reflector = await scene.watching();
    server.fault = () => ({ status: 404 });
    server.watches.cut();
    await inTime(clock, MINUTE, 'one answer that says so', () => reflector.status().reason === 'crd_not_installed');
    assert.equal(reflector.status().uninstalled, undefined, 'a server that has just started says so of any');
    await pass(clock, MINUTE / 2);
    assert.deepEqual(scene.follower.sizes, { a: 1 });
    assert.equal(reflector.status().uninstalled, true);
    assert.ok(reflector.ageMs() > 10_000, 'it knows of no newer state');
    server.fault = undefined;
    scene.put('b', 1);
    await inTime(clock, MINUTE, 'all there', () => scene.follower.has({ a: 1, b: 1 }));
    assert.equal(reflector.status().uninstalled, undefined);
    scene.follower.check();
  });
});
