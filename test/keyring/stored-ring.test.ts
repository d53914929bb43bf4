import assert from 'node:assert/strict';
import { parseRing, serializeRing } from '../../src/keyring/index.ts';
import { firstRing, publish } from '../../src/keyring/rotation.ts';
import { keySource } from './support.ts';

type Json = Record<string, unknown> & { keys: Record<string, unknown>[] };

const jwtOf = (key: Record<string, unknown>) => key.jwt as Record<string, Record<string, string>>;

describe('stored key ring', () => {
  let text: string;
  before(async () => {
    const source = keySource();
    text = serializeRing((await publish(await firstRing(100, source), 200, source)).ring);
  });
  /** As written, without the sum that would tell of any change. */
  const unsummed = () => {
    const { sum: _, ...json } = JSON.parse(text) as Json;
    return json as Json;
  };

  it('reads back as written', () => {
    assert.equal(serializeRing(parseRing(text)), text);
  });

  it('is read as older versions wrote it: without JWT keys and without a sum', () => {
    const json = unsummed();
    for (const key of json.keys) delete key.jwt;
    const ring = parseRing(JSON.stringify(json));
    assert.deepEqual(
      ring.keys.map((key) => key.jwt.size),
      [0, 0],
    );
  });

  it('is refused when half of it is missing, though the rest is as it should be', () => {
    const json = JSON.parse(text) as Json;
    json.keys.pop();
    assert.throws(() => parseRing(JSON.stringify(json)), { code: 'keys_damaged' });
    json.sum = undefined;
    assert.equal(parseRing(JSON.stringify(json)).keys.length, 1);
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
    [
      'a JWT key that is none',
      (j) => Object.assign(j.keys[0]!, { jwt: { ES256: { kty: 'EC', crv: 'P-256', d: 'ZA' } } }),
    ],
    ['a JWT key of another algorithm', ({ keys: [a] }) => Object.assign(a!, { jwt: { ES256: jwtOf(a!).RS256 } })],
    [
      'a JWT key whose public half is another’s',
      ({ keys: [a, b] }) => Object.assign(jwtOf(a!).ES256!, { d: jwtOf(b!).ES256!.d }),
    ],
  ];
  for (const [what, spoil] of spoilt) {
    it(`is refused with ${what}`, () => {
      const json = unsummed();
      spoil(json);
      assert.throws(
        () => parseRing(JSON.stringify(json)),
        (e: Error & { code: string }) => e.code === 'keys_damaged',
      );
    });
  }
});
