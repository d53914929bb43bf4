/** By what a revocation names the dead: one token, a macaroon and all appended to it, a grant, an agent, a policy. */
export type RevocationTarget = 'token' | 'derivedFrom' | 'grant' | 'agent' | 'policy';

export const REVOCATION_ORDER: readonly RevocationTarget[] = ['token', 'derivedFrom', 'grant', 'agent', 'policy'];

export interface RevocationEntry {
  readonly by: RevocationTarget;
  /** A jti, a digest (base64url SHA-256 of a macaroon's signature), a grant id, or the uid of a registration or policy. */
  readonly value: string;
  /** Only tokens of this tenant die; null: of any. */
  readonly tenant: string | null;
  /** NumericDate seconds: tokens with `iat` up to this die; null: all. */
  readonly issuedBefore: number | null;
  /** NumericDate seconds: inert after this; null: never. */
  readonly expiresAt: number | null;
  /** The object it comes from, for people: `TokenRevocation/ns/name`. */
  readonly source: string;
}

/** What a token says of itself, once its chain or signature is verified. */
export interface TokenFacts {
  readonly jti: string;
  readonly gid: string;
  /** uid of the policy. */
  readonly pol: string;
  /** uid of the registration. */
  readonly agt: string | null;
  readonly tenant: string;
  /** NumericDate seconds. */
  readonly iat: number;
  /** base64url SHA-256 of each of the macaroon's chain values. Called only if some entry is by `derivedFrom`. */
  readonly derivedFrom: () => readonly string[];
}

/** The entry that kills a token. */
export type RevocationHit = RevocationEntry;

/** An entry as verifiers get it. */
export type FeedEntry = Omit<RevocationEntry, 'source'>;

export interface RevocationFeed {
  readonly entries: readonly FeedEntry[];
  /** base64url SHA-256 of the entries: the same for the same content, whatever order it came in. */
  readonly hash: string;
}

/** Something wrong with a revoking object. */
export interface RevocationProblem {
  readonly source: string;
  /** Stable, CamelCase: a condition reason. */
  readonly code: 'NotOneTarget' | 'NoTenant' | 'ForeignTenant' | 'InvalidTime' | 'NoCreationTime' | 'ExpiresTooEarly';
  /** `error`: the object has no effect. `warning`: it kills at least what was meant. */
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly message: string;
}

export interface Conversion {
  readonly entries: readonly RevocationEntry[];
  readonly problems: readonly RevocationProblem[];
}
