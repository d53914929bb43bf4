import assert from 'node:assert/strict';
import { clockCheck, clockIsWrong } from '../../src/operator/clock-check.ts';

describe('A replica’s clock', () => {
  const at = (ahead: number | undefined) => ({ ahead: () => ahead });

  it('is fit while nobody said otherwise', () => {
    assert.equal(clockIsWrong(at(undefined)), false);
    assert.equal(clockCheck(at(undefined)).ok, true);
    assert.equal(clockCheck(at(undefined)).message, undefined);
  });

  it('is warned of beyond 30 s, and unfit beyond 5 min, ahead or behind', () => {
    for (const sign of [1, -1]) {
      for (const [ms, ok, warned] of [
        [30_000, true, false],
        [30_001, true, true],
        [300_000, true, true],
        [300_001, false, true],
        [3_600_000, false, true],
      ] as const) {
        const check = clockCheck(at(sign * ms));
        assert.deepEqual([check.ok, check.message !== undefined], [ok, warned], `${sign * ms}`);
        assert.equal(clockIsWrong(at(sign * ms)), !ok);
        assert.match(check.message ?? check.detail ?? '', sign > 0 ? /ahead/ : /behind/);
      }
    }
  });
});
