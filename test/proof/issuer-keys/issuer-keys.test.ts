import assert from 'node:assert/strict';
import type { KeySource } from '../../../src/identity.ts';
import { anchor, at, HANG, jwk, jwks, kidsOf, OUTAGE, settle, setUp, UNKNOWN, URL_A, URL_B } from './support.ts';

describe('the keys of issuers', () => {
  it('ask once for all who wait', async () => {
    const { web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    const a = anchor('a', at(URL_A));
    const all = await Promise.all(Array.from({ length: 100 }, () => kidsOf(keys.keysFor(a, 'one', 'ES256'))));
    assert.deepEqual(new Set(all.flat()), new Set(['one']));
    assert.equal(fetched.length, 1);
    keys.close();
  });

  it('are there before the first proof, for anchors that are served', async () => {
    const { web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    keys.retain([anchor('a', at(URL_A))]);
    await settle();
    assert.equal(keys.status()[0]!.keys, 1);
    await keys.keysFor(anchor('a', at(URL_A)), 'one', 'ES256');
    assert.equal(fetched.length, 1);
    keys.close();
  });

  it('an issuer that hangs delays nobody else', async () => {
    const { clock, web, keys } = setUp();
    web.set(URL_A, HANG);
    web.set(URL_B, jwks(jwk('b')));
    keys.retain([anchor('a', at(URL_A)), anchor('b', at(URL_B))]);
    const waiting = keys.keysFor(anchor('a', at(URL_A)), 'a', 'ES256');
    assert.deepEqual(await kidsOf(keys.keysFor(anchor('b', at(URL_B)), 'b', 'ES256')), ['b']);
    const refused = assert.rejects(waiting, OUTAGE);
    await clock.advance(8_000);
    await refused;
    assert.match(keys.status()[0]!.error!, /^timeout: /);
    keys.close();
  });

  it('without any, fail at once and say when to come back, and the issuer is asked less and less', async () => {
    const { clock, web, fetched, keys } = setUp();
    const a = anchor('a', at(URL_A));
    await assert.rejects(keys.keysFor(a, 'x', 'ES256'), { ...OUTAGE, retryAfter: 1 });
    for (let i = 0; i < 50; i++) await assert.rejects(keys.keysFor(a, 'x', 'ES256'), OUTAGE);
    assert.equal(fetched.length, 1);
    await clock.advance(63_000); // 1 + 2 + 4 + 8 + 16 + 32
    assert.equal(fetched.length, 7);
    await assert.rejects(keys.keysFor(a, 'x', 'ES256'), { ...OUTAGE, retryAfter: 60 });
    await clock.advance(600_000);
    assert.equal(fetched.length, 17);
    web.set(URL_A, jwks(jwk('x')));
    await clock.advance(60_000);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'x', 'ES256')), ['x']);
    keys.close();
  });

  it('without any, nobody waits for a retry that hangs', async () => {
    const { clock, web, keys } = setUp();
    const a = anchor('a', at(URL_A));
    await assert.rejects(keys.keysFor(a, 'x', 'ES256'), OUTAGE);
    web.set(URL_A, HANG);
    await clock.advance(1_500);
    await assert.rejects(keys.keysFor(a, 'x', 'ES256'), { ...OUTAGE, retryAfter: 1 });
    keys.close();
  });

  describe('for a token', () => {
    it('without a kid: the keys that go with its algorithm, a handful, and never a fetch', async () => {
      const { clock, web, fetched, keys } = setUp();
      web.set(URL_A, jwks(...Array.from({ length: 20 }, (_, i) => jwk(`k${i}`))));
      const a = anchor('a', at(URL_A));
      assert.equal((await keys.keysFor(a, undefined, 'ES256')).length, 8);
      await clock.advance(40_000);
      for (let i = 0; i < 10; i++) await assert.rejects(keys.keysFor(a, undefined, 'RS256'), UNKNOWN);
      assert.equal(fetched.length, 1);
      keys.close();
    });

    it('P1: with a kid whose key is of another type: none, and no fetch', async () => {
      const { web, fetched, keys } = setUp();
      web.set(URL_A, jwks(jwk('one')));
      const a = anchor('a', at(URL_A));
      for (let i = 0; i < 10; i++) await assert.rejects(keys.keysFor(a, 'one', 'RS256'), UNKNOWN);
      assert.equal(fetched.length, 1);
      keys.close();
    });

    it('with a kid, where the key has no name: that key', async () => {
      const { keys } = setUp();
      const a = anchor('a', { kind: 'inline', jwks: jwks(jwk(undefined)) });
      assert.deepEqual(await kidsOf(keys.keysFor(a, 'anything', 'ES256')), [undefined]);
      keys.close();
    });
  });

  describe('of two anchors', () => {
    it('P15: with one issuer but different key sources are never mixed', async () => {
      const { web, keys } = setUp();
      web.set(URL_A, jwks(jwk('same')));
      web.set(URL_B, jwks(jwk('same')));
      const issuer = 'https://kubernetes.default.svc.cluster.local';
      const anchors = [
        anchor('a', at(URL_A), issuer),
        anchor('b', at(URL_B), issuer),
        anchor('c', { kind: 'inline', jwks: jwks(jwk('same')) }, issuer),
        anchor('d', { kind: 'inline', jwks: jwks(jwk('other')) }, issuer),
      ];
      keys.retain(anchors);
      const [a, b, c] = await Promise.all(anchors.slice(0, 3).map((one) => keys.keysFor(one, 'same', 'ES256')));
      assert.equal(new Set([a, b, c].map((found) => found![0]!.thumbprint)).size, 3);
      await assert.rejects(keys.keysFor(anchors[3]!, 'same', 'ES256'), UNKNOWN);
      keys.close();
    });

    it('P15: that trust another CA, or dial otherwise, do not share a fetch; equal ones do', async () => {
      const { web, fetched, keys } = setUp();
      web.set(URL_A, jwks(jwk('one')));
      keys.retain([
        anchor('a', at(URL_A)),
        anchor('same source, other checks', at(URL_A)),
        anchor('b', at(URL_A, { caBundle: 'PEM' })),
        anchor('c', at(URL_A, { allowPrivate: true })),
        anchor('d', at(URL_A), 'https://another.example'),
      ]);
      await settle();
      assert.deepEqual(
        fetched.map((f) => [f.caBundle, f.allowPrivate]),
        [
          [undefined, false],
          ['PEM', false],
          [undefined, true],
          [undefined, false],
        ],
      );
      assert.equal(keys.status().length, 5);
      keys.close();
    });
  });

  it('of a source that left the policies are forgotten, and its versions do not come back', async () => {
    const { clock, web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    web.set(URL_B, jwks(jwk('two')));
    const [a, b] = [anchor('a', at(URL_A)), anchor('b', at(URL_B))];
    keys.retain([a, b]);
    await settle();
    const before = keys.version(a);
    keys.retain([b]);
    assert.deepEqual(
      keys.status().map((row) => row.anchor),
      ['b'],
    );
    assert.equal(keys.version(a), 0);
    await clock.advance(300_000);
    assert.deepEqual(
      fetched.map((f) => f.url.href),
      [URL_A, URL_B, URL_B],
    );
    keys.retain([a, b]);
    await settle();
    assert.equal(fetched.length, 4, 'what stayed is not fetched again');
    assert.notEqual(keys.version(a), before);
    keys.close();
  });

  it('P16: show, per anchor, what was resolved, when it last worked, and what is wrong', async () => {
    const { web, keys } = setUp();
    web.set(URL_A, jwks(jwk('one'), jwk('t\u001b[31mwo')));
    web.set(URL_B, jwks(jwk('enc', { use: 'enc' })));
    web.set(`${URL_A}?tenant=x`, web.get(URL_A)!);
    const down: KeySource = { kind: 'discovery', allowPrivate: false };
    keys.retain([anchor('a', at(`${URL_A}?tenant=x`)), anchor('b', at(URL_B)), anchor('c', down, 'https://c.example')]);
    assert.equal(keys.status()[0]!.source, `jwksUrl ${URL_A}`);
    await settle();
    const [a, b, c] = keys.status();
    assert.deepEqual(
      { ...a },
      {
        anchor: 'a',
        provider: 'oidc',
        issuer: 'https://issuer.example',
        source: `jwksUrl ${URL_A}`,
        keys: 2,
        kids: ['one', 't?[31mwo'],
        lastSuccess: '2026-01-01T00:00:00.000Z',
        error: null,
      },
    );
    assert.match(b!.error!, /^no usable key: /);
    assert.deepEqual([c!.keys, c!.lastSuccess, c!.source], [0, null, 'discovery https://c.example']);
    assert.match(c!.error!, /^unreachable: /);
    keys.close();
  });

  it('leave no timer and no fetch behind when closed', async () => {
    const { clock, web, fetched, keys } = setUp();
    web.set(URL_A, jwks(jwk('one')));
    web.set(URL_B, HANG);
    const a = anchor('a', at(URL_A));
    keys.retain([a, anchor('b', at(URL_B)), anchor('c', at('https://c.example/'))]);
    await settle();
    keys.close();
    await settle();
    assert.equal(clock.pending, 0);
    assert.ok(fetched[1]!.signal.aborted);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one'], 'requests in flight still finish');
    await assert.rejects(keys.keysFor(anchor('new', at('https://d.example/')), 'x', 'ES256'), OUTAGE);
    assert.equal(fetched.length, 3);
  });
});
