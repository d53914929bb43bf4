import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { JwsError, type JwsErrorCode, type SignatureAlgorithm } from '../../src/jws/index.ts';

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url');
}

/** A compact JWS of any header and payload text; its signature is 64 bytes that verify nowhere. */
export function unsigned(header: string | object, payload: string | object = {}): string {
  const text = (part: string | object) => (typeof part === 'string' ? part : JSON.stringify(part));
  return `${encode(text(header))}.${encode(text(payload))}.${encode(new Uint8Array(64).fill(7))}`;
}

export interface TestKey {
  readonly alg: SignatureAlgorithm;
  readonly kid: string;
  readonly publicJwk: Record<string, unknown>;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const CURVES: Partial<Record<SignatureAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function testKey(alg: SignatureAlgorithm, kid: string = alg, rsaBits = 2048): TestKey {
  const curve = CURVES[alg];
  const { publicKey, privateKey } = curve
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : alg.startsWith('Ed')
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: rsaBits });
  return { alg, kid, publicKey, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

/** Matches a JwsError of this code. */
export function refused(code: JwsErrorCode) {
  return (error: unknown) => error instanceof JwsError && error.code === code;
}

/** The code of the JwsError that `task` ends with, or `accepted`. */
export async function outcomeOf(task: () => unknown): Promise<JwsErrorCode | 'accepted'> {
  try {
    await task();
    return 'accepted';
  } catch (error) {
    if (error instanceof JwsError) return error.code;
    throw error;
  }
}
