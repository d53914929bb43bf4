import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { printSoak } from './report.ts';
import { soak } from './soak.ts';

describe('A soak', () => {
  it('no answer against the model, and memory flat, while a cluster of three replicas is used and broken', async function () {
    // Another try would hide what one run in two finds.
    this.retries(0);
    const minutes = Number(process.env.SOAK_MINUTES ?? 2);
    const seed = Number(process.env.SOAK_SEED ?? randomInt(2 ** 31));
    // What recovers at the end, a namespace that goes, and the cluster itself have their own limits.
    this.timeout(minutes * 60_000 + 900_000);
    console.log(`      SOAK_SEED=${seed} SOAK_MINUTES=${minutes}`);
    assert.ok(printSoak(await soak({ minutes, seed })), `SOAK_SEED=${seed}`);
  });
});
