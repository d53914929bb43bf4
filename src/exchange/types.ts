/** The engine's words: what a door asks for, and what comes of it. No HTTP here. */
import type { Actor } from '../access-token/index.ts';
import type { KeyState, PublicJwk } from '../keyring/index.ts';
import type { Explanation, ObjectReport } from '../policy/types.ts';

/** Stable codes of the native door; each has one HTTP status in `server/`. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_proof'
  | 'no_matching_policy'
  | 'exceeds_policy'
  | 'rate_limited'
  | 'temporarily_unavailable';

/** A refusal as the caller may see it: the stage and a sentence, never the policy. */
export interface Refusal {
  readonly granted: false;
  readonly code: ErrorCode;
  readonly message: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** What of the request it is about, where OAuth has a code of its own for that: `invalid_target`, `invalid_scope`. */
  readonly about?: 'target' | 'scope';
}

export interface ExchangeRequest {
  readonly door: 'native';
  readonly correlationId: string;
  /** An id that the caller sent along; recorded, never trusted. */
  readonly callerId?: string;
  /** The peer's address, for the limit on failed proofs and the audit record. */
  readonly peer: string;
  /** The credential. Never logged. */
  readonly proof: string;
  readonly resource?: string;
  readonly audience?: string;
  readonly scopes?: readonly string[];
  readonly tenant?: string;
  /** Seconds. */
  readonly ttl?: number;
  readonly budgetCredits?: number;
  /** Appended as a holder would. */
  readonly caveats?: readonly string[];
  /** Confirms the kind of token that the resource takes; another is refused. */
  readonly requestedTokenType?: TokenType;
}

/** What kind of token the resource takes: a macaroon, or a JWT access token. */
export type TokenType = 'macaroon' | 'access_token';

export interface Grant {
  readonly granted: true;
  readonly token: string;
  readonly tokenType: TokenType;
  readonly jti: string;
  readonly grantId: string;
  /** NumericDate, seconds. */
  readonly expiresAt: number;
  /** Seconds. */
  readonly expiresIn: number;
  /** namespace/name, or the name of a ClusterTrustPolicy. */
  readonly policy: string;
  readonly rule: string;
  readonly tenant: string;
  readonly resource: string;
  readonly scopes?: readonly string[];
  /** Of a JWT. */
  readonly clientId?: string;
  /** The uid of the registration, where it acts for a user. */
  readonly agent?: string;
  /** Of a macaroon; a JWT has none. */
  readonly caveats: readonly string[];
  readonly label?: string;
}

export type ExchangeOutcome = Grant | Refusal;

/** The call that a gateway wants judged. Absent members are not carried, and a caveat on one denies. */
export interface Call {
  readonly scope?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly path?: string;
  /** Credits this call costs, where the gateway states it. */
  readonly cost?: number;
}

export interface VerifyRequest {
  readonly token: string;
  /** The resource the gateway serves: name, URI or audience. */
  readonly resource: string;
  readonly call: Call;
}

/** What a call draws on: the grant, then one per later budget caveat. `limit` in credits, absent where there is none. */
export interface AccountView {
  readonly id: string;
  readonly limit?: number;
}

export type VerifyOutcome =
  | {
      readonly active: true;
      readonly jti: string;
      readonly grantId: string;
      readonly policy: string;
      readonly agent: string | null;
      readonly tenant: string;
      readonly subject: string;
      readonly issuedAt: number;
      readonly expiresAt: number;
      readonly attributes: Readonly<Record<string, string>>;
      readonly notes: readonly string[];
      readonly caveats: readonly string[];
      /** Of a JWT; as are the client and who acts, the current actor outermost. */
      readonly scopes?: readonly string[];
      readonly clientId?: string;
      readonly act?: Actor;
      readonly accounts: readonly AccountView[];
      readonly staleSeconds: number;
    }
  /** `reason` is absent for a token of another resource. `caveat` is the one that does not hold. */
  | { readonly active: false; readonly reason?: string; readonly caveat?: string; readonly staleSeconds: number };

/** One macaroon root key of one resource: what lets a gateway verify offline. */
export interface ResourceKey {
  readonly kid: string;
  /** base64url of 32 bytes. */
  readonly key: string;
  readonly state: 'next' | 'active' | 'retired';
}

export interface RevocationFeedEntry {
  readonly by: 'token' | 'derivedFrom' | 'grant' | 'agent' | 'policy';
  readonly value: string;
  /** null: any tenant. */
  readonly tenant: string | null;
  /** NumericDate; null: all. */
  readonly issuedBefore: number | null;
  readonly expiresAt: number | null;
}

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

/** A request that a door refused before it became an ExchangeRequest: not JSON, too large, two credentials… */
export interface DoorRefusal {
  readonly door: 'native';
  readonly correlationId: string;
  readonly callerId?: string;
  readonly peer: string;
  readonly code: string;
  /** For the audit record; holds nothing the caller sent but names of members. */
  readonly reason: string;
}

/** What every door talks to. */
export interface Engine {
  /** Leaves an audit record of a request that a door refused. Never throws; the door answers its refusal meanwhile. */
  doorRefused(refusal: DoorRefusal): Promise<void>;
  exchange(request: ExchangeRequest): Promise<ExchangeOutcome>;
  verify(request: VerifyRequest): VerifyOutcome | Refusal;
  keys(resource: string): { readonly keys: readonly ResourceKey[] } | Refusal;
  /** The public keys of our JWTs: those that will sign, sign, and have signed what still lives. */
  jwks(): { readonly keys: readonly PublicJwk[] } | Refusal;
  revocations(
    resource: string,
  ): { readonly generatedAt: string; readonly entries: readonly RevocationFeedEntry[] } | Refusal;
  explain(request: ExplainRequest): Promise<ExplainOutcome>;
  policies(): PoliciesReport;
  /** Numbers for whoever watches over it. */
  vitals(): Vitals;
  /** All must be ok for `/readyz`. */
  readiness(): readonly HealthCheck[];
}
