import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, setup, shape } from './support.ts';

const start = Date.parse('2026-01-01T00:00:00Z') / 1000;

describe('key ring', () => {
  it('starts with one key that signs, and finds it again after a restart', async () => {
    const t = setup();
    const first = await t.open();
    assert.deepEqual(shape(first), ['active']);
    assert.deepEqual(t.changes, [{ action: 'created', kid: first.active().kid }]);
    const again = await t.open();
    assert.deepEqual(again.active(), first.active());
    assert.deepEqual(again.rootKey(first.active().kid, 'x'), first.rootKey(first.active().kid, 'x'));
  });

  it('gives concurrent creators one set of keys', async () => {
    const t = setup();
    const rings = await Promise.all([t.open(), t.open(), t.open(), t.open()]);
    assert.equal(new Set(rings.map((r) => r.active().kid)).size, 1);
    assert.equal(t.store.saves, 1);
  });

  it('publishes a key before it signs, and then lets it sign, on schedule', async () => {
    const t = setup({ rotateEvery: 10 * DAY, jwksMaxAge: 2 * HOUR });
    const ring = await t.open();
    const old = ring.active().kid;
    ring.start();
    await t.clock.advance((10 * DAY - 2 * HOUR - 60) * 1000);
    assert.deepEqual(shape(ring), ['active']);
    await t.clock.advance(120_000);
    assert.deepEqual(shape(ring), ['active', 'next']);
    assert.equal(ring.active().kid, old);
    await t.clock.advance((2 * HOUR - 120) * 1000);
    assert.deepEqual(shape(ring), ['active', 'next'], 'a key signed before its lead had passed');
    await t.clock.advance(120_000);
    assert.deepEqual(shape(ring), ['active', 'retired']);
    assert.notEqual(ring.active().kid, old);
    await ring.close();
    assert.equal(t.clock.pending, 0);
  });

  it('verifies what was signed before a rotation for max-ttl, and then forgets the key', async () => {
    const t = setup({ maxTtl: 8 * HOUR });
    const ring = await t.open();
    const { kid } = ring.active();
    const key = ring.rootKey(kid, 'satgate');
    await ring.rotate({ now: true });
    await t.clock.advance(8 * HOUR * 1000);
    await ring.tick();
    assert.deepEqual(ring.rootKey(kid, 'satgate'), key);
    await t.clock.advance(1000);
    await ring.tick();
    assert.equal(ring.rootKey(kid, 'satgate'), undefined);
    assert.deepEqual(shape(ring), ['active']);
    assert.ok(!t.store.text!.includes(kid));
  });

  it('rotates on demand in two steps: publish, then sign when verifiers know the key', async () => {
    const t = setup();
    const ring = await t.open();
    const old = ring.active().kid;
    const asked = await ring.rotate();
    assert.deepEqual(asked.changes, [{ action: 'published', kid: asked.next!.kid }]);
    assert.equal(asked.next!.promotesAt, start + HOUR);
    await t.clock.advance((HOUR - 1) * 1000);
    const early = await ring.rotate();
    assert.deepEqual([early.changes, early.next], [[], asked.next]);
    assert.equal(ring.active().kid, old);
    await t.clock.advance(1000);
    assert.deepEqual((await ring.rotate()).changes, [
      { action: 'retired', kid: old },
      { action: 'promoted', kid: asked.next!.kid },
    ]);
    assert.equal(ring.active().kid, asked.next!.kid);
  });

  it('a key published on demand signs by itself when its lead has passed', async () => {
    const t = setup();
    const ring = await t.open();
    const { next } = await ring.rotate();
    await t.clock.advance(HOUR * 1000);
    await ring.tick();
    assert.equal(ring.active().kid, next!.kid);
  });

  it('signs with a new key at once only when told so explicitly', async () => {
    const t = setup();
    const ring = await t.open();
    const old = ring.active().kid;
    const { changes } = await ring.rotate({ now: true });
    assert.deepEqual(
      changes.map((c) => c.action),
      ['published', 'retired', 'promoted'],
    );
    assert.notEqual(ring.active().kid, old);
    assert.deepEqual(shape(ring), ['active', 'retired']);
  });

  it('makes no more than forty on demand, for what stores them must hold them; the schedule goes on, and then demand too', async () => {
    const t = setup({ maxTtl: 8 * HOUR });
    const ring = await t.open();
    for (let n = 1; n < 40; n += 1) await ring.rotate({ now: true });
    assert.equal(ring.states().length, 40);
    const { kid } = ring.active();
    await assert.rejects(ring.rotate({ now: true }), { code: 'keys_full' });
    await assert.rejects(ring.rotate(), { code: 'keys_full' });
    assert.equal(ring.active().kid, kid);
    await t.clock.advance((8 * HOUR + 1) * 1000);
    await ring.tick();
    await ring.rotate({ now: true });
    assert.notEqual(ring.active().kid, kid);
  });

  it('gives gateways the keys of their own audience, in every state', async () => {
    const t = setup();
    const ring = await t.open();
    await ring.rotate({ now: true });
    await ring.rotate();
    const keys = ring.resourceKeys('satgate');
    assert.deepEqual(
      keys.map((k) => k.state),
      ['active', 'next', 'retired'],
    );
    for (const k of keys) {
      assert.equal(k.key, Buffer.from(ring.rootKey(k.kid, 'satgate')!).toString('base64url'));
    }
    const others = ring.resourceKeys('other').map((k) => k.key);
    assert.ok(keys.every((k) => !others.includes(k.key)));
  });

  it('knows no key for a kid it does not have', async () => {
    const ring = await setup().open();
    for (const kid of ['', 'nope', '__proto__', 'constructor']) assert.equal(ring.rootKey(kid, 'a'), undefined);
  });

  it('always has exactly one active key, and none signs that was not published long enough', async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('advance' as const), seconds: fc.integer({ min: 0, max: 3 * DAY }) }),
      fc.record({ do: fc.constant('rotate' as const) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('lose' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const t = setup({ rotateEvery: 5 * DAY, maxTtl: DAY });
        let ring = await t.open();
        const signedUntil = new Map<string, number>();
        const publishedAt = new Map([[ring.active().kid, Number.NEGATIVE_INFINITY]]);
        for (const a of actions) {
          if (a.do === 'advance') await t.clock.advance(a.seconds * 1000);
          if (a.do === 'rotate') await ring.rotate();
          if (a.do === 'restart') ring = await t.open();
          if (a.do === 'lose') t.store.text = undefined;
          await ring.tick();
          const now = t.clock.now() / 1000;
          assert.equal(shape(ring).filter((s) => s === 'active').length, 1);
          assert.ok(shape(ring).filter((s) => s === 'next').length <= 1);
          for (const k of ring.states()) if (!publishedAt.has(k.kid)) publishedAt.set(k.kid, now);
          assert.ok(publishedAt.get(ring.active().kid)! + HOUR <= now, 'signs before verifiers can know it');
          // Whatever is signed now may live for max-ttl.
          signedUntil.set(ring.active().kid, now + DAY);
          for (const [kid, until] of signedUntil) {
            if (now <= until) assert.ok(ring.rootKey(kid, 'aud'), 'a live token lost its key');
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
