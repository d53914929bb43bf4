import assert from 'node:assert/strict';
import type { Anchor, KeySource } from '../../../src/identity.ts';
import { readKeySet } from '../../../src/proof/issuer-keys/key-set.ts';
import {
  anchor,
  bundle,
  domain,
  endpoint,
  jwk,
  jwks,
  kidsOf,
  OUTAGE,
  setUp,
  svidKey,
  UNKNOWN,
  URL_A,
  URL_B,
} from './support.ts';

describe('SPIFFE bundles', () => {
  it('JS-7, SB-2: give only keys of use jwt-svid with a kid; unknown use and kty are left out', () => {
    const { keys, ignored } = readKeySet(
      bundle([
        svidKey('one'),
        svidKey(undefined),
        svidKey(''),
        jwk('sig'),
        jwk('none', { use: undefined }),
        jwk('x509', { use: 'x509-svid' }),
        jwk('wit', { use: 'wit-svid' }),
        jwk('case', { use: 'JWT-SVID' }),
        svidKey('odd', { kty: 'quantum' }),
        { kty: 'EC', use: 'jwt-svid' },
      ]),
      true,
    );
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ['one'],
    );
    assert.equal(ignored.length, 9);
  });

  it('SB-2: never give a private or symmetric key', () => {
    const text = bundle([
      svidKey('private', { d: 'AAAA' }),
      { kty: 'oct', k: 'AAAA', kid: 'secret', use: 'jwt-svid' },
      svidKey('one'),
    ]);
    assert.deepEqual(
      readKeySet(text, true).keys.map(({ kid }) => kid),
      ['one'],
    );
  });

  it('SB-1: have keys, which may be none, and then every SVID is invalid and it is no outage', async () => {
    for (const text of ['{}', '{"keys":null}', '[]', '{"spiffe_sequence":1}'])
      assert.throws(() => readKeySet(text, true));
    const { web, keys } = setUp();
    const a = domain('a.example', endpoint(URL_A));
    web.set(URL_A, bundle([]));
    await assert.rejects(keys.keysFor(a, 'one', 'ES256'), UNKNOWN);
    assert.match(keys.status()[0]!.error!, /no usable key/);
    keys.close();
  });

  it('SB-1: emptied by its publisher is taken over: the keys it had verify nothing any more', async () => {
    const { clock, web, keys } = setUp();
    const a = domain('a.example', endpoint(URL_A));
    web.set(URL_A, bundle([svidKey('one')], { spiffe_sequence: 1 }));
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
    web.set(URL_A, bundle([], { spiffe_sequence: 2 }));
    await clock.advance(300_000);
    await assert.rejects(keys.keysFor(a, 'one', 'ES256'), UNKNOWN);
    keys.close();
  });

  it('SB-1: of an older sequence never take the place of a newer, and an equal or missing one may', async () => {
    const { clock, web, keys } = setUp();
    const a = domain('a.example', endpoint(URL_A));
    const next = async (kid: string, sequence?: number | string) => {
      const number = sequence === undefined ? '' : `,"spiffe_sequence":${sequence}`;
      web.set(URL_A, `{"keys":[${JSON.stringify(svidKey(kid))}]${number}}`);
      await clock.advance(300_000);
      return keys.status()[0]!.kids[0];
    };
    keys.retain([a]);
    assert.equal(await next('five', 5), 'five');
    assert.equal(await next('four', 4), 'five');
    assert.match(keys.status()[0]!.error!, /^older_bundle: it has sequence 4, before 5/);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'five', 'ES256')), ['five']);
    assert.equal(await next('five again', 5), 'five again');
    assert.equal(keys.status()[0]!.error, null);
    assert.equal(await next('unnumbered'), 'unnumbered');
    assert.equal(await next('zero', 0), 'unnumbered');
    // Of 64 bits and more, beyond what a number holds.
    assert.equal(await next('large', '18446744073709551615'), 'large');
    assert.equal(await next('a little less', '18446744073709551614'), 'large');
    keys.close();
  });

  it('SB-1: of an older sequence are taken again once the newer is too old to verify anything', async () => {
    const { clock, web, keys } = setUp({ maxKeyAgeSeconds: 3600 });
    const a = domain('a.example', endpoint(URL_A));
    web.set(URL_A, bundle([svidKey('five')], { spiffe_sequence: 5 }));
    await keys.keysFor(a, 'five', 'ES256');
    web.set(URL_A, bundle([svidKey('one')], { spiffe_sequence: 1 }));
    await clock.advance(3_599_000);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'five', 'ES256')), ['five']);
    await clock.advance(120_000);
    assert.deepEqual(await kidsOf(keys.keysFor(a, 'one', 'ES256')), ['one']);
    keys.close();
  });

  for (const [hint, seconds] of [
    [undefined, 300],
    [60, 60],
    [1, 30],
    [900, 900],
    [86_400, 3600],
    [1e300, 300],
    [0, 300],
    [-5, 300],
    ['"60"', 300],
  ] as const) {
    it(`SB-1: with the refresh hint ${hint} are asked for again after ${seconds} s`, async () => {
      const { clock, web, fetched, keys } = setUp();
      web.set(
        URL_A,
        bundle([svidKey('one')]).replace(/}$/, hint === undefined ? '}' : `,"spiffe_refresh_hint":${hint}}`),
      );
      await keys.keysFor(domain('a.example', endpoint(URL_A)), 'one', 'ES256');
      await clock.advance(seconds * 1000 - 1);
      assert.equal(fetched.length, 1);
      await clock.advance(1);
      assert.equal(fetched.length, 2);
      keys.close();
    });
  }

  it('SB-3, SB-4: belong to the domain they are configured for: one URL for two domains is fetched twice', async () => {
    const { web, fetched, keys } = setUp();
    web.set(URL_A, bundle([svidKey('shared')]));
    web.set(URL_B, bundle([svidKey('only b')]));
    const [a, b, c] = [
      domain('a.example', endpoint(URL_A)),
      domain('b.example', endpoint(URL_B)),
      domain('c.example', endpoint(URL_A)),
    ];
    for (const one of [a, c]) await keys.keysFor(one, 'shared', 'ES256');
    await assert.rejects(keys.keysFor(b, 'shared', 'ES256'), UNKNOWN);
    await assert.rejects(keys.keysFor(a, 'only b', 'ES256'), UNKNOWN);
    assert.ok(fetched.filter(({ url }) => url.href === URL_A).length >= 2);
    keys.close();
  });

  it('SB-3: two path templates of one domain and bundle share what was fetched', async () => {
    const { web, fetched, keys } = setUp();
    web.set(URL_A, bundle([svidKey('one')]));
    const a = domain('a.example', endpoint(URL_A));
    await keys.keysFor(a, 'one', 'ES256');
    await keys.keysFor({ ...a, id: 'other', pathTemplate: [{ field: 'x' }] }, 'one', 'ES256');
    assert.equal(fetched.length, 1);
    keys.close();
  });

  it('inline and in a ConfigMap are read as bundles, and a jwksUrl as a JWK Set', async () => {
    const text = bundle([svidKey('svid'), jwk('plain'), jwk('unmarked', { use: undefined })]);
    const { web, keys } = setUp({ configMaps: { read: async () => text } });
    web.set(URL_A, text);
    const found = async (of: Anchor) => {
      keys.retain([of]);
      await assert.rejects(keys.keysFor(of, 'no such', 'ES256'), UNKNOWN);
      return keys.status()[0]!.kids;
    };
    assert.deepEqual(await found(domain('a.example', { kind: 'inline', jwks: text })), ['svid']);
    assert.deepEqual(await found(domain('a.example', { kind: 'configMap', name: 'c', key: 'k' })), ['svid']);
    assert.deepEqual(await found(domain('a.example', endpoint(URL_A))), ['svid']);
    const set: KeySource = { kind: 'jwksUrl', url: URL_A, allowPrivate: false };
    assert.deepEqual(await found(domain('a.example', set)), ['plain', 'unmarked']);
    assert.deepEqual(await found(anchor('o', set)), ['plain', 'unmarked']);
    keys.close();
  });

  it('of which no key is known any more are an outage, and an empty answer of theirs is none', async () => {
    const { web, keys } = setUp();
    const a = domain('a.example', endpoint(URL_A));
    web.set(URL_A, jwks());
    await assert.rejects(keys.keysFor(a, 'one', 'ES256'), UNKNOWN);
    await assert.rejects(keys.keysFor(domain('b.example', endpoint(URL_B)), 'one', 'ES256'), OUTAGE);
    keys.close();
  });
});
