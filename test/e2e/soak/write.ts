/** A write whose outcome is known in the end, whatever became of its answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../../../src/kube/index.ts';

export type Outcome<T> =
  | { readonly happened: true; readonly answer: T }
  | { readonly happened: false; readonly why: string };

/** Milliseconds until an API server has nothing under way any more for who went away, and between two looks. */
const PAUSE = 1_000;
const STARTED = 3_000;

/**
 * @param attempt the write, once
 * @param look what became of it: undefined where it did not happen. Called again until it can be read
 */
export async function toTheEnd<T>(attempt: () => Promise<T>, look: () => Promise<T | undefined>): Promise<Outcome<T>> {
  try {
    return { happened: true, answer: await attempt() };
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    if (error.status >= 400 && error.status < 500) return { happened: false, why: `${error.status} ${error.message}` };
  }
  for (;;) {
    await sleep(PAUSE);
    try {
      const found = (await look()) ?? (await again(look));
      return found === undefined ? { happened: false, why: 'no trace of it' } : { happened: true, answer: found };
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
    }
  }
}

/** An API server that has just started knows no custom resource for a moment. */
export async function again<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  await sleep(STARTED);
  return await look();
}

/** What a read gives; undefined for what is not there. */
export async function found<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Tries until it succeeds, through whatever outage; 409 is a success of somebody else's. */
export async function insist(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 409) return;
      await sleep(PAUSE);
    }
  }
}
