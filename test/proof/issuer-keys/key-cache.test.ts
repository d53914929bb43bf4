import assert from 'node:assert/strict';
import { anchor, at, jwk, jwks, kidsOf, OUTAGE, settle, setUp, UNKNOWN, URL_A } from './support.ts';

describe("an issuer's keys over time", () => {
  it('P13: a thousand invented kids cost one fetch in 30 s', async () => {
    const { clock, web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    const burst = async (name: string) => {
      const before = fetched.length;
      for (let i = 0; i < 500; i++) await assert.rejects(keys.keysFor(a, `${name}${i}`, 'ES256'), UNKNOWN);
      const together = Array.from({ length: 500 }, (_, i) => keys.keysFor(a, `${name}-${i}`, 'ES256'));
      for (const one of await Promise.allSettled(together)) assert.equal(one.status, 'rejected');
      return fetched.length - before;
    };
    assert.equal(await burst('a'), 1);
    await clock.advance(29_999);
    assert.equal(await burst('b'), 0);
    await clock.advance(1);
    assert.equal(await burst('c'), 1);
    keys.close();
  });

  it('P13: a new key verifies as soon as a token names it', async () => {
    const { web, keys } = setUp();
    const [one, two] = [jwk('one'), jwk('two')];
    web.set(URL_A, jwks(one));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    const before = keys.version(a);
    web.set(URL_A, jwks(one, two));
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'two', 'ES256')), ['two']);
    assert.notEqual(keys.version(a), before);
    keys.close();
  });

  it('P13: an unknown kid while the issuer is down is an outage, and makes no one ask it', async () => {
    const { web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    web.set(URL_A, new Error('down'));
    for (let i = 0; i < 100; i++) await assert.rejects(keys.keysFor(a, `new${i}`, 'ES256'), OUTAGE);
    assert.equal(fetched.length, 2);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
    keys.close();
  });

  it('P13: a kid is only ever a name to look up', async () => {
    const { web, fetched, keys } = setUp();
    const odd = [
      '../../etc/passwd',
      'https://evil.example/jwks',
      "' OR 1=1 --",
      '__proto__',
      'constructor',
      '',
      '\u0000',
    ];
    web.set(URL_A, jwks(jwk('one'), jwk('__proto__')));
    const a = anchor('a', at(URL_A));
    for (const kid of odd.filter((k) => k !== '__proto__'))
      await assert.rejects(keys.keysFor(a, kid, 'ES256'), UNKNOWN);
    assert.deepEqual(await kidsOf(keys.keysFor(a, '__proto__', 'ES256')), ['__proto__']);
    assert.deepEqual(new Set(fetched.map((f) => f.url.href)), new Set([URL_A]));
    keys.close();
  });

  it('K8-9: a withdrawn key stops verifying within one refresh, and the version tells', async () => {
    const { clock, web, keys } = setUp();
    const [one, two] = [jwk('one'), jwk('two')];
    web.set(URL_A, jwks(one, two));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    const before = keys.version(a);
    web.set(URL_A, jwks(two));
    await clock.advance(300_000);
    assert.notEqual(keys.version(a), before);
    await assert.rejects(keys.keysFor(a, 'one', 'ES256'), UNKNOWN);
    keys.close();
  });

  it('K8-9: a refresh that brings the same keys in another order leaves the version alone', async () => {
    const { clock, web, fetched, keys } = setUp();
    const [one, two] = [jwk('one'), jwk('two')];
    web.set(URL_A, jwks(one, two));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    const before = keys.version(a);
    web.set(URL_A, jwks(two, one));
    await clock.advance(300_000);
    assert.equal(fetched.length, 2);
    assert.equal(keys.version(a), before);
    web.set(URL_A, jwks(two, { ...jwk('one') }));
    await clock.advance(300_000);
    assert.notEqual(keys.version(a), before, 'another key under an old name is a change');
    keys.close();
  });

  it('P13: the last good keys verify while refreshes fail, up to their hard age, and then it is an outage', async () => {
    const { clock, web, fetched, keys } = setUp({ maxKeyAgeSeconds: 3600 });
    web.set(URL_A, jwks(jwk('one')));
    const a = anchor('a', at(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    const before = keys.version(a);
    web.set(URL_A, new Error('down'));
    await clock.advance(3_599_000);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
    assert.equal(keys.version(a), before);
    assert.ok(fetched.length > 50, 'it went on asking');
    await clock.advance(1_000);
    assert.notEqual(keys.version(a), before, 'what was remembered dies with the keys');
    await assert.rejects(keys.keysFor(a, 'one', 'ES256'), OUTAGE);
    assert.equal(keys.status()[0]!.keys, 0);
    web.set(URL_A, jwks(jwk('one')));
    await clock.advance(60_000);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
    keys.close();
  });

  it('are refreshed with jitter, so that replicas do not ask in step, and never later than asked for', async () => {
    const askedAt: number[] = [];
    for (const byte of [0, 128, 255]) {
      const { clock, web, fetched, keys } = setUp({ random: (n) => new Uint8Array(n).fill(byte) });
      web.set(URL_A, jwks(jwk('one')));
      await keys.keysFor(anchor('a', at(URL_A)), 'one', 'ES256');
      while (fetched.length < 2) await clock.advance(1_000);
      askedAt.push(clock.monotonic());
      keys.close();
    }
    assert.deepEqual(askedAt, [300_000, 285_000, 271_000]);
  });

  it('P12: a set that is too large, or none, does not replace good keys', async () => {
    const { clock, web, keys } = setUp();
    const a = anchor('a', at(URL_A));
    web.set(URL_A, jwks(jwk('one')));
    await keys.keysFor(a, 'one', 'ES256');
    const same = jwk('many');
    for (const bad of [
      jwks(...Array.from({ length: 101 }, () => same)),
      '{}',
      'null',
      '<html>',
      '{"keys": [], "keys": []}',
    ]) {
      web.set(URL_A, bad);
      await clock.advance(300_000);
      assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
      assert.match(keys.status()[0]!.error!, /^bad_keys: /);
    }
    keys.close();
  });

  it('an answer that comes after its deadline does not overwrite a newer one', async () => {
    const answers: PromiseWithResolvers<string>[] = [];
    const fetchText = () => {
      answers.push(Promise.withResolvers<string>());
      return answers.at(-1)!.promise;
    };
    const { clock, keys } = setUp({ fetchText });
    const a = anchor('a', at(URL_A));
    keys.retain([a]);
    await clock.advance(9_000);
    assert.equal(answers.length, 2);
    answers[1]!.resolve(jwks(jwk('newer')));
    await settle();
    answers[0]!.resolve(jwks(jwk('older')));
    await settle();
    assert.deepEqual(keys.status()[0]!.kids, ['newer']);
    keys.close();
  });
});
