import assert from 'node:assert/strict';
import { parseRing, serializeRing } from '../../src/keyring/index.ts';
import { firstRing, publish } from '../../src/keyring/rotation.ts';
import { countingRandom } from './support.ts';

type Json = Record<string, unknown> & { keys: Record<string, unknown>[] };

describe('stored key ring', () => {
  const random = countingRandom();
  const text = serializeRing(publish(firstRing(100, random), 200, random).ring);

  it('reads back as written, JWT keys of a later version of the program included', () => {
    assert.equal(serializeRing(parseRing(text)), text);
    const json = JSON.parse(text) as Json;
    json.keys[0]!.jwt = { ES256: { kty: 'EC', crv: 'P-256', d: 'ZA' } };
    const withJwt = JSON.stringify(json, null, 2);
    assert.equal(serializeRing(parseRing(withJwt)).trim(), withJwt);
  });

  const spoilt: [string, (json: Json) => void][] = [
    ['another version', (j) => Object.assign(j, { version: 2 })],
    ['an unknown member', (j) => Object.assign(j, { extra: 1 })],
    ['an unknown member of a key', (j) => Object.assign(j.keys[0]!, { extra: 1 })],
    ['no key', (j) => Object.assign(j, { keys: [] })],
    ['no active key', (j) => j.keys.shift()],
    ['two active keys', (j) => Object.assign(j.keys[1]!, { state: 'active', activatedAt: 1 })],
    ['one kid twice', (j) => Object.assign(j.keys[1]!, { kid: j.keys[0]!.kid })],
    ['a next key that has signed', (j) => Object.assign(j.keys[1]!, { activatedAt: 5 })],
    ['a retired key without its time', (j) => Object.assign(j.keys[1]!, { state: 'retired', activatedAt: 5 })],
    ['a short key', (j) => Object.assign(j.keys[0]!, { macaroon: 'AAAA' })],
    ['a key in non-canonical base64url', (j) => Object.assign(j.keys[0]!, { macaroon: `${'A'.repeat(42)}B` })],
    ['a JWT key of an unknown algorithm', (j) => Object.assign(j.keys[0]!, { jwt: { none: { kty: 'oct' } } })],
  ];
  for (const [what, spoil] of spoilt) {
    it(`is refused with ${what}`, () => {
      const json = JSON.parse(text) as Json;
      spoil(json);
      assert.throws(
        () => parseRing(JSON.stringify(json)),
        (e: Error & { code: string }) => e.code === 'keys_damaged',
      );
    });
  }
});
