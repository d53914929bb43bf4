/**
 * The words that proof, policy, exchange and audit share. Types only.
 */

/** Where a proof comes from; each has its own file in `proof/`. */
export type ProviderName = 'kubernetes' | 'oidc' | 'github' | 'spiffe';

/** JWS algorithms (RFC 7518 §3.1, RFC 9864) that a proof may be signed with. Asymmetric only. */
export type ProofAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/** How a key URL may be dialled. */
export interface Dialling {
  /** PEM certificates that replace the system's, if given. */
  readonly caBundle?: string;
  /** Whether private addresses may be dialled. Link-local and metadata addresses never are. */
  readonly allowPrivate: boolean;
}

/** Where an issuer's public keys come from. Keys of two sources are never merged. */
export type KeySource =
  | ({ readonly kind: 'discovery' } & Dialling)
  | ({ readonly kind: 'jwksUrl'; readonly url: string } & Dialling)
  /** A SPIFFE bundle endpoint of profile https_web. */
  | ({ readonly kind: 'bundleEndpoint'; readonly url: string } & Dialling)
  | { readonly kind: 'inline'; readonly jwks: string }
  | { readonly kind: 'configMap'; readonly name: string; readonly key: string }
  | { readonly kind: 'cluster' };

/** A segment of the path of a SPIFFE ID: as it is, or any, which is then an attribute of this name. */
export type PathSegment = { readonly literal: string } | { readonly field: string };

/**
 * What a proof is verified against: one per distinct combination of its members.
 * Its id is derived from them, so equal anchors of two policies are one.
 */
export interface Anchor {
  readonly id: string;
  readonly provider: ProviderName;
  /** Compared byte for byte with the proof's `iss`; provider spiffe: `spiffe://` and the trust domain of its `sub`. */
  readonly issuer: string;
  readonly keys: KeySource;
  readonly algorithms: readonly ProofAlgorithm[];
  readonly proofCheck: 'Signature' | 'TokenReview';
  /** provider spiffe: how the whole path of an ID is read. */
  readonly pathTemplate?: readonly PathSegment[];
}

/** A JWT's claims as parsed: read members only through `Object.hasOwn`, for their names are untrusted. */
export type Claims = Readonly<Record<string, unknown>>;

/** A proof that was verified against one anchor: all that the matcher sees. */
export interface VerifiedIdentity {
  /** The id of the anchor that verified it. */
  readonly anchor: string;
  readonly provider: ProviderName;
  readonly issuer: string;
  /** `sub` as the issuer wrote it. Unique only together with the issuer. */
  readonly subject: string;
  /** `aud`, always as a list. */
  readonly audiences: readonly string[];
  readonly claims: Claims;
  /** The provider's own fields under the names policies use (`namespace`, `repositoryId`…). Never empty values. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Who holds a budget: stable across proofs of one workload, and of one running instance where the proof names it. */
  readonly holder: { readonly subject: string; readonly instance?: string };
  /** NumericDate, seconds. */
  readonly issuedAt: number;
  /** NumericDate, seconds. */
  readonly expiresAt: number;
}
