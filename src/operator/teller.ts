import type { Clock } from '../clock.ts';
import type { KubeLog } from '../kube/index.ts';
import { reasonOf } from './errors.ts';

/** Milliseconds in which one failure is logged once. */
const QUIET = 60_000;

/** One line for a failure that meets thousands of objects. @param error undefined: there is no more to say */
export function teller(
  clock: Pick<Clock, 'monotonic'>,
  log: KubeLog | undefined,
): (what: string, error: unknown) => undefined {
  const logged = new Map<string, number>();
  return (what, error) => {
    const reason = error === undefined ? '-' : reasonOf(error);
    const now = clock.monotonic();
    if (now - (logged.get(`${what} ${reason}`) ?? Number.NEGATIVE_INFINITY) < QUIET) return;
    if (logged.size > 100) logged.clear();
    logged.set(`${what} ${reason}`, now);
    log?.('warn', what, { reason });
  };
}
