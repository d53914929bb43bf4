import assert from 'node:assert/strict';
import { ownError } from '../../src/kube/errors.ts';
import { type Seen, status } from '../support/fake-api-server/index.ts';
import type { FakeWorld } from './contract/fake.ts';
import { Follower } from './contract/follower.ts';
import { eventually, inTime, pass } from './support/io.ts';
import { scenes } from './support/scenes.ts';

const MINUTE = 60_000;

describe('A copy of a collection', () => {
  const scene = scenes();

  it('is listed consistently and in pages, and watched from there with bookmarks', async () => {
    for (let i = 0; i < 7; i += 1) scene.put(`w${i}`, i);
    const { version } = scene.world.fake.server.store;
    const reflector = await scene.watching({ pageSize: 3, labelSelector: 'a=b' });
    assert.equal(reflector.items().size, 7);
    assert.equal(scene.lists().length, 3);
    for (const { query } of scene.lists()) {
      assert.equal(query.has('resourceVersion'), false);
      assert.equal(query.get('limit'), '3');
      assert.equal(query.get('labelSelector'), 'a=b');
    }
    const [{ query }] = scene.watches() as [Seen];
    assert.equal(query.get('resourceVersion'), String(version));
    assert.equal(query.get('allowWatchBookmarks'), 'true');
    assert.equal(query.get('labelSelector'), 'a=b');
    const timeout = Number(query.get('timeoutSeconds'));
    assert.ok(timeout >= 240 && timeout <= 480, String(timeout));
  });

  it('is listed, and compared, in smaller pages where objects are so large that the answer exceeds its cap', async () => {
    for (let i = 0; i < 9; i += 1) scene.put(`w${i}`, i);
    const { client } = scene.world;
    const limits: (number | undefined)[] = [];
    const list: typeof client.list = (type, params, options) => {
      limits.push(params.limit);
      if ((params.limit ?? 500) > 2) throw ownError('list widgets', 'TooLarge', 'more than 67108864 bytes');
      return client.list(type, params, options);
    };
    const reflector = await scene.watching({ pageSize: 20, client: { ...client, list } });
    assert.deepEqual(limits, [20, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert.equal(reflector.items().size, 9);
    await inTime(scene.world.fake.clock, 70_000, 'compared', () => scene.checks().length === 9);
    assert.equal(reflector.counters().failedChecks, 0);
  });

  it('fails where not even one object fits', async () => {
    const { client } = scene.world;
    const list = () => Promise.reject(ownError('list widgets', 'TooLarge', 'more than 67108864 bytes'));
    scene.follower = new Follower(scene.world, { client: { ...client, list } });
    scene.follower.reflector.start();
    await eventually('failed', () => scene.follower.reflector.counters().failures.has('server_error'));
  });

  it('shows nothing of a list before it has all of it, then all at once', async () => {
    for (let i = 0; i < 4; i += 1) scene.put(`w${i}`, i);
    scene.world.fake.server.fault = ({ query }) => (query.has('continue') ? { status: 410 } : undefined);
    scene.follower = new Follower(scene.world, { pageSize: 2 });
    scene.follower.reflector.start();
    await eventually('expired', () => scene.follower.reflector.counters().failures.has('expired'));
    assert.deepEqual(
      [scene.follower.reflector.synced, scene.follower.sizes, scene.follower.batches.length],
      [false, {}, 0],
    );
    scene.world.fake.server.fault = undefined;
    await inTime(scene.world.fake.clock, MINUTE, 'synced', () => scene.follower.reflector.synced);
    assert.deepEqual(
      [scene.follower.reflector.items().size, scene.follower.batches.length, scene.follower.syncs],
      [4, 1, 1],
    );
  });

  it('keeps apart what bears one name in two namespaces', async () => {
    scene.put('a', 1, 'one');
    scene.put('a', 2, 'two');
    const { namespace: _, ...everywhere } = scene.world;
    scene.follower = new Follower(everywhere as FakeWorld);
    scene.follower.reflector.start();
    await eventually('synced', () => scene.follower.reflector.synced);
    assert.deepEqual([...scene.follower.reflector.items().keys()].sort(), ['one/a', 'two/a']);
  });

  it('is resumed from the last version, bookmarks included, when the server ends a watch', async () => {
    const reflector = await scene.watching();
    scene.world.fake.server.store.skip(50);
    scene.world.fake.server.watches.bookmark();
    await eventually('the bookmark', () => reflector.counters().bookmarks === 1);
    await pass(scene.world.fake.clock, 5_000);
    scene.world.fake.server.watches.end();
    await eventually('resumed', () => scene.watches().length === 2);
    assert.equal(scene.watches()[1]!.query.get('resourceVersion'), String(scene.world.fake.server.store.version));
    assert.equal(scene.lists().length, 1);
    assert.equal(reflector.counters().failures.size, 0);
  });

  it('is left alone while bookmarks come, and listed anew after 90 s of silence, never resumed', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    for (let minute = 0; minute < 5; minute += 1) {
      await pass(scene.world.fake.clock, MINUTE);
      scene.world.fake.server.watches.bookmark();
    }
    await eventually('the last bookmark', () => reflector.counters().bookmarks === 5);
    assert.deepEqual([scene.watches().length, scene.lists().length], [1, 1]);
    await pass(scene.world.fake.clock, 89_000);
    assert.equal(reflector.counters().failures.size, 0);
    await pass(scene.world.fake.clock, 3_000);
    assert.deepEqual([...reflector.counters().failures], [['idle', 1]]);
    assert.equal(scene.lists().length, 2);
    assert.equal(scene.world.fake.server.watches.open, 1, 'the silent one is closed');
  });

  it('takes a chain of silent watches for one', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    for (let half = 0; half < 4; half += 1) {
      await pass(scene.world.fake.clock, MINUTE / 2);
      scene.world.fake.server.watches.end();
    }
    await eventually('noticed', () => reflector.counters().failures.has('idle'));
    assert.equal(scene.lists().length, 2);
  });

  it('says how old it is: a list, an event or a bookmark makes it young, mere bytes do not', async () => {
    const reflector = await scene.watching({ timings: { checkMs: 0 } });
    const { clock } = scene.world.fake;
    assert.ok(reflector.ageMs() < 1_000);
    await pass(clock, 30_000);
    assert.ok(reflector.ageMs() >= 30_000);
    scene.world.fake.server.watches.raw('\n');
    await pass(clock, 1_000);
    assert.ok(reflector.ageMs() >= 31_000);
    scene.world.fake.server.watches.bookmark();
    await eventually('young', () => reflector.ageMs() === 0);
    await pass(clock, 10_000);
    scene.put('a', 1);
    await eventually('young again', () => reflector.ageMs() === 0);
    scene.world.fake.server.fault = () => ({ status: 500 });
    scene.world.fake.server.watches.cut();
    await pass(clock, 10 * MINUTE);
    assert.ok(reflector.ageMs() >= 10 * MINUTE);
    assert.deepEqual(scene.follower.sizes, { a: 1 }, 'it ages, and keeps what it has');
  });

  it('tells missing rights from a missing CRD, and asks on, slowly', async () => {
    for (const [code, reason] of [
      [403, 'rbac_missing'],
      [404, 'crd_not_installed'],
    ] as const) {
      scene.world.fake.server.fault = () => ({ status: code });
      scene.follower = new Follower(scene.world);
      scene.follower.reflector.start();
      const before = scene.world.fake.server.seen.length;
      await pass(scene.world.fake.clock, 2 * MINUTE);
      const asked = scene.world.fake.server.seen.length - before;
      assert.ok(asked >= 10 && asked <= 26, `${asked} requests in 2 minutes`);
      const { phase, reason: why, lastError } = scene.follower.reflector.status();
      assert.deepEqual([phase, why], ['waiting', reason]);
      assert.match(lastError ?? '', new RegExp(String(code)));
      assert.equal(scene.follower.logged.length, 1, 'one line, not one for each attempt');
      scene.world.fake.server.fault = undefined;
      await inTime(scene.world.fake.clock, 11_000, 'synced', () => scene.follower.reflector.synced);
      await scene.follower.reflector.stop();
    }
  });

  it('tells of refused credentials and of none', async () => {
    scene.world.fake.server.tokens.clear();
    scene.world.fake.server.fault = undefined;
    scene.follower = new Follower(scene.world);
    scene.follower.reflector.start();
    await eventually('noticed', () => scene.follower.reflector.status().reason === 'unauthorized');
    assert.equal(scene.world.fake.credentials.renewals, 1);
    assert.doesNotMatch(
      JSON.stringify(scene.follower.reflector.status()) + scene.follower.logged.join(),
      /good|Bearer|SECRET/,
    );
  });

  it('ends at once when told to: before it has begun, before any answer, in a wait, in a watch', async () => {
    const stopped = async (what: string, arrange: () => Promise<unknown>) => {
      scene.follower = new Follower(scene.world);
      await arrange();
      await scene.follower.reflector.stop();
      await scene.follower.reflector.stop();
      assert.equal(scene.follower.reflector.status().phase, 'stopped', what);
      assert.equal(scene.world.fake.clock.pending, 0, what);
      scene.follower.reflector.start();
      assert.equal(scene.follower.reflector.status().phase, 'stopped', 'it does not begin again');
    };
    const { server } = scene.world.fake;
    const start = () => scene.follower.reflector.start();
    await stopped('before', async () => {});
    for (const verb of ['list', 'watch'] as const)
      await stopped(`no headers of a ${verb}`, async () => {
        const before = server.count(verb);
        server.fault = (seen) => (seen.verb === verb ? 'withhold' : undefined);
        start();
        await eventually('asked', () => server.count(verb) > before);
      });
    await stopped('waiting', async () => {
      server.fault = () => ({ status: 500, body: JSON.stringify(status(500, 'InternalError')) });
      start();
      await eventually('waiting', () => scene.follower.reflector.status().phase === 'waiting');
    });
    await stopped('watching', async () => {
      server.fault = undefined;
      start();
      await eventually('watching', () => scene.follower.reflector.status().phase === 'watching');
    });
    await eventually('closed', () => server.watches.open === 0);
  });
});
