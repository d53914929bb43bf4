import assert from 'node:assert/strict';
import { isJwkSet } from '../../../src/proof/index.ts';
import { anchor, at, jwk, jwks, kidsOf, OUTAGE, settle, setUp, URL_A } from './support.ts';

const REF = { kind: 'configMap', name: 'spoke', key: 'jwks.json' } as const;

describe('Keys that come from a ConfigMap', () => {
  let now: string | undefined | Error;
  const made = () =>
    setUp({
      configMaps: {
        async read() {
          if (now instanceof Error) throw now;
          return now;
        },
      },
    });
  const of = anchor('a', REF);
  beforeEach(() => {
    now = jwks(jwk('one'));
  });

  it('verify nothing more once they are gone or overwritten, which is an outage; and again when they are back', async () => {
    for (const gone of [undefined, 'no JSON', '{"keys":{}}']) {
      now = jwks(jwk('one'));
      const { keys } = made();
      keys.retain([of]);
      await settle();
      const version = keys.version(of);
      assert.deepEqual(await kidsOf(keys.keysFor(of, 'one', 'ES256')), ['one']);
      now = gone;
      keys.configMapChanged('another');
      await settle();
      assert.equal(keys.version(of), version, 'nobody said that this one changed');
      keys.configMapChanged('spoke');
      await settle();
      assert.notEqual(keys.version(of), version, 'who remembered a proof forgets it');
      await assert.rejects(keys.keysFor(of, 'one', 'ES256'), OUTAGE);
      assert.equal(keys.status()[0]!.keys, 0);
      assert.match(keys.status()[0]!.error!, /^(gone|bad_keys): /);
      now = jwks(jwk('two'));
      keys.configMapChanged('spoke');
      await settle();
      assert.deepEqual(await kidsOf(keys.keysFor(of, 'two', 'ES256')), ['two'], 'at once, whatever the backoff');
      keys.close();
    }
  });

  it('verify on while nobody can say what it holds', async () => {
    const { keys, clock } = made();
    keys.retain([of]);
    await settle();
    now = new Error('no answer');
    keys.configMapChanged('spoke');
    await settle();
    assert.deepEqual(await kidsOf(keys.keysFor(of, 'one', 'ES256')), ['one']);
    await clock.advance(3_600_000);
    assert.deepEqual(await kidsOf(keys.keysFor(of, 'one', 'ES256')), ['one']);
    keys.close();
    assert.equal(clock.pending, 0);
  });

  it('are of after the change, though it came while they were being read', async () => {
    const waiting: ((text: string) => void)[] = [];
    const { keys } = setUp({ configMaps: { read: () => new Promise((resolve) => waiting.push(resolve)) } });
    keys.retain([of]);
    await settle();
    keys.configMapChanged('spoke');
    waiting[0]!(jwks(jwk('before')));
    await settle();
    assert.equal(waiting.length, 2);
    waiting[1]!(jwks(jwk('after')));
    await settle();
    assert.deepEqual(await kidsOf(keys.keysFor(of, 'after', 'ES256')), ['after']);
    assert.equal(waiting.length, 2, 'read twice, and no more');
    keys.close();
  });

  it('differ from those of a URL, which verify on whatever it says now', async () => {
    const { keys, web, clock } = made();
    const other = anchor('b', at(URL_A));
    web.set(URL_A, jwks(jwk('one')));
    keys.retain([other]);
    await settle();
    web.set(URL_A, 'no JSON');
    await clock.advance(300_000);
    assert.match(keys.status()[0]!.error!, /^bad_keys/);
    assert.deepEqual(await kidsOf(keys.keysFor(other, 'one', 'ES256')), ['one']);
    keys.close();
  });

  it('are told from other texts', () => {
    assert.equal(isJwkSet(jwks()), true);
    assert.equal(isJwkSet(jwks({ kty: 'unheard-of' })), true);
    for (const text of ['', 'null', '[]', '{}', '{"keys":1}', '{"keys":[],"keys":[]}'])
      assert.equal(isJwkSet(text), false, text);
  });
});
