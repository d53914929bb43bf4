/** The claims that every proof must have, whatever its provider (RFC 7519 §4.1). */
import type { Claims } from '../identity.ts';
import { trustDomainOf } from './spiffe.ts';
import { MAX_SPIFFE_ID, SPIFFE_SCHEME } from './spiffe-id.ts';
import { ProofError } from './types.ts';

export interface CommonClaims {
  readonly subject: string;
  readonly audiences: readonly string[];
  /** NumericDate, whole seconds, as are the next two. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The later of `nbf` and `iat`, less the leeway. */
  readonly usableFrom: number;
}

/** Seconds that an issuer's clock may run ahead of ours. An expired proof gets none. */
export const LEEWAY = 60;
/** Seconds. */
export const MAX_LIFETIME = 24 * 3600;

const MAX_ISSUER = 2048;
const MAX_SUBJECT = 1024;
const MAX_AUDIENCE = 1024;
const MAX_AUDIENCES = 32;

/** Reads an own member: claim names are untrusted, and `constructor` is one. */
export function claim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/**
 * The unverified issuer: one string, to be looked up byte for byte and never fetched from. A SPIFFE ID names its own,
 * whatever `iss` says, and `iss` never names a trust domain.
 * @throws ProofError `claims`, `legacy_token`
 */
export function readIssuer(claims: Claims): string {
  const trustDomain = trustDomainOf(claim(claims, 'sub'));
  if (trustDomain !== undefined) return trustDomain;
  const issuer = claim(claims, 'iss');
  if (typeof issuer === 'string' && issuer.startsWith(SPIFFE_SCHEME)) {
    throw new ProofError('claims', 'iss is a trust domain, and sub is no SPIFFE ID');
  }
  if (typeof issuer !== 'string' || issuer === '' || issuer.length > MAX_ISSUER) {
    throw new ProofError('claims', 'iss is not a string');
  }
  if (issuer === 'kubernetes/serviceaccount') throw legacy();
  return issuer;
}

/**
 * @param now seconds since the epoch; undefined: times are neither required nor compared (to explain, not to verify)
 * @throws ProofError `claims`, `legacy_token`, `no_expiry`, `lifetime`, `expired`, `not_yet_valid`
 */
export function readCommonClaims(claims: Claims, now: number | undefined): CommonClaims {
  for (const name of Object.keys(claims)) {
    if (name.startsWith('kubernetes.io/serviceaccount/')) throw legacy();
  }
  const subject = claim(claims, 'sub');
  const max = trustDomainOf(subject) === undefined ? MAX_SUBJECT : MAX_SPIFFE_ID;
  if (typeof subject !== 'string' || subject === '' || subject.length > max) {
    throw new ProofError('claims', `sub is not a string of 1 to ${max} characters`);
  }
  const times = now === undefined ? { issuedAt: 0, expiresAt: 0, usableFrom: 0 } : readTimes(claims);
  if (now !== undefined) checkTimes(times, now);
  return { subject, audiences: readAudiences(claim(claims, 'aud')), ...times };
}

/**
 * Compares a proof's times with the clock.
 * @param now seconds since the epoch
 * @throws ProofError `expired`, `not_yet_valid`
 */
export function checkTimes(times: Pick<CommonClaims, 'expiresAt' | 'usableFrom'>, now: number): void {
  if (now >= times.expiresAt) throw new ProofError('expired', 'the proof has expired');
  if (now < times.usableFrom) throw new ProofError('not_yet_valid', 'the proof is not valid yet');
}

function readTimes(claims: Claims): Pick<CommonClaims, 'issuedAt' | 'expiresAt' | 'usableFrom'> {
  const exp = readDate(claims, 'exp');
  if (exp === undefined) throw new ProofError('no_expiry', 'the proof has no exp');
  const iat = readDate(claims, 'iat');
  if (iat === undefined) throw new ProofError('claims', 'the proof has no iat');
  const nbf = readDate(claims, 'nbf') ?? iat;
  if (exp <= iat) throw new ProofError('claims', 'exp is not after iat');
  if (exp - iat > MAX_LIFETIME) throw new ProofError('lifetime', 'the proof lives longer than 24 hours');
  return { issuedAt: Math.floor(iat), expiresAt: Math.floor(exp), usableFrom: Math.max(nbf, iat) - LEEWAY };
}

/** A NumericDate may have a fraction (RFC 7519 §2); it is never a string. */
function readDate(claims: Claims, name: string): number | undefined {
  const value = claim(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ProofError('claims', `${name} is not a number`);
  return value;
}

function readAudiences(aud: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (list.length === 0 || list.length > MAX_AUDIENCES || !list.every(isAudience)) {
    throw new ProofError('claims', `aud is not a string or a list of 1 to ${MAX_AUDIENCES} strings`);
  }
  return list;
}

function isAudience(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_AUDIENCE;
}

function legacy(): ProofError {
  return new ProofError('legacy_token', 'a token from a service account Secret is no proof: use a projected token');
}
