/** The engine's words: what a door asks for, and what comes of it. No HTTP here. */
import type { Actor } from '../access-token/index.ts';
import type { PublicJwk } from '../keyring/index.ts';
import type { ExplainOutcome, ExplainRequest, HealthCheck, PoliciesReport, Vitals } from './operator-types.ts';

export type { AgentAsked } from '../policy/types.ts';

export type * from './operator-types.ts';

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
  /** What it is about, where OAuth has a code of its own for that: `invalid_target`, `invalid_scope`, `invalid_client`. */
  readonly about?: 'target' | 'scope' | 'client';
}

/** Our own JSON, or one of OAuth's grants. */
export type Door = 'native' | 'client_credentials' | 'jwt_bearer' | 'token_exchange';

export interface ExchangeRequest {
  readonly door: Door;
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
  /** What the client authenticates by, where it does; it may be the proof. The proof must then be the client's. */
  readonly client?: ClientAssertion;
  /** What the request says the client's id is: it can only confirm it. */
  readonly clientId?: string;
  /** A delegation token that is exchanged, or passed on: the proof is then the actor's. Never logged. */
  readonly delegation?: string;
  /** Asks for a delegation token, with our issuer as `audience`: whom it is for, as JSON. */
  readonly mayAct?: string;
}

/** Its only audience must be the policy's (draft-ietf-oauth-spiffe-client-auth §3.1, RFC 7523 bis). */
export interface ClientAssertion {
  /** Never logged. */
  readonly assertion: string;
  /** Whether it is said to be a JWT-SVID. */
  readonly isSvid: boolean;
}

/** What kind of token the resource takes: a macaroon, or a JWT access token. Or what only we take: a delegation token. */
export type TokenType = 'macaroon' | 'access_token' | 'delegation';

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

/** A request that a door refused before it became an ExchangeRequest: not JSON, too large, two credentials… */
export interface DoorRefusal {
  /** `token`: of which grant is not known. */
  readonly door: Door | 'token';
  readonly correlationId: string;
  readonly callerId?: string;
  readonly peer: string;
  readonly code: string;
  /** For the audit record; holds nothing the caller sent but names of members. */
  readonly reason: string;
}

/** What a token says, without a call to judge it by (RFC 7662). */
export type IntrospectOutcome =
  | (Omit<Extract<VerifyOutcome, { readonly active: true }>, 'accounts'> & {
      /** The name of the resource that it is for. */
      readonly resource: string;
      readonly audience: string;
      readonly tokenType: TokenType;
      /** Caveats that only a call could answer. */
      readonly unchecked: readonly string[];
    })
  | { readonly active: false };

export interface RevokeRequest {
  readonly token: string;
  readonly correlationId: string;
}

/** Whether a token was killed just now (`made`), or is none of ours, over, or dead already. */
export type RevokeOutcome = { readonly made: boolean };

/** What every door talks to. */
export interface Engine {
  /** Leaves an audit record of a request that a door refused. Never throws; the door answers its refusal meanwhile. */
  doorRefused(refusal: DoorRefusal): Promise<void>;
  exchange(request: ExchangeRequest): Promise<ExchangeOutcome>;
  verify(request: VerifyRequest): VerifyOutcome | Refusal;
  /** Whether its caller may know is for the door to ask: `resource` says of which. */
  introspect(token: string): IntrospectOutcome | Refusal;
  /** Kills one token, and what is appended to it. In force here before it resolves. */
  revoke(request: RevokeRequest): Promise<RevokeOutcome | Refusal>;
  /** Who we are, and the scopes of the resources that take JWTs. */
  discovery(): { readonly issuer: string; readonly scopes: readonly string[] };
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
