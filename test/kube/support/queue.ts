import { WorkQueue, type WorkQueueOptions } from '../../../src/kube/work-queue.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { settle, steady } from './settle.ts';

export type Reconcile = WorkQueueOptions['reconcile'];

/** A queue that is started. */
export function queueOf(clock: FakeClock, reconcile: Reconcile, more: Partial<WorkQueueOptions> = {}) {
  const queue = new WorkQueue({ clock, random: steady(0), reconcile, ...more });
  queue.start();
  return queue;
}

/** A reconcile that each call of `finish` lets go on. */
export function gated() {
  const begun: string[] = [];
  const waiting: { key: string; go: PromiseWithResolvers<void>; signal: AbortSignal }[] = [];
  const reconcile: Reconcile = async (key, signal) => {
    begun.push(key);
    const go = Promise.withResolvers<void>();
    waiting.push({ key, go, signal });
    await go.promise;
    return undefined;
  };
  const finish = async (key: string) => {
    const at = waiting.findIndex((each) => each.key === key);
    waiting.splice(at, 1)[0]?.go.resolve();
    await settle();
  };
  return { begun, waiting, reconcile, finish };
}
