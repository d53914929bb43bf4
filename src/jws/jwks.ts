/** JWK Sets (RFC 7517 §5): which of an issuer's published keys may verify a signature, and with which algorithms. */
import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';

/** A public key that may verify signatures. */
export interface PublicKey {
  readonly kid: string | undefined;
  /** What the key may be used with: its JWK's `alg`, else all that its type and curve allow. Never empty. */
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly use: string | undefined;
  /** The `issuer` member that Entra's shared key sets carry; may hold `{tenantid}`. */
  readonly issuer: string | undefined;
  /** RFC 7638, SHA-256, base64url: equal for equal keys, whatever their kid. */
  readonly thumbprint: string;
  readonly key: KeyObject;
}

export interface ImportedJwkSet {
  readonly keys: readonly PublicKey[];
  /** The members of the set that are not used, for an operator to read. `kid` is capped and printable. */
  readonly ignored: readonly { readonly index: number; readonly kid: string | undefined; readonly reason: string }[];
}

export interface JwkSetOptions {
  /** The number of JWKs from which a set is refused as a whole; default 100. */
  readonly maxKeys?: number;
  /** Which `use` counts; null stands for none. Default `['sig', null]`. */
  readonly uses?: readonly (string | null)[];
}

/**
 * Reads a JWK Set. Keys of unknown types and uses are left out (RFC 7517 §5), and so are symmetric, private, weak and
 * malformed ones.
 *
 * @param json the set as JSON text; whoever fetched it has capped its size
 * @throws JwsError `key_set` when it is not a JWK Set at all or has too many keys; `json`, `duplicate_member`,
 *   `too_deep` as for a token
 */
export function importJwkSet(_json: string, _options: JwkSetOptions = {}): ImportedJwkSet {
  throw new Error('not written yet');
}
