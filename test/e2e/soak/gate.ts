/** Lets everybody go on, or holds all of them for a while. */
import { setTimeout as sleep } from 'node:timers/promises';

export class Gate {
  #open: PromiseWithResolvers<void> | undefined;

  /** Resolves when the gate is open. */
  async pass(): Promise<void> {
    await this.#open?.promise;
  }

  /** Holds everybody who comes while `work` is done. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#open = Promise.withResolvers();
    try {
      return await work();
    } finally {
      this.#open.resolve();
      this.#open = undefined;
    }
  }
}

/** Waits, but not beyond the end. */
export async function rest(ms: number, over: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => {});
}
