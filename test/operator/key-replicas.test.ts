import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { KeySecret, openKeys } from '../../src/operator/index.ts';
import { quickJwtKeys } from '../keyring/support.ts';
import { MemoryClient, MemoryServer } from '../kube/support/memory-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const namespace = 'trustmint';
const HOUR = 3_600_000;

describe('a kid that a replica does not know', () => {
  it('makes it look at the Secret again, at most once a second; whoever asks is refused at once', async () => {
    const server = new MemoryServer();
    const clock = new FakeClock();
    const options = {
      clock,
      random: (n: number) => new Uint8Array(randomBytes(n)),
      makeJwtKeys: quickJwtKeys,
      maxTtl: 86_400,
    };
    const store = () => new KeySecret({ client: new MemoryClient(server), namespace });
    const keys = openKeys({ ...options, store: store(), mayWrite: () => false });
    await clock.advance(2_000);
    const ring = (await store().load())!;
    const key = { ...ring.keys[0]!, kid: 'another1', state: 'next' as const, activatedAt: null };
    await store().save({ ...ring, revision: 2, keys: [...ring.keys, key] }, 1);
    const gets = () => server.calls.filter(({ verb, plural }) => verb === 'get' && plural === 'secrets').length;
    const asked = gets();
    for (let i = 0; i < 100; i++) assert.equal(keys.rootKey('another1', 'a'), undefined);
    await clock.advance(0);
    assert.equal(gets(), asked + 1);
    assert.ok(keys.rootKey('another1', 'a'));
    for (let i = 0; i < 100; i++) {
      assert.equal(keys.rootKey(`nobody-${i}`, 'a'), undefined);
      assert.equal(keys.verificationKey(`nobody-${i}.es256`), undefined);
      await clock.advance(10);
    }
    assert.ok(gets() <= asked + 3);
    await keys.close();
  });
});

describe('replicas that share the keys', () => {
  const open = (server: MemoryServer, clock: FakeClock, more: object = {}) =>
    openKeys({
      clock,
      random: (n: number) => new Uint8Array(randomBytes(n)),
      makeJwtKeys: quickJwtKeys,
      maxTtl: 86_400,
      signsOn: 600,
      store: new KeySecret({ client: new MemoryClient(server), namespace }),
      ...more,
    });

  it('know every key before any of them signs with it, and for as long as its tokens live, on schedule', async () => {
    const server = new MemoryServer();
    const clock = new FakeClock();
    const times = { rotateEvery: 2 * 3_600, maxTtl: 3_600 };
    const replicas = [0, 1, 2].map((i) => open(server, clock, { ...times, mayWrite: () => i === 0 }));
    await clock.advance(0);
    const publishedSince = new Map<string, number>();
    const minted: { kid: string; jwk: string; exp: number }[] = [];
    const start = clock.now();
    while (clock.now() - start < 7 * HOUR) {
      for (const one of replicas) {
        const now = clock.now() / 1000;
        for (const { kid } of one.jwks().keys) if (!publishedSince.has(kid)) publishedSince.set(kid, now);
        const jwk = one.signingKey('ES256')!.kid;
        const known = publishedSince.get(jwk)!;
        assert.ok(known === start / 1000 || now - known >= 3_600 - 120, 'signed before it was published for an hour');
        minted.push({ kid: one.active().kid, jwk, exp: now + 3_600 });
      }
      for (const { kid, jwk, exp } of minted.slice(-200)) {
        if (exp < clock.now() / 1000) continue;
        for (const one of replicas) assert.ok(one.rootKey(kid, 'a') && one.verificationKey(jwk));
      }
      // So often, and its looks: a key is seen two minutes after it was published at the latest.
      await clock.advance(97_000);
    }
    assert.ok(new Set(minted.map(({ kid }) => kid)).size >= 3, 'they rotated');
    for (const one of replicas) await one.close();
  });

  it('write lost ones back though they do not lead, when the leader has none itself', async () => {
    const server = new MemoryServer();
    const clock = new FakeClock();
    const one = open(server, clock, { mayWrite: () => false });
    await clock.advance(1_000);
    const [secret] = [...server.objects].find(([key]) => key.includes('/secrets/'))!;
    server.objects.delete(secret);
    const leader = open(server, clock, { mayWrite: () => true });
    await clock.advance(50_000);
    assert.equal(leader.ready(), false);
    assert.ok(!server.objects.has(secret), 'the leader has its time');
    await clock.advance(40_000);
    assert.equal(leader.ready(), true);
    assert.equal(leader.active().kid, one.active().kid);
    await one.close();
    await leader.close();
  });
});

describe('keys of another installation', () => {
  it('are refused at start, and the right ones are taken when they are back', async () => {
    const options = (clock: FakeClock, server: MemoryServer) => ({
      clock,
      random: (n: number) => new Uint8Array(randomBytes(n)),
      makeJwtKeys: quickJwtKeys,
      maxTtl: 86_400,
      store: new KeySecret({ client: new MemoryClient(server), namespace }),
    });
    const [ours, theirs] = [new MemoryServer(), new MemoryServer()];
    const clock = new FakeClock();
    const running = openKeys(options(clock, ours));
    const foreign = openKeys(options(clock, theirs));
    await clock.advance(1_000);
    await foreign.close();
    const secret = (server: MemoryServer) => [...server.objects].find(([key]) => key.includes('/secrets/'))![1];
    secret(ours).data = secret(theirs).data;
    const late = openKeys({ ...options(clock, ours), mayWrite: () => false });
    await clock.advance(1_000);
    assert.equal(late.ready(), false);
    assert.equal(late.problem()?.code, 'keys_foreign');
    assert.match(late.problem()!.message, /of another installation: put ours back, or take .* off Lease/);
    await clock.advance(15_000);
    assert.equal(late.ready(), true);
    assert.equal(late.active().kid, running.active().kid);
    await late.close();
    await running.close();
  });
});
