/** Somebody who asks all the time for what must not be granted. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Operator } from '../cluster/index.ts';
import { type Answer, exchange } from '../serve-support.ts';

/** Milliseconds between two questions. */
const ASK_EVERY = 50;

export interface Watchman {
  /** How many answers of each status there were; throws if one of them should never have been given. */
  relieve(): Promise<ReadonlyMap<number, number>>;
}

const onDuty = new Set<() => void>();

/** Sends everybody home: a test may have failed before the relief. */
export function dismissAll(): void {
  for (const dismiss of onDuty) dismiss();
}

/**
 * Asks all the time for what must not be granted.
 *
 * @param isWrong by default any grant
 */
export function watchman(
  ask: () => Promise<Answer>,
  isWrong: (answer: Answer) => boolean = ({ status }) => status === 200,
): Watchman {
  let relieved = false;
  // Whoever fails before the relief must not be kept from ending.
  onDuty.add(() => {
    relieved = true;
  });
  const seen = new Map<number, number>();
  const wrong: Answer[] = [];
  const watch = async () => {
    while (!relieved) {
      // A process that is down grants nothing.
      const answer = await ask().catch(() => undefined);
      if (answer) seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      if (answer && isWrong(answer)) wrong.push(answer);
      await sleep(ASK_EVERY);
    }
  };
  const watching = watch();
  return {
    async relieve() {
      relieved = true;
      await watching;
      assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} answers that should never have been given`);
      assert.ok(seen.size > 0, 'nobody answered at all');
      return seen;
    },
  };
}

/** Watches over one proof at one replica. */
export const nothingFor = (operator: Operator, proof: string): Watchman => watchman(() => exchange(operator, proof));
