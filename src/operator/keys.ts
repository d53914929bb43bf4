/** The key ring of a replica that may have to wait for it: a Secret that is gone, damaged, or out of reach. */
import type { Clock, TimerHandle } from '../clock.ts';
import { type KeyRing, KeyRingError, type KeyRingOptions, openKeyRing } from '../keyring/index.ts';

/** Milliseconds between two tries. */
const RETRY = 5_000;

/** What serving needs of the keys; without any, nothing is signed and nothing verifies. */
export interface WaitingKeys {
  active(): { readonly kid: string };
  rootKey: KeyRing['rootKey'];
  resourceKeys: KeyRing['resourceKeys'];
  /** Whether there are keys. */
  ready(): boolean;
  problem(): KeyRingError | undefined;
  close(): Promise<void>;
}

/** Opens the stored keys, however often that takes, and follows them. New ones are made only where there never were any. */
export function openKeys(options: KeyRingOptions & { readonly clock: Clock }): WaitingKeys {
  let ring: KeyRing | undefined;
  let problem: KeyRingError | undefined;
  let timer: TimerHandle | undefined;
  let closed = false;

  async function open(): Promise<void> {
    try {
      const opened = await openKeyRing(options);
      if (closed) return await opened.close();
      ring = opened;
      problem = undefined;
      opened.start();
    } catch (error) {
      const known =
        error instanceof KeyRingError ? error : new KeyRingError('keys_unavailable', 'the keys cannot be had');
      if (known.message !== problem?.message) options.onProblem?.(known);
      problem = known;
      if (!closed) timer = options.clock.setTimer(() => void open(), RETRY);
    }
  }

  const opening = open();
  return {
    active() {
      if (!ring) throw problem ?? new KeyRingError('keys_unavailable', 'the keys are not there yet');
      return ring.active();
    },
    rootKey: (kid, audience) => ring?.rootKey(kid, audience),
    resourceKeys: (audience) => ring?.resourceKeys(audience) ?? [],
    ready: () => ring !== undefined,
    problem: () => (ring ? ring.problem() : (problem ?? new KeyRingError('keys_unavailable', 'not read yet'))),
    async close() {
      closed = true;
      timer?.cancel();
      await opening;
      await ring?.close();
    },
  };
}
