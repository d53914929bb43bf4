import type { Anchor, Claims, VerifiedIdentity } from '../identity.ts';
import { JwsError, type JwsErrorCode, type ParsedJws, type PublicKey, parseJws, verifyJws } from '../jws/index.ts';
import { type CommonClaims, claim } from './claims.ts';
import { readIdentity } from './identity-from-claims.ts';
import { checkSvidHeader } from './spiffe.ts';
import { type IssuerKeys, ProofError, type ProofErrorCode } from './types.ts';

/** @throws ProofError `too_large`, `header`, `algorithm`, `malformed` */
export function parseProof(proof: string): ParsedJws {
  try {
    return parseJws(proof);
  } catch (error) {
    throw asProofError(error);
  }
}

/**
 * Verifies a proof with the keys of one anchor alone (RFC 8725 §3.8), then reads it as the anchor's provider does.
 * @throws ProofError
 */
export async function verifyAgainst(
  anchor: Anchor,
  jws: ParsedJws,
  common: CommonClaims,
  keys: IssuerKeys,
): Promise<VerifiedIdentity> {
  const { alg, kid } = jws.header;
  // Before any key is asked for: a refusal here costs the issuer nothing.
  if (anchor.provider === 'spiffe') checkSvidHeader(jws.header);
  if (!anchor.algorithms.includes(alg)) {
    throw new ProofError('algorithm', 'the algorithm is not one that the policy allows');
  }
  const candidates = await keys.keysFor(anchor, kid, alg);
  let key: PublicKey;
  try {
    key = await verifyJws(jws, candidates, anchor.algorithms);
  } catch (error) {
    throw asProofError(error);
  }
  if (!speaksFor(key, anchor.issuer, jws.payload)) {
    throw new ProofError('signature', 'the key that signed the proof is not one of this issuer');
  }
  return readIdentity(anchor, jws.payload, common);
}

/** A key of Entra's shared sets states whose it is; `{tenantid}` stands for the token's own `tid`. */
function speaksFor(key: PublicKey, issuer: string, claims: Claims): boolean {
  if (key.issuer === undefined || key.issuer === issuer) return true;
  const tenant = claim(claims, 'tid');
  return typeof tenant === 'string' && key.issuer.replace('{tenantid}', () => tenant) === issuer;
}

const CODES: Partial<Record<JwsErrorCode, ProofErrorCode>> = {
  too_large: 'too_large',
  algorithm_missing: 'algorithm',
  algorithm_none: 'algorithm',
  algorithm_symmetric: 'algorithm',
  algorithm_not_allowed: 'algorithm',
  kid: 'header',
  typ: 'header',
  no_key: 'unknown_kid',
  signature: 'signature',
};

function asProofError(error: unknown): ProofError {
  if (!(error instanceof JwsError)) throw error;
  const code = CODES[error.code] ?? (error.code.startsWith('header_') ? 'header' : 'malformed');
  return new ProofError(code, error.message);
}
