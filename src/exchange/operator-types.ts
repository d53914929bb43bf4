/** What the engine tells those who run it. */
import type { KeyState } from '../keyring/index.ts';
import type { Explanation, ObjectReport } from '../policy/types.ts';
import type { Refusal } from './types.ts';

/** A token or a set of claims to explain; nothing is ever issued. */
export type ExplainRequest = {
  readonly resource?: string;
  readonly audience?: string;
  readonly scopes?: readonly string[];
  readonly tenant?: string;
} & (
  | { readonly credentials: string }
  | { readonly issuer: string; readonly claims: Readonly<Record<string, unknown>> }
);

export type ExplainOutcome =
  | ({
      readonly granted: true;
      readonly verified: boolean;
      /** What bars a token though the policies allow it: the proof's age, an instance that is not named, a revocation. */
      readonly refused?: { readonly stage: string; readonly reason: string; readonly detail: string };
    } & Explanation)
  /** `detail` says why the proof was refused: only operators ask. */
  | (Refusal & { readonly detail: string });

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not ok; or, where it is, what a person should see to. */
  readonly message?: string;
  /** Where nobody need see to it: how it is. */
  readonly detail?: string;
}

/** One of the kinds that a view is made of. */
export interface KindAge {
  readonly kind: string;
  /** Since its last sign of life. */
  readonly staleSeconds: number;
}

export interface Vitals {
  /** Seconds of staleness beyond which exchanges stop, and verifying. */
  readonly maxStaleness: number;
  readonly maxVerifyStaleness: number;
  /** Empty where the view is one whole. */
  readonly kinds: readonly KindAge[];
  /** Revocations in force. */
  readonly revocations: ReadonlyMap<string, number>;
  /** How many of them are gone, and stay in force until it is known why. */
  readonly lingering: number;
  /** Seconds by which our clock is ahead of the API server's; absent while it is not known. */
  readonly clockSkewSeconds?: number;
  /** How many of our own keys are in each state. */
  readonly ownKeys: ReadonlyMap<KeyState, number>;
  /** Seconds since our active key began to sign; absent while there is none. */
  readonly ownKeyAgeSeconds?: number;
  /** Seconds for which a key is to sign until the next one does. */
  readonly ownKeyRotateSeconds?: number;
}

export interface PoliciesReport {
  readonly generation: string;
  /** Whole seconds since the view was last known to be fresh; null before the first good read. */
  readonly staleSeconds: number | null;
  /** Why the newest read failed, while older objects go on being served. */
  readonly readErrors: readonly { readonly source: string; readonly code: string; readonly message: string }[];
  readonly objects: readonly ObjectReport[];
  /** How each issuer's keys are doing. */
  readonly issuers: readonly IssuerStatus[];
}

export interface IssuerStatus {
  readonly anchor: string;
  readonly provider: string;
  readonly issuer: string;
  readonly source: string;
  readonly keys: number;
  /** RFC 3339; null before the first success. */
  readonly lastSuccess: string | null;
  readonly error: string | null;
}
