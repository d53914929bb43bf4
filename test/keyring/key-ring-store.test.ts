import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { openKeyRing } from '../../src/keyring/index.ts';
import { DAY, HOUR, keySource, rejectsWith, setup, shape } from './support.ts';

describe('key ring and its store', () => {
  it('writes the same keys back when they vanish while it runs', async () => {
    const t = setup();
    const ring = await t.open();
    const before = t.store.text;
    t.store.text = undefined;
    await ring.tick();
    assert.equal(t.store.text, before);
    assert.deepEqual(t.problems, ['keys_lost']);
    assert.deepEqual(t.changes.at(-1), { action: 'restored', kid: ring.active().kid });
    assert.equal(ring.problem(), undefined);
  });

  it('tells whoever reads the log that there is nothing left to put back', async () => {
    const t = setup();
    const said: string[] = [];
    const ring = await openKeyRing({ ...t.options, onProblem: (error) => said.push(error.message) });
    t.store.text = undefined;
    await ring.tick();
    assert.equal(said.length, 1);
    assert.match(said[0]!, /: the same keys were written back$/);
    assert.doesNotMatch(said[0]!, /put it back/);
  });

  it('writes the same keys back over damaged, foreign and outdated ones', async () => {
    const t = setup();
    const ring = await t.open();
    const outdated = t.store.text!;
    await ring.rotate();
    const current = t.store.text!;
    // Of a higher revision than ours, so that its id alone tells it apart.
    const other = setup(keySource(500));
    const foreign = await other.open();
    for (let i = 0; i < 5; i++) await foreign.rotate({ now: true });
    for (const bad of ['', '{"version":1', other.store.text!, outdated]) {
      t.store.text = bad;
      await ring.tick();
      assert.equal(t.store.text, current);
    }
    assert.deepEqual(t.problems, ['keys_damaged', 'keys_damaged', 'keys_foreign', 'keys_foreign']);
  });

  it('agrees with another writer of the same revision: what is stored is what both go on with', async () => {
    const t = setup();
    const ring = await t.open();
    const before = t.store.text!;
    const other = await t.open();
    await other.rotate();
    // A file store met both at once: each found the revision that it expected.
    const others = t.store.text!;
    t.store.text = before;
    await ring.rotate();
    t.store.text = others;
    await ring.tick();
    assert.deepEqual(ring.states(), other.states());
    await ring.tick();
    assert.equal(t.store.text, others);
    assert.deepEqual(t.problems, []);
  });

  it('refuses to start where keys were created and are gone: no new keys over old ones', async () => {
    const t = setup();
    await t.open();
    t.store.text = undefined;
    await rejectsWith(t.open(), 'keys_lost');
    t.store.text = '{}';
    await rejectsWith(t.open(), 'keys_damaged');
  });

  it('goes on serving from memory while the store is down, says so, and changes nothing unstored', async () => {
    const t = setup();
    const ring = await t.open();
    const { kid } = ring.active();
    t.store.failing = true;
    await t.clock.advance(40 * DAY * 1000);
    await ring.tick();
    assert.deepEqual(shape(ring), ['active']);
    assert.equal(ring.problem()?.code, 'keys_unavailable');
    assert.ok(ring.rootKey(kid, 'a'));
    await rejectsWith(ring.rotate({ now: true }), 'keys_unavailable');
    assert.equal(ring.active().kid, kid);
    t.store.failing = false;
    await ring.tick();
    assert.deepEqual(shape(ring), ['active', 'next']);
    assert.equal(ring.problem(), undefined);
  });

  it('takes over what another process rotated, and leaves writing to the leader', async () => {
    const t = setup();
    const leader = await t.open();
    const follower = await openKeyRing({ ...t.options, mayWrite: () => false });
    await leader.rotate({ now: true });
    await follower.tick();
    assert.deepEqual(follower.states(), leader.states());
    assert.deepEqual(t.changes.at(-1), { action: 'adopted', kid: leader.active().kid });
    const said = t.changes.length;
    await follower.tick();
    assert.equal(t.changes.length, said);
    await rejectsWith(follower.rotate(), 'keys_conflict');
    const { saves } = t.store;
    t.store.text = undefined;
    await follower.tick();
    assert.equal(t.store.saves, saves);
    assert.equal(follower.problem()?.code, 'keys_lost');
  });

  it('two rotations at once never leave two active keys', async () => {
    const t = setup();
    const [a, b] = [await t.open(), await t.open()];
    await Promise.allSettled([a.rotate({ now: true }), b.rotate({ now: true }), a.rotate(), b.rotate()]);
    await Promise.all([a.tick(), b.tick()]);
    assert.deepEqual(a.states(), b.states());
    assert.equal(shape(a).filter((s) => s === 'active').length, 1);
  });

  it('shows no key in inspection, JSON or errors', async () => {
    const t = setup();
    const ring = await t.open();
    const master = JSON.parse(t.store.text!).keys[0].macaroon as string;
    const stored = await t.store.load();
    const root = ring.resourceKeys('a')[0]!.key;
    const shown = [ring, stored].flatMap((x) => [
      inspect(x, { depth: 9, showHidden: true }),
      JSON.stringify(x),
      `${x}`,
    ]);
    for (const text of shown) assert.ok(!text.includes(master) && !text.includes(root), text);
    // As bytes they would show by index, not as base64url.
    assert.ok(shown.every((text) => !text.includes('Uint8Array') && !text.includes('"0":')));
  });

  it('refuses options it cannot keep', async () => {
    for (const bad of [{ maxTtl: 0 }, { maxTtl: 1.5 }, { rotateEvery: HOUR }, { jwksMaxAge: Number.NaN }]) {
      await rejectsWith(setup(bad).open(), 'invalid_option');
    }
  });
});
