import assert from 'node:assert/strict';
import { jsonDifferences, missingLines } from './looks.ts';

describe('What a page shows is what was printed', () => {
  const same = (shown: string, printed: string) => assert.deepEqual(missingLines(shown, printed), []);
  const differs = (shown: string, printed: string) => assert.notDeepEqual(missingLines(shown, printed), []);

  it('columns may be of another width, and lines may be left out', () => {
    same('NAME  READY\nb   True', 'NAME       READY\na          True\nb          True\n');
  });

  it('not in another order, and no line that was not printed', () => {
    differs('b\na', 'a\nb');
    differs('a\nb', 'a');
    differs('research True', 'research False');
  });

  it('ids, times and ages may be others, of their own kind', () => {
    same('at 2026-11-22T05:22:35Z', 'at 2027-01-02T03:04:05Z');
    same('id 3b0b2f5d6c8e4a86a3a9a5f4b3c1f0de, 4s', 'id 0b0b2f5d6c8e4a86a3a9a5f4b3c1f0d0, 23s');
    differs('at 2026-11-22T05:22:35Z', 'at 4s');
    differs('budget_credits <= 1000', 'budget_credits <= 1001');
  });

  it('… is whatever stands there, or nothing', () => {
    same('macaroon: AgEa… (… characters)', 'macaroon: AgEaaHR0cDov (624 characters)');
    same('{"error":"x", … ,"id":"…"}', '{"error":"x","why":"a b","id":"abc"}');
    same('trusts … , and no other', 'trusts , and no other');
    differs('macaroon: AgEa…', 'macaroon: BgEa');
  });

  it('JSON has the same members, no more, and the same values but for ids and times', () => {
    const shown = { token: 'AgEY…', expires_in: 1800, caveats: ['aud = default'], act: { sub: 'a' } };
    assert.deepEqual(jsonDifferences(shown, { ...shown, token: 'AgEYabc' }), []);
    assert.deepEqual(jsonDifferences(shown, { ...shown, token: 'AgEY', more: 1 }), ['$.more is not shown']);
    assert.deepEqual(jsonDifferences(shown, { ...shown, token: 'AgEY', act: {} }), ['$.act.sub is not there']);
    assert.deepEqual(jsonDifferences(shown, { ...shown, token: 'AgEY', expires_in: 60 }), ['$.expires_in: 1800 is 60']);
    assert.deepEqual(jsonDifferences({ iat: 1781052922 }, { iat: 1795319759 }), []);
    assert.equal(jsonDifferences({ a: '1' }, { a: 1 }).length, 1);
  });
});
