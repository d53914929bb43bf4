import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mint } from './support.ts';

const MIB = 2 ** 20;
const MINTED = 400;
/** Bytes of small buffers, as a server makes them between two new caveats. */
const BETWEEN = 65_536;

/** Bytes outside the heap. What was collected is freed beside this thread, so the least of several looks counts. */
async function held(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 10; look += 1) {
    collect();
    await settled();
    least = Math.min(least, process.memoryUsage().arrayBuffers);
  }
  return least;
}

it('a caveat that is remembered holds its own bytes alone, not the pool that they came from', async () => {
  mint(['label = warm-up']);
  const before = await held();
  for (let i = 0; i < MINTED; i += 1) {
    mint([`label = l-${i}`]);
    for (let bytes = 0; bytes < BETWEEN; bytes += 1_024) Buffer.from('x'.repeat(1_024));
  }
  const more = ((await held()) - before) / MIB;
  assert.ok(more < 2, `${more.toFixed(1)} MiB for ${MINTED} caveats`);
});
