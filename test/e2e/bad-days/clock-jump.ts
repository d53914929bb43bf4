/**
 * Preloaded into a process, moves its wall clock as a person or a time server would: Date alone; timers and
 * performance.now() go on. By how many milliseconds, the file that TEST_CLOCK_JUMP names says at any moment.
 */
import { readFileSync } from 'node:fs';

const file = process.env.TEST_CLOCK_JUMP ?? '';
const Real = globalThis.Date;
let offset = 0;

function look(): void {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offset = 0;
  }
}

look();
setInterval(look, 50).unref();

globalThis.Date = class extends Real {
  constructor(...args: unknown[]) {
    super(...((args.length === 0 ? [Real.now() + offset] : args) as [number]));
  }

  static override now(): number {
    return Real.now() + offset;
  }
} as DateConstructor;
