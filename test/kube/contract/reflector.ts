import assert from 'node:assert/strict';
import { Follower } from './follower.ts';
import type { Fault, World } from './world.ts';

/** How what a reflector promises is proved: on the fake and on a real API server alike. */
export function reflectorContract<W extends World>(name: string, open: () => Promise<W>, faults: readonly Fault<W>[]) {
  describe(`A copy of a collection, ${name}`, () => {
    let world: W;
    let follower: Follower;
    beforeEach(async () => {
      world = await open();
      follower = new Follower(world);
    });
    afterEach(async () => {
      await follower?.reflector.stop();
      assert.equal(follower.reflector.status().phase, 'stopped');
    });

    const started = async () => {
      follower.reflector.start();
      await world.until('watching', () => follower.reflector.status().phase === 'watching');
    };

    it('has what is there once it is synced, and then follows every change', async () => {
      await world.create('a', 1);
      await world.create('b', 1);
      assert.equal(follower.reflector.synced, false);
      assert.equal(follower.reflector.ageMs(), Number.POSITIVE_INFINITY);
      await started();
      assert.equal(follower.reflector.synced, true);
      assert.equal(follower.syncs, 1);
      assert.deepEqual(follower.sizes, { a: 1, b: 1 });
      assert.equal(follower.batches.length, 1, 'a list is one batch');
      await world.create('c', 1);
      await world.update('a', 2);
      await world.remove('b');
      await world.until('all changes', () => follower.has({ a: 2, c: 1 }));
      const types = follower.batches.slice(1).map((batch) => batch.map(({ type }) => type).join());
      assert.deepEqual(types, ['added', 'modified', 'deleted'], 'each is delivered alone, in order');
      follower.check();
    });

    it('sees an object made again under its name as a deletion and an addition', async () => {
      await world.create('a', 1);
      await started();
      const { uid } = [...follower.reflector.items().values()][0]!;
      await world.remove('a');
      await world.create('a', 5);
      await world.until('the new one', () => follower.has({ a: 5 }));
      assert.notEqual([...follower.reflector.items().values()][0]!.uid, uid);
      follower.check();
    });

    it('keeps frozen projections without managedFields', async () => {
      await world.create('a', 1);
      await started();
      await world.update('a', 2);
      await world.until('the change', () => follower.has({ a: 2 }));
      const [thing] = follower.reflector.items().values();
      assert.ok(Object.isFrozen(thing) && Object.isFrozen(thing!.metadata));
      assert.equal(Object.hasOwn(thing!.metadata, 'managedFields'), false);
    });

    for (const fault of faults)
      it(`has what the server has after ${fault.name}, and follows on`, async () => {
        for (const each of ['kept', 'changed', 'gone', 'again']) await world.create(each, 1);
        await started();
        const write = async () => {
          await world.remove('gone');
          await world.update('changed', 2);
          await world.create('fresh', 3);
          await world.remove('again');
          await world.create('again', 4);
        };
        await fault.begin(world);
        try {
          if (!fault.writesAfter) await write();
          if (fault.noticed.length > 0)
            await world.until('noticed', () => {
              assert.ok(follower.reflector.items().size >= 1, 'what goes wrong does not empty it');
              const { failures } = follower.reflector.counters();
              return fault.noticed.some((reason) => failures.has(reason));
            });
        } finally {
          await fault.end(world);
        }
        if (fault.writesAfter) await write();
        const truth = { again: 4, changed: 2, fresh: 3, kept: 1 };
        await world.until('what the server has', () => follower.has(truth));
        await world.until('watching again', () => follower.reflector.status().phase === 'watching');
        await world.create('last', 6);
        await world.until('what comes after', () => follower.has({ ...truth, last: 6 }));
        assert.equal(follower.reflector.status().reason, undefined, 'all is well');
        assert.equal(follower.syncs, 1);
        const deleted = follower.batches.flat().filter(({ type }) => type === 'deleted');
        assert.ok(
          deleted.every(({ key }) => /\/(gone|again)$/.test(key)),
          'nothing was taken for deleted that was not',
        );
        follower.check();
      });
  });
}
