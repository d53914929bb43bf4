import { compactVerify } from 'jose';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './algorithms.ts';
import { JwsError } from './errors.ts';
import type { PublicKey } from './jwks.ts';
import type { OpenedJws } from './parse.ts';

/** Keys that are tried for one token: several may share a kid, and a token may state none. */
export const MAX_CANDIDATE_KEYS = 4;

const OPTIONS = new Map(SIGNATURE_ALGORITHMS.map((alg) => [alg, { algorithms: [alg] }]));

/**
 * Verifies the signature.
 *
 * @param jws from `parseJws`
 * @param keys of one issuer; only those whose kid agrees (where both state one) and that go with the token's algorithm
 *   are tried, at most 4
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
  let tried = 0;
  for (const key of keys) {
    if (!key.algorithms.includes(alg) || (kid !== undefined && key.kid !== undefined && key.kid !== kid)) continue;
    if (++tried > MAX_CANDIDATE_KEYS) break;
    try {
      await compactVerify(jws.token, key.key, OPTIONS.get(alg));
      return key;
    } catch {
      // Whatever the reason, this key did not sign it.
    }
  }
  if (tried === 0) throw new JwsError('no_key', 'the issuer has no key that goes with the token');
  throw new JwsError('signature', 'the signature does not verify');
}
