import assert from 'node:assert/strict';
import { targetsOf } from '../../bench/revocation-report.ts';

const times = (replicas: readonly number[], offline?: number) => ({ kind: 'k', replicas, watch: 0, offline });
const missed = (some: readonly ReturnType<typeof times>[]) =>
  targetsOf({ times: some, interval: 5 }).map(({ ms, atMost }) => ms > atMost);

describe('what is demanded of revocations', () => {
  it('of the replicas the 99 % of the slowest one each time, of the verifier every single time', () => {
    const good = Array.from({ length: 298 }, () => times([10, 20, 30], 5_000));
    assert.deepEqual(missed([...good, times([10, 9_000, 10]), times([10, 10, 9_000])]), [false, false]);
    const slow = Array.from({ length: 10 }, () => times([10, 10, 1_100]));
    assert.deepEqual(missed([...good, ...slow]), [true, false]);
    assert.deepEqual(missed([...good, times([10, 10, 10], 6_001)]), [false, true]);
  });
});
