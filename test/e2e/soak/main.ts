/** `make soak`: ARGS="--minutes=10 --seed=1". Exits 1 if any answer was against the model, or memory climbs. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { printSoak } from './report.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? randomInt(2 ** 31));
if (!(minutes > 0) || !Number.isSafeInteger(seed)) throw new Error('give --minutes=10 --seed=1');
console.log(`a soak of ${minutes} min, seed ${seed}`);
// The cluster does not keep this process alive.
const awake = setInterval(() => {}, 60_000);
try {
  if (!printSoak(await soak({ minutes, seed }))) process.exitCode = 1;
} finally {
  clearInterval(awake);
}
