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
  const dot = jws.token.lastIndexOf('.');
  // What is signed is the text, not what it says (RFC 7515 §5.2).
  const input = Buffer.from(jws.token.slice(0, dot), 'latin1');
  const signature = Buffer.from(jws.token.slice(dot + 1), 'base64url');
  let tried = 0;
  for (const key of keys) {
    if (!key.algorithms.includes(alg) || (kid !== undefined && key.kid !== undefined && key.kid !== kid)) continue;
    if (++tried > MAX_CANDIDATE_KEYS) break;
    if (isSignature(alg, input, key.key, signature)) return key;
  }
  if (tried === 0) throw new JwsError('no_key', 'the issuer has no key that goes with the token');
  throw new JwsError('signature', 'the signature does not verify');
}
