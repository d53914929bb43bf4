import assert from 'node:assert/strict';
import type { Grant } from '../../src/exchange/index.ts';
import { agents, RESEARCH, type World, world } from '../exchange/support.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { clockOf, codeOf, createFeed, type Feed, type Get, verify } from './support.ts';

/** Milliseconds. */
const MINUTE = 60_000;
/** Minutes after a revocation by which nothing that it kills is accepted anywhere: what status promises. */
const EFFECTIVE_EVERYWHERE = 30;

describe('A replica cut off from the API server, whose gateway goes on', () => {
  /** The cut-off replica, and the minute since which it is. */
  let w: World;
  let grant: Grant;
  /** The gateway's own clock: it passes time for both. */
  let clock: FakeClock;
  let feed: Feed;

  /** What the server does between engine and wire, so that no port is needed. */
  const get: Get = async (url) => {
    const headers = { date: new Date(w.clock.now()).toUTCString(), etag: 'e' };
    const path = url.pathname.slice('/api/mint/'.length);
    const answer = path === 'keys' ? w.engine.keys('default') : w.engine.revocations('default');
    if ('granted' in answer) return { status: 503, headers, body: { error: answer.code } };
    const generated = 'generatedAt' in answer ? { 'x-generated-at': answer.generatedAt } : {};
    return { status: 200, headers: { ...headers, ...generated }, body: answer };
  };

  beforeEach(async () => {
    w = await world([agents([RESEARCH])]);
    grant = await w.granted();
    clock = new FakeClock(w.clock.now());
    feed = createFeed({
      ...{ urls: ['http://cut-off'], resource: 'default', readToken: async () => 'proof', get },
      clock: clockOf(clock),
      random: () => 0,
    });
    await feed.start();
  });
  afterEach(() => feed.stop());

  /** One second for replica and gateway, in which the replica hears nothing. */
  async function second() {
    await w.clock.advance(1_000);
    w.view.stale += 1;
    await clock.advance(1_000);
  }

  /** What each of them says now. */
  async function say() {
    const exchanged = await w.exchange(await w.proof());
    const verified = w.verify(grant.token);
    const [keys, revocations] = [w.engine.keys('default'), w.engine.revocations('default')];
    return {
      exchange: exchanged.granted ? 'granted' : exchanged.code,
      verify: 'granted' in verified ? verified.code : verified.active,
      staleSeconds: 'active' in verified ? verified.staleSeconds : undefined,
      keys: 'keys' in keys ? 'given' : keys.code,
      revocations: 'entries' in revocations ? 'given' : revocations.code,
      gateway: codeOf(() => {
        verify(grant.token, { ...feed.current(), audience: 'default', call: {} });
        return 'accepted';
      }),
    };
  }

  const unavailable = 'temporarily_unavailable';

  it('exchanges and feeds stop after 10 minutes, the gateway with them, verifying after 30; each says so, none is late', async () => {
    const told = new Map<number, Awaited<ReturnType<typeof say>>>();
    for (let minute = 0; minute <= 31; minute += 1) {
      told.set(minute, await say());
      for (let i = 0; i < 60; i += 1) await second();
    }
    for (const [minute, said] of told) {
      const fresh = minute <= 10;
      assert.equal(said.exchange, fresh ? 'granted' : unavailable, `exchange, minute ${minute}`);
      assert.equal(said.keys, fresh ? 'given' : unavailable, `keys, minute ${minute}`);
      assert.equal(said.revocations, fresh ? 'given' : unavailable, `revocations, minute ${minute}`);
      assert.equal(said.verify, minute <= 30 ? true : unavailable, `verify, minute ${minute}`);
      if (minute <= 30) assert.equal(said.staleSeconds, minute * 60);
      // A second of rounding is against the gateway.
      assert.equal(said.gateway, minute < 10 ? 'accepted' : 'feed_stale', `gateway, minute ${minute}`);
    }
  });

  it('what is revoked a moment after it was cut off is accepted nowhere by effectiveEverywhereBy', async () => {
    const revokedAt = clock.monotonic();
    let last = { verify: 0, gateway: 0 };
    for (let i = 0; i < 32 * 60; i += 1) {
      await second();
      // Only these are asked each second: exchanges would be limited.
      const verified = w.verify(grant.token);
      const now = (clock.monotonic() - revokedAt) / MINUTE;
      if ('active' in verified && verified.active) last = { ...last, verify: now };
      const accepted = codeOf(() => verify(grant.token, { ...feed.current(), audience: 'default', call: {} }));
      if (typeof accepted !== 'string') last = { ...last, gateway: now };
    }
    assert.ok(last.verify > 29 && last.verify <= EFFECTIVE_EVERYWHERE, `verify until minute ${last.verify}`);
    assert.ok(last.gateway > 9 && last.gateway <= 10, `the gateway until minute ${last.gateway}`);
  });

  it('one that is cut off for 20 minutes and hears again: the gateway lets in what lives, and nothing that died meanwhile', async () => {
    const other = await w.granted({ ttl: 3600 });
    for (let i = 0; i < 20 * 60; i += 1) await second();
    assert.equal((await say()).gateway, 'feed_stale');
    // It lists everything anew before it is fresh.
    w.revoke({ by: 'token', value: grant.jti });
    w.view.stale = 0;
    for (let i = 0; i < 31; i += 1) {
      await w.clock.advance(1_000);
      await clock.advance(1_000);
      assert.notEqual((await say()).gateway, 'accepted', `second ${i}`);
    }
    assert.equal((await say()).gateway, 'revoked');
    assert.equal((await say()).verify, false);
    const living = codeOf(() => verify(other.token, { ...feed.current(), audience: 'default', call: {} }));
    assert.equal(typeof living, 'object');
  });
});
