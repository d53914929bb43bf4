import type { Clock } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import { type KeySource, promotesAt, type RotationTimes, removedAt } from './rotation.ts';
import type { KeyChange, KeyState, KeyStore, StoredKey } from './types.ts';

const HOUR = 3600;

export interface KeyRingOptions extends KeySource {
  readonly store: KeyStore;
  readonly clock: Clock;
  /** Seconds: the longest that any token may live. A retired key is kept at least that long. */
  readonly maxTtl: number;
  /**
   * Seconds by which the clocks of those who share the keys may differ; default 0: one clock. A key then signs only
   * once this process has seen it published for its whole lead, or its lead and this have passed by the clock; and a
   * retired one is kept twice this longer, for who signs and who removes, who retires and who verifies may differ so.
   */
  readonly clockSkew?: number;
  /** Seconds for which another process may go on signing with a key that it does not know to be retired; default 0. */
  readonly signsOn?: number;
  /** Seconds that one key signs; default 30 days. */
  readonly rotateEvery?: number;
  /** Seconds for which verifiers may cache our keys; default 1 h. A key is published so long, and at least 1 h, before it signs. */
  readonly jwksMaxAge?: number;
  /** Milliseconds between two looks at the store and the schedule; default 30 s. */
  readonly checkEvery?: number;
  /** Whether this process rotates and writes back now (in a cluster: whether it leads). Default: always. */
  readonly mayWrite?: () => boolean;
  /** Seconds after which lost or damaged keys are written back even where `mayWrite` says no; default never. */
  readonly writeBackAfter?: number;
  /** For the log and the audit record. Called after the change is stored. */
  readonly onChange?: (change: KeyChange) => void;
  /** What went wrong with the store; the keys in memory go on serving. */
  readonly onProblem?: (error: KeyRingError) => void;
}

/** A key as people and metrics see it. Times are NumericDate seconds. */
export interface KeyView {
  readonly kid: string;
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  /** Of a `next` key: when it may sign. */
  readonly promotesAt?: number;
  /** Of a `retired` key: when it goes. */
  readonly removedAt?: number;
}

/** How to rotate on demand. */
export interface RotateOptions {
  /** Without waiting for the next key's whole lead. Verifiers that cache keys refuse its tokens until they ask again. */
  readonly now?: boolean;
  /** With `now`: seconds for which this process must have seen the next key published before it signs; default 0. */
  readonly publishedFor?: number;
}

export interface Rotation {
  readonly changes: readonly KeyChange[];
  /** The key that waits, and when it may sign. */
  readonly next?: { readonly kid: string; readonly promotesAt: number };
}

/** @throws KeyRingError invalid_option */
export function timesOf(options: KeyRingOptions): RotationTimes {
  const lead = Math.max(HOUR, options.jwksMaxAge ?? HOUR);
  const rotateEvery = options.rotateEvery ?? 30 * 24 * HOUR;
  const { maxTtl, clockSkew = 0, signsOn = 0 } = options;
  const whole =
    [maxTtl, lead, rotateEvery].every((n) => Number.isSafeInteger(n) && n > 0) &&
    [clockSkew, signsOn].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole) throw new KeyRingError('invalid_option', 'maxTtl, jwksMaxAge and rotateEvery are whole seconds above 0');
  if (rotateEvery < 2 * lead) {
    throw new KeyRingError(
      'invalid_option',
      `rotateEvery must be at least ${2 * lead} s: a key is published ${lead} s ahead`,
    );
  }
  return { lead, rotateEvery, keep: maxTtl + 2 * clockSkew + signsOn };
}

/** A key without what is secret of it. */
export function viewOf(key: StoredKey, times: RotationTimes): KeyView {
  const { kid, state, createdAt, activatedAt, retiredAt } = key;
  const removed = removedAt(key, times);
  return {
    ...{ kid, state, createdAt, activatedAt, retiredAt },
    ...(state === 'next' && { promotesAt: promotesAt(key, times) }),
    ...(removed !== undefined && { removedAt: removed }),
  };
}
