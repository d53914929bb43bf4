/** Exchanges as a workload makes them: to see when a replica serves a change, and how long one takes meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../test/e2e/soak/ask.ts';
import { quantile } from './stats.ts';

/** What a caller sees of an exchange. */
export interface Seen {
  readonly status: number;
  readonly caveats: readonly string[];
  /** Of this process's monotonic clock, milliseconds: when the answer was there. */
  readonly at: number;
}

/** Milliseconds between an answer and the next question to the same replica. */
const PAUSE = 2;
const GIVE_UP = 30_000;

/** One exchange on a kept connection. @throws Error if there is no answer, or none in JSON */
export async function exchange(url: string, proof: string): Promise<Seen> {
  const { status, body, at } = await ask({ url, path: '/api/mint/exchange', body: { credentials: proof } });
  return { status, caveats: (body.caveats as string[] | undefined) ?? [], at };
}

/**
 * Asks a replica again and again, one question at a time, until its answer is the wanted one.
 *
 * @returns when the first such answer was there: later than the change was in use, never earlier
 * @throws Error after 30 s
 */
export async function askUntil(url: string, proof: string, wanted: (seen: Seen) => boolean): Promise<number> {
  const deadline = performance.now() + GIVE_UP;
  for (;;) {
    const seen = await exchange(url, proof);
    if (wanted(seen)) return seen.at;
    if (seen.status !== 200 && seen.status !== 403) throw new Error(`an exchange is answered with ${seen.status}`);
    if (seen.at > deadline) throw new Error(`${url} does not serve a change within ${GIVE_UP / 1000} s`);
    await sleep(PAUSE);
  }
}

/** How long exchanges took, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** Answers that were no token. */
  readonly failed: number;
}

/** Milliseconds between two exchanges of a pulse. */
const BEAT = 20;

/**
 * An exchange every 20 ms, come what may: one that comes while the replica is busy waits, and its wait is counted from
 * when it was due.
 *
 * @returns ends it
 */
export function startPulse(url: string, proof: string): () => Promise<Latencies> {
  const took: number[] = [];
  const pending = new Set<Promise<void>>();
  let failed = 0;
  let due = performance.now();
  const beat = () => {
    for (; due <= performance.now(); due += BEAT) {
      const from = due;
      const one: Promise<void> = exchange(url, proof)
        .then(
          ({ status, at }) => {
            took.push(at - from);
            if (status !== 200) failed += 1;
          },
          () => {
            failed += 1;
          },
        )
        .finally(() => pending.delete(one));
      pending.add(one);
    }
    timer = setTimeout(beat, Math.max(0, due - performance.now()));
  };
  let timer = setTimeout(beat, 0);
  return async () => {
    clearTimeout(timer);
    await Promise.all(pending);
    const sorted = Float64Array.from(took).sort();
    const at = (share: number) => quantile(sorted, share);
    return { count: took.length, p50: at(0.5), p99: at(0.99), worst: at(1), failed };
  };
}
