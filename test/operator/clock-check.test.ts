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
      for (const [seconds, ok, warned] of [
        [30, true, false],
        [30.001, true, true],
        [300, true, true],
        [300.001, false, true],
        [3_600, false, true],
      ] as const) {
        const check = clockCheck(at(sign * seconds));
        assert.deepEqual([check.ok, check.message !== undefined], [ok, warned], `${sign * seconds}`);
        assert.equal(clockIsWrong(at(sign * seconds)), !ok);
        assert.match(check.message ?? check.detail ?? '', sign > 0 ? /ahead/ : /behind/);
      }
    }
  });
});
