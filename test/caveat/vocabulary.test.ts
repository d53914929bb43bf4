import assert from 'node:assert/strict';
import { RESERVED_CAVEAT_KEYS } from '../../src/api/v1alpha1/index.ts';
import { CHECKED_KEYS, ISSUER_KEYS, operatorsOf, RESERVED_KEYS, sortOf } from '../../src/caveat/index.ts';

describe('the vocabulary of caveats', () => {
  it('keeps from policies exactly the keys that the schema rejects at apply', () => {
    assert.deepEqual([...RESERVED_KEYS].sort(), [...RESERVED_CAVEAT_KEYS].sort());
  });

  it("knows a key's sort and operators, whether or not it was ever named", () => {
    assert.equal(sortOf('time'), 'checked');
    assert.equal(sortOf('tenant'), 'attribute');
    assert.equal(sortOf('note'), 'note');
    assert.equal(sortOf('constructor'), 'attribute');
    assert.deepEqual(operatorsOf('constructor'), ['=', 'in']);
    assert.deepEqual(operatorsOf('budget_credits'), ['<=']);
  });

  it("counts as the issuer's the keys it places itself, checked or stated", () => {
    assert.deepEqual(
      ISSUER_KEYS.filter((key) => !CHECKED_KEYS.has(key)),
      ['tenant', 'label'],
    );
  });
});
