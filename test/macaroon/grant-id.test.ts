import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { budgetWindow, type GrantKey, grantId } from '../../src/macaroon/index.ts';

const KEY: GrantKey = { policyUid: 'u-1', rule: 'research', tenant: 'acme', holder: 'sa-uid', window: 3 };

describe('the grant id', () => {
  it('is the first 16 bytes of SHA-256 over one JSON array', () => {
    const sum = createHash('sha256').update('["gid/1","u-1","research","acme","sa-uid",3]').digest();
    assert.equal(grantId(KEY), sum.subarray(0, 16).toString('base64url'));
    assert.equal(grantId(KEY).length, 22);
  });

  it('differs with every part, even where parts run into each other', () => {
    const part = fc.constantFrom('', 'a', 'b', 'ab', 'a"', '","', 'a","b');
    const key = fc.record({ policyUid: part, rule: part, tenant: part, holder: part, window: fc.nat(2) });
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = JSON.stringify(Object.values(a)) === JSON.stringify(Object.values(b));
        assert.equal(grantId(a) === grantId(b), same);
      }),
      { numRuns: 1000 },
    );
  });

  it('stays the same within one budget window and changes with the next', () => {
    const at = (iat: number) => grantId({ ...KEY, window: budgetWindow(iat, 3600) });
    assert.equal(at(7200), at(10_799));
    assert.notEqual(at(7200), at(10_800));
    assert.notEqual(at(7199), at(7200));
  });

  it('stays the same for ever with a Lifetime budget', () => {
    assert.equal(budgetWindow(0, 'Lifetime'), 0);
    assert.equal(budgetWindow(4_000_000_000, 'Lifetime'), 0);
  });
});
