/** The key itself in a JWK (RFC 7518 §6): its numbers are checked before OpenSSL sees them, and its point by it. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { algorithmsOf, type SignatureAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import { isRocaModulus } from './roca.ts';

export interface KeyMaterial {
  readonly key: KeyObject;
  /** All that the type and curve allow. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /** The members of the thumbprint, in its order (RFC 7638 §3.2). */
  readonly required: Readonly<Record<string, string>>;
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** Bytes of one coordinate (RFC 7518 §6.2.1.2). */
const COORDINATE_BYTES = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
]);

/**
 * @param member reads an own member of the JWK
 * @returns the key, or why it cannot be used
 */
export function readMaterial(member: (name: string) => unknown): KeyMaterial | string {
  switch (member('kty')) {
    case 'RSA':
      return readRsa(bytesOf(member('n')), bytesOf(member('e')));
    case 'EC':
      return readEc(member('crv'), bytesOf(member('x')), bytesOf(member('y')));
    case 'OKP':
      return readOkp(member('crv'), bytesOf(member('x')));
    default:
      return 'a key type that is not supported';
  }
}

function readRsa(n: Buffer | undefined, e: Buffer | undefined): KeyMaterial | string {
  if (!n || !e) return 'n or e is missing or malformed';
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (n[0] === 0 || (n.at(-1)! & 1) === 0) return 'n is malformed';
  if (bits < MIN_RSA_BITS) return `an RSA key of less than ${MIN_RSA_BITS} bits`;
  if (bits > MAX_RSA_BITS) return `an RSA key of more than ${MAX_RSA_BITS} bits`;
  if (isRocaModulus(n)) return 'an RSA key of a broken generator (CVE-2017-15361)';
  // A larger exponent only makes verification slow; 1 and even ones verify anything or nothing.
  const exponent = e.length <= 4 ? e.readUIntBE(0, e.length) : 0;
  if (exponent < 3 || exponent % 2 === 0) return 'an RSA exponent that is not accepted';
  return material({ e: e.toString('base64url'), kty: 'RSA', n: n.toString('base64url') });
}

function readEc(crv: unknown, x: Buffer | undefined, y: Buffer | undefined): KeyMaterial | string {
  const size = typeof crv === 'string' ? COORDINATE_BYTES.get(crv) : undefined;
  if (size === undefined) return 'a curve that is not supported';
  if (x?.length !== size || y?.length !== size) return 'x or y is missing or malformed';
  return material({ crv: crv as string, kty: 'EC', x: x.toString('base64url'), y: y.toString('base64url') });
}

function readOkp(crv: unknown, x: Buffer | undefined): KeyMaterial | string {
  if (crv !== 'Ed25519') return 'a curve that is not supported';
  if (x?.length !== 32) return 'x is missing or malformed';
  return material({ crv, kty: 'OKP', x: x.toString('base64url') });
}

function material(required: Record<string, string> & { kty: string; crv?: string }): KeyMaterial | string {
  try {
    const key = createPublicKey({ key: required as JsonWebKey, format: 'jwk' });
    return { key, algorithms: algorithmsOf(required.kty, required.crv), required };
  } catch {
    return 'not a valid key: its point is not on the curve';
  }
}

function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || value.length === 0) return undefined;
  try {
    return decodeBase64url(value);
  } catch {
    return undefined;
  }
}
