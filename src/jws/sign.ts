import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import type { SignatureAlgorithm } from './algorithms.ts';

export interface SigningHeader {
  readonly alg: SignatureAlgorithm;
  readonly kid?: string;
  readonly typ?: string;
}

/**
 * Signs a payload as a compact JWS.
 *
 * @param payload written as JSON
 * @param privateKey whose type and curve go with `alg`
 * @throws TypeError if they do not
 */
export function signJws(
  header: SigningHeader,
  payload: Readonly<Record<string, unknown>>,
  privateKey: KeyObject,
): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  return new CompactSign(bytes).setProtectedHeader({ ...header }).sign(privateKey);
}
