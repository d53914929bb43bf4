/** What proof verification needs from others, and how it refuses. */
import type { Anchor, ProofAlgorithm } from '../identity.ts';
import type { PublicKey } from '../jws/index.ts';

/** Anchors by exact issuer: what the verifier needs of a policy snapshot. */
export interface AnchorDirectory {
  /** Changes whenever any anchor does: verified proofs are not remembered past it. */
  readonly generation: string;
  anchorsOf(issuer: string): readonly Anchor[];
}

/** Public keys of an anchor's issuer. Implemented in `issuer-keys/`. */
export interface IssuerKeys {
  /**
   * The keys to try, few: those with this `kid` (all, where the token states none) that `alg` goes with.
   * @throws ProofError `unknown_kid` if there is none; with `outage` if the keys cannot be had
   */
  keysFor(anchor: Anchor, kid: string | undefined, alg: ProofAlgorithm): Promise<readonly PublicKey[]>;
  /** Changes whenever the anchor's served key set changes: remembered verifications die with it. */
  version(anchor: Anchor): number;
}

/** What the API server says of a token (authentication.k8s.io/v1 TokenReview status). */
export interface TokenReviewAnswer {
  readonly authenticated: boolean;
  /** `status.audiences`: those of the asked ones that the token is valid for. */
  readonly audiences: readonly string[];
  /** `status.user.username` */
  readonly username?: string;
  /** `status.user.uid`: the service account's. */
  readonly uid?: string;
}

/** Asks the API server whether a token's objects still exist. */
export interface TokenReviewPort {
  /**
   * @param token the proof, to be sent to no other host than the anchor's API server, and never logged
   * @param audiences `spec.audiences`: the token's own, so that the answer is about its audience and not the server's
   * @throws anything if the API server cannot be asked: the caller answers 503
   */
  review(token: string, anchor: Anchor, audiences: readonly string[]): Promise<TokenReviewAnswer>;
}

/** Stable: the reason in the audit record. A caller learns only that the proof is invalid, or that it is an outage. */
export type ProofErrorCode =
  | 'too_large'
  | 'malformed'
  | 'header'
  | 'algorithm'
  | 'token_type'
  | 'claims'
  | 'unknown_issuer'
  | 'no_expiry'
  | 'expired'
  | 'not_yet_valid'
  | 'lifetime'
  | 'wrong_audience'
  | 'legacy_token'
  | 'interactive_token'
  | 'unknown_kid'
  | 'signature'
  | 'subject_mismatch'
  | 'token_review_refused'
  | 'keys_unavailable'
  | 'token_review_unavailable';

export interface ProofErrorOptions {
  /** Whether the proof could not be judged, rather than was refused. */
  readonly outage?: boolean;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A proof that was refused, or (`outage`) could not be judged. The message never holds any of the proof. */
export class ProofError extends Error {
  readonly code: ProofErrorCode;
  readonly outage: boolean;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(code: ProofErrorCode, message: string, options: ProofErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProofError';
    this.code = code;
    this.outage = options.outage ?? false;
    this.retryAfter = options.retryAfter;
  }
}
