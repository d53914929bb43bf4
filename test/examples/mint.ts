/** A mint as the feed sees it: what it answers is the test's to say. */
import { createHash } from 'node:crypto';
import type { RevocationFeedEntry } from '../../src/exchange/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Answered, clockOf, codeOf, createFeed, type FeedOptions, type Get } from './support.ts';

export const KEY = { kid: 'k1', key: Buffer.alloc(32, 7).toString('base64url') };

export const entry = (value: string, over: Partial<RevocationFeedEntry> = {}): RevocationFeedEntry => ({
  ...{ by: 'grant', value, tenant: null, issuedBefore: null, expiresAt: null },
  ...over,
});

export class FakeMint {
  readonly clock: FakeClock;
  keys: readonly { kid: string; key: string }[] = [KEY];
  entries: readonly unknown[] = [];
  /** Seconds that its view is old. */
  stale = 0;
  /** Seconds that its clock is ahead of the gateway's. */
  ahead = 0;
  /** Instead of an answer. */
  fault: ((path: string) => Answered | Error | undefined) | undefined;
  readonly seen: { path: string; url: URL; headers: Readonly<Record<string, string>>; status: number }[] = [];

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  readonly get: Get = async (url, headers) => {
    const path = url.pathname.slice('/api/mint/'.length);
    const answer = this.fault?.(path) ?? this.#answer(path, headers['if-none-match']);
    this.seen.push({ path, url, headers, status: answer instanceof Error ? 0 : answer.status });
    if (answer instanceof Error) throw answer;
    return answer;
  };

  #answer(path: string, held: string | undefined): Answered {
    const now = Math.floor(this.clock.now() / 1000) + this.ahead;
    const list = path === 'keys' ? this.keys : this.entries;
    const tag = createHash('sha256').update(JSON.stringify(list)).digest('base64url');
    const generatedAt = new Date((now - Math.ceil(this.stale)) * 1000).toISOString();
    const headers = {
      date: new Date(now * 1000).toUTCString(),
      etag: tag,
      ...(path === 'revocations' && { 'x-generated-at': generatedAt }),
    };
    if (held === tag) return { status: 304, headers };
    return { status: 200, headers, body: path === 'keys' ? { keys: list } : { generatedAt, entries: list } };
  }
}

/** A feed of so many mints, `http://mint-0` and on, that polls every 5 s sharp. */
export function feedWorld(count = 1, options: Partial<FeedOptions> = {}) {
  const clock = new FakeClock();
  const mints = Array.from({ length: count }, () => new FakeMint(clock));
  const logged: string[] = [];
  const world = { token: 'proof-1\n' };
  const feed = createFeed({
    urls: mints.map((_, i) => `http://mint-${i}:8080`),
    resource: 'docs & more',
    readToken: async () => world.token,
    get: (url, ...rest) => mints[Number(url.hostname.split('-')[1])]!.get(url, ...rest),
    clock: clockOf(clock),
    random: () => 0,
    log: (message) => void logged.push(message),
    ...options,
  });
  return Object.assign(world, {
    clock,
    mints,
    feed,
    logged,
    /** Lets time pass second by second. */
    async seconds(number: number) {
      for (let i = 0; i < number; i += 1) await clock.advance(1_000);
    },
    /** `fresh`, or why not. */
    state() {
      const now = codeOf(() => feed.current());
      return typeof now === 'string' ? now : 'fresh';
    },
    killed(value: string) {
      const { revocations } = feed.current() as unknown as { revocations: { byName: Map<string, unknown> } };
      return revocations.byName.has(`grant ${value}`);
    },
  });
}
