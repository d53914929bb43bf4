/**
 * What an audit line says. Member names are API: they are added to, never renamed; `v` grows if that ever has to break.
 * A record holds no proof, token, key or signature, only SHA-256 of them.
 */

/** The version of the record's form. */
export const RECORD_VERSION = 1;

export interface AuditIdentity {
  /** The id of the anchor that verified the proof. */
  readonly anchor: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** The running instance, where the proof names one (pod uid, run id). */
  readonly instance?: string;
  /** The claims and attributes that the policy read, of any JSON type. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface AuditPolicy {
  readonly kind: string;
  /** Absent for a ClusterTrustPolicy. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface AuditGrant {
  readonly jti: string;
  readonly grant_id: string;
  readonly resource: string;
  readonly tenant: string;
  readonly caveats: readonly string[];
  /** Of a JWT; a macaroon's are among its caveats. */
  readonly scopes?: readonly string[];
  /** Of a JWT. */
  readonly client_id?: string;
  /** The uid of the AgentRegistration by which it is a user's; absent: it is the workload's own. */
  readonly agent?: string;
  /** Whom the token is for, where that is another than who asked: a user, or whoever delegated. */
  readonly subject?: string;
  /** Of what was delegated: the `jti` of the delegation token that was presented. */
  readonly delegated_by?: string;
  /** Of a delegation token: whom it lets act, as in RFC 8693 §4.4. */
  readonly may_act?: object;
  /** Seconds. */
  readonly ttl: number;
  readonly budget_credits?: number;
  readonly label?: string;
  /** base64url SHA-256 of the token as handed out. */
  readonly token_sha256: string;
  /** NumericDate seconds. */
  readonly expires_at: number;
}

export interface AuditRefusal {
  /** How far the request came: `request`, `proof`, `policy`, `grant`, `mint`… */
  readonly stage: string;
  /** What the caller was told. */
  readonly code: string;
  /** Why: stable, snake_case. */
  readonly reason: string;
  /** Why, in words. */
  readonly detail?: string;
}

interface ExchangeBase {
  readonly kind: 'exchange';
  /** The correlation id, which the caller has too. */
  readonly id: string;
  /** The id that the caller sent along; never trusted. */
  readonly caller_id?: string;
  readonly door: string;
  /** The peer's address. */
  readonly peer: string;
  /** base64url SHA-256 of the proof; absent where there was none. */
  readonly proof_sha256?: string;
  /** The same of the delegation token that was presented. */
  readonly delegation_sha256?: string;
  /** The same of what a client authenticated by, where that was not the proof. */
  readonly client_sha256?: string;
  /** Absent where no proof was verified. */
  readonly identity?: AuditIdentity;
  readonly policy?: AuditPolicy;
  readonly rule?: string;
  /** The snapshot that decided. */
  readonly generation?: string;
}

/** One exchange. */
export type ExchangeEvent =
  | (ExchangeBase & { readonly outcome: 'granted'; readonly granted: AuditGrant })
  | (ExchangeBase & { readonly outcome: 'refused'; readonly refused: AuditRefusal });

/**
 * A revocation came into force (`made`), was found in force at the start (`loaded`), was taken back (`undone`), ran out
 * (`expired`), or is kept in force by the leader though its object went (`kept`, with the reason).
 */
export interface RevocationEvent {
  readonly kind: 'revocation';
  readonly id: string;
  readonly action: 'made' | 'loaded' | 'undone' | 'expired' | 'kept';
  readonly by: string;
  readonly value: string;
  readonly tenant: string | null;
  /** NumericDate seconds; null: all. */
  readonly issued_before: number | null;
  /** NumericDate seconds; null: never. */
  readonly expires_at: number | null;
  /** The object: `TokenRevocation/ns/name`. */
  readonly source: string;
  readonly reason?: string;
}

/** A policy was revoked or deleted. */
export interface PolicyEvent {
  readonly kind: 'policy';
  readonly id: string;
  /** `released_unfinished`: it was let go though something of its deletion could not be done; `why` says what. */
  readonly action: 'revoked' | 'deleted' | 'released_unfinished';
  readonly policy_kind: string;
  readonly uid: string;
  /** null: of the cluster. */
  readonly namespace: string | null;
  readonly name: string;
  readonly why: string;
  /** The object that keeps dead what it killed: `TokenRevocation/ns/name`. */
  readonly tombstone: string | null;
  /** NumericDate seconds: by then no token that it gave is good. */
  readonly tokens_valid_until: number | null;
}

/** An agent was registered or retired by request, or that was refused. */
export interface AgentEvent {
  readonly kind: 'agent';
  readonly id: string;
  readonly action: 'registered' | 'retired' | 'refused';
  readonly peer: string;
  /** Who asked; null: whoever has the admin token, or nobody who could be told. */
  readonly requested_by: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly uid: string | null;
  readonly agent_type?: string;
  readonly user_id?: string;
  /** The code that the caller was refused with. */
  readonly reason?: string;
}

/** One of our own keys changed its state. */
export interface KeyEvent {
  readonly kind: 'key';
  readonly id: string;
  readonly action: 'created' | 'published' | 'promoted' | 'retired' | 'removed' | 'restored' | 'adopted';
  readonly kid: string;
}

/** Refusals that were counted and not written. */
export interface SuppressedEvent {
  readonly kind: 'suppressed';
  readonly id: string;
  /** Whose: anchor and subject, or the peer's address; `(others)` for all that were too many to tell apart. */
  readonly of: string;
  readonly count: number;
  /** RFC 3339. */
  readonly from: string;
  /** RFC 3339. */
  readonly to: string;
}

/** What a caller hands in. */
export type AuditEvent = ExchangeEvent | RevocationEvent | PolicyEvent | AgentEvent | KeyEvent | SuppressedEvent;

/** What stands in a line. */
export type AuditRecord = AuditEvent & {
  /** RFC 3339 with milliseconds, UTC. */
  readonly time: string;
  readonly v: typeof RECORD_VERSION;
  /** Written after its caller had been told that it failed: what it grants never left. */
  readonly late?: true;
};
