/** One of our own JWTs: signed with a key of ours, and opened again by its `typ`, its key and its issuer. */
import type { KeyObject } from 'node:crypto';
import { type JsonObject, JwsError, type ParsedJws, parseJws, requireSignature, signJws } from '../jws/index.ts';
import { type ClaimTable, type CommonClaims, readClaims, writeProvenance } from './claims.ts';
import { AccessTokenError } from './errors.ts';
import { isScopes } from './fields.ts';
import { MAX_TOKEN_BYTES } from './limits.ts';

/** The algorithms that we sign with. */
export type OwnAlgorithm = 'ES256' | 'RS256' | 'EdDSA';

export interface SigningKey {
  /** Unique per key and algorithm: it is what verifiers choose the key by. */
  readonly kid: string;
  readonly alg: OwnAlgorithm;
  readonly privateKey: KeyObject;
}

export interface VerificationKey {
  readonly alg: OwnAlgorithm;
  readonly publicKey: KeyObject;
}

export interface VerifyInput {
  /** Our own key of this `kid`, or undefined. */
  readonly keyOf: (kid: string) => VerificationKey | undefined;
  /** Our issuer. */
  readonly issuer: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Stable. `other_resource` is a token for somebody else: tell its bearer nothing. */
export type TokenFailure =
  | 'malformed'
  | 'too_large'
  | 'token_type'
  | 'unknown_key'
  | 'signature'
  | 'claims'
  | 'other_issuer'
  | 'other_resource'
  | 'expired';

export type Verdict<Claims> =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly reason: TokenFailure };

/** A kind of our JWTs. No token is of two kinds: `typ` and claims are mutually exclusive (RFC 8725 §3.12). */
export interface TokenKind {
  readonly typ: string;
  readonly table: ClaimTable;
  /** What holds beyond each claim's own shape. */
  readonly agrees: (claims: Readonly<Record<string, unknown>>) => boolean;
}

/**
 * Signs `payload`, if it is what the kind's own verification takes.
 *
 * @throws AccessTokenError `claims`, `too_large`
 * @throws TypeError for a key that does not go with its algorithm
 */
export function signToken(kind: TokenKind, payload: JsonObject, key: SigningKey): string {
  const read = readClaims(payload, kind.table);
  if (!read || !kind.agrees(read)) throw new AccessTokenError('claims', 'a claim is missing or out of bounds');
  const token = signJws({ alg: key.alg, typ: kind.typ, kid: key.kid }, payload, key.privateKey);
  if (token.length > MAX_TOKEN_BYTES) throw new AccessTokenError('too_large', 'the token would be too large');
  return token;
}

/**
 * Opens a token of one kind: the strict form, `typ`, the key by its `kid` and the algorithm of that key, the signature,
 * then the claims, our issuer, the exact audience, the expiry. Never throws on any token.
 */
export function openToken<Claims extends CommonClaims>(
  kind: TokenKind,
  token: string,
  audience: string,
  { keyOf, issuer, now }: VerifyInput,
): Verdict<Claims> {
  const failed = (reason: TokenFailure): Verdict<Claims> => ({ ok: false, reason });
  let jws: ParsedJws;
  try {
    jws = parseJws(token, { maxBytes: MAX_TOKEN_BYTES });
  } catch (error) {
    if (error instanceof JwsError) return failed(error.code === 'too_large' ? 'too_large' : 'malformed');
    throw error;
  }
  const { kid, typ } = jws.header;
  if (typ !== kind.typ) return failed('token_type');
  const key = kid === undefined ? undefined : keyOf(kid);
  if (!key) return failed('unknown_key');
  try {
    requireSignature(jws, key);
  } catch (error) {
    if (error instanceof JwsError) return failed('signature');
    throw error;
  }
  const read = readClaims(jws.payload, kind.table);
  if (!read || !kind.agrees(read)) return failed('claims');
  const { scope, ...others } = read;
  const claims = { ...others, ...(scope !== undefined && { scopes: scope }) } as unknown as Claims;
  if (claims.iss !== issuer) return failed('other_issuer');
  if (claims.aud !== audience) return failed('other_resource');
  if (now >= claims.exp) return failed('expired');
  return { ok: true, claims };
}

/**
 * `scope` as a claim, where there are scopes. Checked before they are joined: a space in one would make it two.
 *
 * @throws AccessTokenError `claims`
 */
export function writeScope(scopes: readonly string[] | undefined, format: 'String' | 'Array'): Record<string, unknown> {
  if (!scopes) return {};
  if (!isScopes(scopes)) throw new AccessTokenError('claims', 'a scope cannot stand in a token');
  return { scope: format === 'Array' ? [...scopes] : scopes.join(' ') };
}

/** `parents` as a claim, where there are any. */
export function writeParents({ parents = [] }: Pick<CommonClaims, 'parents'>): Record<string, unknown> {
  return parents.length === 0 ? {} : { parents: parents.map(writeProvenance) };
}
