/** The key ring of a replica that may have to wait for it: a Secret that is gone, damaged, or out of reach. */
import type { Clock, TimerHandle } from '../clock.ts';
import { type KeyRing, KeyRingError, type KeyRingOptions, openKeyRing } from '../keyring/index.ts';
import type { LeaseNotes } from '../kube/index.ts';
import { reasonOf } from './errors.ts';
import { KeyDesk, LOOK_EVERY } from './key-requests.ts';

/** Milliseconds between two tries to open them. */
const RETRY = 5_000;
/** Milliseconds between two looks for the sake of kids that are not known. */
const LOOK_AGAIN = 1_000;
/** What replicas have in common, in seconds. */
const SHARED = {
  /** By which their clocks may differ. */
  clockSkew: 3_600,
  /** That the leader has for writing lost keys back, before any replica that has them does. */
  writeBackAfter: 60,
};

/** What serving needs of the keys; without any, nothing is signed and nothing verifies. */
export interface WaitingKeys
  extends Pick<KeyRing, 'active' | 'rootKey' | 'resourceKeys' | 'signingKey' | 'verificationKey' | 'jwks' | 'states'> {
  /** Whether there are keys. */
  ready(): boolean;
  problem(): KeyRingError | undefined;
  close(): Promise<void>;
}

export interface WaitingKeysOptions extends KeyRingOptions {
  readonly clock: Clock;
  /** Where people ask the leader to rotate, and read how the keys are. */
  readonly notes?: LeaseNotes;
}

/**
 * Opens the stored keys, however often that takes, and follows them: every 10 s, and for a kid that is not known at
 * once, at most once a second. New ones are made only where there never were any.
 */
export function openKeys(options: WaitingKeysOptions): WaitingKeys {
  const { clock, mayWrite = () => true, onProblem, notes } = options;
  const desk = notes && new KeyDesk(notes);
  let ring: KeyRing | undefined;
  let problem: KeyRingError | undefined;
  let timer: TimerHandle | undefined;
  let looking: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let round: Promise<void> = Promise.resolve();
  let closed = false;

  async function open(): Promise<void> {
    try {
      const opened = await openKeyRing({ ...SHARED, ...options });
      ring = opened;
      problem = undefined;
      follow();
    } catch (error) {
      const known =
        error instanceof KeyRingError ? error : new KeyRingError('keys_unavailable', 'the keys cannot be had');
      if (known.message !== problem?.message) onProblem?.(known);
      problem = known;
      if (!closed) timer = clock.setTimer(() => void open(), RETRY);
    }
  }

  function follow(): void {
    if (closed) return;
    timer = clock.setTimer(() => {
      round = look().then(attend).then(follow);
    }, LOOK_EVERY);
  }

  /** One at a time. */
  function look(): Promise<void> {
    lookedAt = clock.monotonic();
    looking ??= ring?.tick().finally(() => {
      looking = undefined;
    });
    return looking ?? Promise.resolve();
  }

  /** Another replica may have keys that we do not. Whoever asks is not kept waiting: the next who asks gains by it. */
  function lookAgain(): void {
    if (!closed && clock.monotonic() - lookedAt >= LOOK_AGAIN) void look();
  }

  async function attend(): Promise<void> {
    if (!ring || !desk || closed || !mayWrite()) return;
    try {
      await desk.attend(ring);
    } catch (error) {
      const told = `cannot see to the requests on the Lease: ${reasonOf(error)}`;
      onProblem?.(error instanceof KeyRingError ? error : new KeyRingError('keys_unavailable', told));
    }
  }

  const opening = open();
  return {
    active() {
      if (!ring) throw problem ?? new KeyRingError('keys_unavailable', 'the keys are not there yet');
      return ring.active();
    },
    rootKey(kid, audience) {
      if (ring && !ring.knows(kid)) lookAgain();
      return ring?.rootKey(kid, audience);
    },
    resourceKeys: (audience) => ring?.resourceKeys(audience) ?? [],
    verificationKey(kid) {
      const key = ring?.verificationKey(kid);
      if (ring && !key) lookAgain();
      return key;
    },
    signingKey: (algorithm) => ring?.signingKey(algorithm),
    jwks: () => ring?.jwks() ?? { keys: [] },
    states: () => ring?.states() ?? [],
    ready: () => ring !== undefined,
    problem: () => (ring ? ring.problem() : (problem ?? new KeyRingError('keys_unavailable', 'not read yet'))),
    async close() {
      closed = true;
      timer?.cancel();
      await opening;
      await looking;
      await round;
      await ring?.close();
    },
  };
}
