/** What the engine is given: its ports and its limits. */
import type { OwnAlgorithm, SigningKey, VerificationKey } from '../access-token/index.ts';
import type { Audit } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { KeyRing } from '../keyring/index.ts';
import type { ProofVerifier } from '../proof/index.ts';
import type { RevocationEntry } from '../revocation/index.ts';
import type { RateLimit } from './rate-limit.ts';
import type { HealthCheck, IssuerStatus } from './types.ts';
import type { View } from './view.ts';

/** Our own keys of JWTs. */
export interface JwtKeys {
  /** What signs now, under the `kid` that verifiers find it by; undefined where the active key has none for `alg`. */
  signingKey(alg: OwnAlgorithm): Pick<SigningKey, 'kid' | 'privateKey'> | undefined;
  /** The key of a token's `kid`, whatever its state; undefined for one that is not ours, or no longer. */
  verificationKey(kid: string): VerificationKey | undefined;
}

export interface EngineSettings {
  readonly view: View;
  readonly proofs: ProofVerifier;
  /** Our own keys; `active` is asked only while there is a snapshot. */
  readonly keyring: Pick<KeyRing, 'active' | 'rootKey' | 'resourceKeys' | 'jwks' | 'states'> & JwtKeys;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Cryptographically secure bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** Our issuer: the location hint of every macaroon. */
  readonly issuer: string;
  /** Seconds; an exchange by an older view is refused. */
  readonly maxStaleness: number;
  /** Seconds; a verification by an older view is refused. */
  readonly maxVerifyStaleness: number;
  /** Seconds for which one of our own keys signs; absent: it is nobody's business. */
  readonly rotateKeys?: number;
  /** Per anchor and subject. */
  readonly rateLimit: RateLimit;
  /** Failed proofs per peer address. */
  readonly failureLimit: RateLimit;
  /** Seconds by which our clock is ahead of what it is compared with; undefined: not known. */
  readonly clockAhead?: () => number | undefined;
  /** Whether our clock is so wrong that nothing may be judged by it. */
  readonly clockIsWrong?: () => boolean;
  /**
   * Keeps a revocation where every replica reads it. Absent: none can be made here.
   * @param why for people
   */
  readonly writeRevocation?: (entry: RevocationEntry, why: string) => Promise<void>;
  readonly issuers: () => readonly IssuerStatus[];
  /** Readiness that the engine cannot see: the data directory, the keys. */
  readonly checks?: () => readonly HealthCheck[];
}
