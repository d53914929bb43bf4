import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mint } from './support.ts';

const MIB = 2 ** 20;
const MINTED = 400;
/** Bytes of small buffers, as a server makes them between two new caveats. */
const BETWEEN = 65_536;

function held(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().arrayBuffers;
}

it('a caveat that is remembered holds its own bytes alone, not the pool that they came from', () => {
  mint(['label = warm-up']);
  const before = held();
  for (let i = 0; i < MINTED; i += 1) {
    mint([`label = l-${i}`]);
    for (let bytes = 0; bytes < BETWEEN; bytes += 1_024) Buffer.from('x'.repeat(1_024));
  }
  const more = (held() - before) / MIB;
  assert.ok(more < 2, `${more.toFixed(1)} MiB for ${MINTED} caveats`);
});
