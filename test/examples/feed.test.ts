import assert from 'node:assert/strict';
import type { FakeClock } from '../support/fake-clock.ts';
import { entry, type FakeMint, feedWorld } from './mint.ts';
import type { Feed, FeedOptions } from './support.ts';

const MINUTE = 60_000;

describe('The feed of a gateway', () => {
  let w: ReturnType<typeof feedWorld>;
  let clock: FakeClock;
  let mints: FakeMint[];
  let feed: Feed;

  function begin(count = 1, options: Partial<FeedOptions> = {}) {
    w = feedWorld(count, options);
    ({ clock, mints, feed } = w);
    return feed.start();
  }
  const seconds = (count: number) => w.seconds(count);
  const state = () => w.state();
  const killed = (value: string) => w.killed(value);
  afterEach(() => feed.stop());

  it('asks for keys and revocations of its resource, as itself, and gives out both', async () => {
    await begin();
    const [mint] = mints;
    mint!.entries = [entry('g1')];
    await seconds(5);
    const { keys, now } = feed.current();
    assert.deepEqual(keys, mint!.keys);
    assert.equal(Math.floor(now), Math.floor(clock.now() / 1000));
    assert.ok(killed('g1') && !killed('g2'));
    const { url, headers } = mint!.seen[0]!;
    assert.equal(url.search, '?resource=docs%20%26%20more');
    assert.deepEqual(headers, { authorization: 'Bearer proof-1' });
  });

  it('asks again every 5 s at most, with the ETag that it holds and the token as its file is now', async () => {
    await begin();
    w.token = 'proof-2';
    await seconds(5);
    const again = mints[0]!.seen.slice(2);
    assert.deepEqual(
      again.map(({ status }) => status),
      [304, 304],
    );
    assert.ok(again.every(({ headers }) => headers.authorization === 'Bearer proof-2' && headers['if-none-match']));
    await seconds(60);
    assert.equal(mints[0]!.seen.length, 2 * 14);
  });

  it('refuses before the first good answer, and where there are no keys', async () => {
    w = feedWorld();
    ({ clock, mints, feed } = w);
    mints[0]!.keys = [];
    assert.equal(state(), 'no_feed');
    await feed.start();
    assert.equal(state(), 'no_keys');
  });

  it('keeps the last good one through errors, backs off, and refuses once it is older than its limit', async () => {
    await begin();
    const [mint] = mints;
    const faults = [
      () => new Error('ECONNREFUSED'),
      () => ({ status: 503, headers: {}, body: { error: 'temporarily_unavailable' } }),
      () => ({ status: 200, headers: { date: new Date(clock.now()).toUTCString() }, body: 'nonsense' }),
    ];
    let asked = 0;
    mint!.fault = () => faults[asked++ % faults.length]!();
    await seconds(598);
    assert.equal(state(), 'fresh');
    const polls = mint!.seen.length / 2;
    assert.ok(polls > 18 && polls < 30, `${polls} in ten minutes`);
    await seconds(2);
    assert.equal(state(), 'feed_stale');
    mint!.fault = undefined;
    await seconds(31);
    assert.equal(state(), 'fresh');
    assert.ok(w.logged.length > 0 && !w.logged.join().includes('proof-'));
  });

  it('reckons from when the mint last knew, not from when it answered', async () => {
    w = feedWorld();
    ({ clock, mints, feed } = w);
    mints[0]!.stale = 590;
    await feed.start();
    assert.equal(state(), 'fresh');
    mints[0]!.fault = () => new Error('gone');
    await clock.advance(10_000);
    assert.equal(state(), 'feed_stale');
  });

  for (const to of ['2025-12-31T23:00:00Z', '2020-01-01T00:00:00Z']) {
    it(`a wall clock that is set back (${to}) makes nothing fresh and revives nothing`, async () => {
      await begin();
      const { now } = feed.current();
      mints[0]!.fault = () => new Error('gone');
      clock.jump(to);
      await seconds(540);
      assert.ok(feed.current().now >= now + 540, 'what is over stays over');
      await seconds(61);
      assert.equal(state(), 'feed_stale');
    });
  }

  it('a machine that slept refuses until it has asked again: one of its clocks stood still', async () => {
    await begin();
    clock.jump(clock.now() + 20 * MINUTE);
    mints[0]!.fault = () => new Error('gone');
    assert.equal(state(), 'feed_stale');
    mints[0]!.fault = undefined;
    await seconds(5);
    assert.equal(state(), 'fresh');
  });

  for (const ahead of [-301, 301, 3600]) {
    it(`takes nothing from a mint whose clock is ${ahead} s from its own: one of them is wrong`, async () => {
      await begin(2);
      mints[0]!.ahead = ahead;
      mints[0]!.entries = [entry('from-0')];
      await seconds(10);
      assert.equal(killed('from-0'), false);
      assert.equal(state(), 'fresh', 'the other one is good');
      mints[1]!.ahead = ahead;
      await seconds(601);
      assert.equal(state(), 'feed_stale');
    });
  }

  it('refuses a feed from the future, and one without a time', async () => {
    await begin();
    const good = mints[0]!.seen.length;
    for (const headers of [
      { date: new Date(clock.now()).toUTCString(), 'x-generated-at': new Date(clock.now() + MINUTE).toISOString() },
      { date: new Date(clock.now()).toUTCString() },
      { 'x-generated-at': new Date(clock.now()).toISOString() },
    ]) {
      const body = { entries: [entry('no')], keys: mints[0]!.keys };
      mints[0]!.fault = (path) =>
        path === 'keys' ? undefined : { status: 200, headers: { etag: 'e', ...headers }, body };
      await seconds(31);
      assert.equal(killed('no'), false, JSON.stringify(headers));
    }
    assert.ok(mints[0]!.seen.length > good);
  });

  for (const bad of [
    { ...entry('x'), by: 'moon' },
    { ...entry('x'), by: 'constructor' },
    { by: 'grant', value: 'x' },
    { ...entry('x'), expiresAt: 'never' },
    { ...entry('x'), tenant: 7 },
    null,
  ]) {
    it(`an entry that is not understood (${JSON.stringify(bad)}) is not passed over: the feed is refused, and ages`, async () => {
      await begin();
      mints[0]!.entries = [entry('g1'), bad];
      await seconds(31);
      assert.equal(killed('g1'), false);
      await seconds(580);
      assert.equal(state(), 'feed_stale');
    });
  }

  it('what every mint refuses to give, three rounds in a row, is given up: the right is gone', async () => {
    await begin(2);
    mints[0]!.fault = () => ({ status: 401, headers: {}, body: { error: 'unauthorized' } });
    await seconds(30);
    assert.equal(state(), 'fresh', 'the other one still gives it');
    mints[1]!.fault = () => ({ status: 503, headers: {} });
    await seconds(120);
    assert.equal(state(), 'fresh', 'an outage is no refusal');
    mints[1]!.fault = mints[0]!.fault;
    await seconds(100);
    assert.equal(state(), 'no_feed');
    mints[1]!.fault = undefined;
    await seconds(31);
    assert.equal(state(), 'fresh');
  });

  it('refuses a limit beyond the half hour that status promises, and one that no poll could keep', async () => {
    for (const options of [{ limit: 1_800_001 }, { limit: 5_000 }, { limit: Number.NaN }, { interval: 0 }]) {
      assert.throws(() => feedWorld(1, options), RangeError, JSON.stringify(options));
    }
    await begin(1, { limit: 1_800_000 });
  });

  it('stops: nothing is asked any more, and no timer is left', async () => {
    await begin();
    feed.stop();
    const asked = mints[0]!.seen.length;
    await seconds(30);
    assert.equal(mints[0]!.seen.length, asked);
    assert.equal(clock.pending, 0);
  });
});
