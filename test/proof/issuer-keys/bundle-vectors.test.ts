import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKeySet } from '../../../src/proof/issuer-keys/key-set.ts';

const VECTORS = join(
  process.env.TRUSTMINT_VECTORS ?? join(import.meta.dirname, '../../../../shared/vectors'),
  'spiffe',
);

/** go-spiffe refuses a whole bundle for one bad authority; the standard has elements left out. What is left is the same. */
describe("go-spiffe's bundles", () => {
  before(function () {
    if (existsSync(VECTORS)) return;
    console.warn(`      no vectors at ${VECTORS}: run \`make vectors\`, or set TRUSTMINT_VECTORS`);
    this.skip();
  });
  const load = (name: string) => readFileSync(join(VECTORS, `${name}.json`), 'utf8');

  for (const [name, keys, refresh, sequence] of [
    ['spiffebundle-spiffebundle_valid_1', 1, undefined, undefined],
    ['spiffebundle-spiffebundle_valid_2', 6, 60, 1n],
    ['spiffebundle-spiffebundle_valid_with_wit', 2, 60, 1n],
    ['spiffebundle-spiffebundle_missing_kid', 0, undefined, undefined],
    ['spiffebundle-spiffebundle_multiple_x509', 1, undefined, undefined],
  ] as const) {
    it(`JS-7, SB-1, SB-2: ${name} has ${keys} keys for JWT-SVIDs`, () => {
      const set = readKeySet(load(name), true);
      assert.deepEqual([set.keys.length, set.refreshSeconds, set.sequence], [keys, refresh, sequence]);
    });
  }

  it('SB-1: spiffebundle_no_keys is no bundle', () => {
    assert.throws(() => readKeySet(load('spiffebundle-spiffebundle_no_keys'), true), { code: 'key_set' });
  });

  for (const [name, keys] of [
    ['jwtbundle-jwks_valid_1', 1],
    ['jwtbundle-jwks_valid_2', 2],
    ['jwtbundle-jwks_missing_kid', 2],
  ] as const) {
    it(`${name} is a JWK Set of ${keys} keys, and no bundle of any`, () => {
      assert.equal(readKeySet(load(name), false).keys.length, keys);
      assert.equal(readKeySet(load(name), true).keys.length, 0);
    });
  }
});
