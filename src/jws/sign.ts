import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';
import { makeSignature } from './signature.ts';

export interface SigningHeader {
  readonly alg: SignatureAlgorithm;
  readonly kid?: string;
  readonly typ?: string;
}

/**
 * Signs a payload as a compact JWS (RFC 7515 §5.1), in the calling thread.
 *
 * @param payload written as JSON, its members in their own order
 * @param privateKey whose type and curve go with `alg`
 * @throws TypeError if they do not
 */
export function signJws(
  { alg, kid, typ }: SigningHeader,
  payload: Readonly<Record<string, unknown>>,
  privateKey: KeyObject,
): string {
  const header = { alg, ...(typ !== undefined && { typ }), ...(kid !== undefined && { kid }) };
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${makeSignature(alg, Buffer.from(input, 'latin1'), privateKey).toString('base64url')}`;
}

function encode(part: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(part), 'utf8').toString('base64url');
}
