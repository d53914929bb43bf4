import type { Clock } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import type { Random, RotationTimes } from './rotation.ts';
import type { KeyChange, KeyState, KeyStore } from './types.ts';

const HOUR = 3600;

export interface KeyRingOptions {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Seconds: the longest that any token may live. A retired key is kept that long. */
  readonly maxTtl: number;
  /** Seconds that one key signs; default 30 days. */
  readonly rotateEvery?: number;
  /** Seconds for which verifiers may cache our keys; default 1 h. A key is published so long, and at least 1 h, before it signs. */
  readonly jwksMaxAge?: number;
  /** Milliseconds between two looks at the store and the schedule; default 30 s. */
  readonly checkEvery?: number;
  /** Whether this process rotates and writes back now (in a cluster: whether it leads). Default: always. */
  readonly mayWrite?: () => boolean;
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

export interface Rotation {
  readonly changes: readonly KeyChange[];
  /** The key that waits, and when it may sign. */
  readonly next?: { readonly kid: string; readonly promotesAt: number };
}

/** @throws KeyRingError invalid_option */
export function timesOf(options: KeyRingOptions): RotationTimes {
  const lead = Math.max(HOUR, options.jwksMaxAge ?? HOUR);
  const rotateEvery = options.rotateEvery ?? 30 * 24 * HOUR;
  const whole = [options.maxTtl, lead, rotateEvery].every((n) => Number.isSafeInteger(n) && n > 0);
  if (!whole) throw new KeyRingError('invalid_option', 'maxTtl, jwksMaxAge and rotateEvery are whole seconds above 0');
  if (rotateEvery < 2 * lead) {
    throw new KeyRingError(
      'invalid_option',
      `rotateEvery must be at least ${2 * lead} s: a key is published ${lead} s ahead`,
    );
  }
  return { lead, rotateEvery, maxTtl: options.maxTtl };
}
