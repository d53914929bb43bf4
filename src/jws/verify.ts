import type { KeyObject } from 'node:crypto';
import type { SignatureAlgorithm } from './algorithms.ts';
import { JwsError } from './errors.ts';
import type { PublicKey } from './jwks.ts';
import type { OpenedJws } from './parse.ts';
import { isSignature } from './signature.ts';

/** Keys that are tried for one token: several may share a kid, and a token may state none. */
export const MAX_CANDIDATE_KEYS = 8;

/**
 * Verifies the signature.
 *
 * @param jws from `parseJws`
 * @param keys of one issuer; only those whose kid agrees (where both state one) and that go with the token's algorithm
 *   are tried, at most 8
 * @param allowed from configuration, never from the token (RFC 8725 §3.1)
 * @returns the key that it was signed with
 * @throws JwsError `algorithm_not_allowed`, `no_key`, `signature`
 */
export async function verifyJws(
  jws: OpenedJws,
  keys: readonly PublicKey[],
  allowed: readonly SignatureAlgorithm[],
): Promise<PublicKey> {
  const { alg, kid } = jws.header;
  if (!allowed.includes(alg))
    throw new JwsError('algorithm_not_allowed', 'the algorithm is not allowed for the issuer');
  const { input, signature } = signedParts(jws);
  let tried = 0;
  for (const key of keys) {
    if (!key.algorithms.includes(alg) || (kid !== undefined && key.kid !== undefined && key.kid !== kid)) continue;
    if (++tried > MAX_CANDIDATE_KEYS) break;
    if (isSignature(alg, input, key.key, signature)) return key;
  }
  if (tried === 0) throw new JwsError('no_key', 'the issuer has no key that goes with the token');
  throw new JwsError('signature', 'the signature does not verify');
}

/**
 * Verifies the signature by one key, which its kid has chosen, as the one algorithm that the key is used with
 * (RFC 8725 §3.1).
 *
 * @param jws from `parseJws`
 * @throws JwsError `algorithm_not_allowed` where the token states another algorithm, `signature`
 */
export function requireSignature(
  jws: OpenedJws,
  key: { readonly alg: SignatureAlgorithm; readonly publicKey: KeyObject },
): void {
  if (jws.header.alg !== key.alg) throw new JwsError('algorithm_not_allowed', "the algorithm is not the key's");
  const { input, signature } = signedParts(jws);
  if (!isSignature(key.alg, input, key.publicKey, signature)) {
    throw new JwsError('signature', 'the signature does not verify');
  }
}

/** What is signed is the text, not what it says (RFC 7515 §5.2). */
function signedParts({ token }: OpenedJws): { readonly input: Buffer; readonly signature: Buffer } {
  const dot = token.lastIndexOf('.');
  return {
    input: Buffer.from(token.slice(0, dot), 'latin1'),
    signature: Buffer.from(token.slice(dot + 1), 'base64url'),
  };
}
