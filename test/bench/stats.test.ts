import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseCpuList } from '../../bench/lib/pin.ts';
import { format, pairwise, quantile, spread } from '../../bench/lib/stats.ts';

describe('bench statistics', () => {
  it('takes the middle value, or the mean of the two middle ones, in whatever order the rounds came', () => {
    assert.deepEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
    assert.deepEqual(spread([10, 2, 1, 3]), { median: 2.5, min: 1, max: 10 });
  });

  it('sorts numbers as numbers', () => {
    assert.equal(spread([9, 10, 100]).median, 10);
  });

  it('reads p99 between the two values it lies between', () => {
    const sorted = Array.from({ length: 101 }, (_, i) => i);
    assert.equal(quantile(sorted, 0.99), 99);
    assert.equal(quantile([0, 10], 0.99), 9.9);
  });

  it('never leaves the range of what was measured', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (values) => {
        const { median, min, max } = spread(values);
        assert.ok(min <= median && median <= max);
      }),
    );
  });

  it('refuses to make a number of nothing, or of rounds that do not pair', () => {
    assert.throws(() => spread([]), RangeError);
    assert.throws(() => pairwise([1], [], (a, b) => a / b), RangeError);
  });

  it('compares round by round', () => {
    assert.deepEqual(
      pairwise([10, 9], [5, 3], (a, b) => a / b),
      [2, 3],
    );
  });

  it('prints the median with the range of the rounds', () => {
    assert.equal(format({ median: 12345.678, min: 12000, max: 13000.4 }, 0), '12,346 (12,000–13,000)');
  });

  it('reads a list of cores as the kernel writes it', () => {
    assert.deepEqual(parseCpuList('0-2,5,8-9\n'), [0, 1, 2, 5, 8, 9]);
  });
});
