import assert from 'node:assert/strict';
import { openKeyRing, type StoredKey } from '../../src/keyring/index.ts';
import { RootKeyCache } from '../../src/keyring/root-key-cache.ts';
import { firstRing } from '../../src/keyring/rotation.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { keySource, MemoryStore } from './support.ts';

describe('root key cache', () => {
  let key: StoredKey;
  before(async () => {
    key = (await firstRing(0, keySource())).keys[0]!;
  });

  it('derives once and stays bounded, whatever audiences tokens name', () => {
    const cache = new RootKeyCache(3);
    const hot = cache.get(key, 'hot');
    for (let i = 0; i < 100; i++) {
      cache.get(key, `cold-${i}`);
      assert.equal(cache.get(key, 'hot'), hot, 'a key in use was dropped');
    }
    assert.equal(cache.size, 3);
    assert.equal(cache.get(key, 'a'.repeat(600))?.length, 32);
    assert.equal(cache.size, 3);
  });

  it('is emptied when the ring changes: no derived key outlives its master', async () => {
    const clock = new FakeClock();
    const ring = await openKeyRing({ store: new MemoryStore(), clock, ...keySource(), maxTtl: 60 });
    const { kid } = ring.active();
    const cached = ring.rootKey(kid, 'a');
    assert.equal(ring.rootKey(kid, 'a'), cached);
    await ring.rotate({ now: true });
    assert.notEqual(ring.rootKey(kid, 'a'), cached, 'the very same array as before');
    assert.deepEqual(ring.rootKey(kid, 'a'), cached);
  });
});
