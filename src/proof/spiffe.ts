/** JWT-SVIDs (JWT-SVID.md): standards.md §3. */
import type { JwsHeader } from '../jws/index.ts';
import type { ReadProvider } from './provider.ts';
import { parseSpiffeId, readPath, SPIFFE_SCHEME } from './spiffe-id.ts';
import { ProofError } from './types.ts';

/**
 * The issuer of the anchors that may judge a proof of this `sub`: its trust domain, whatever the proof's `iss` says;
 * undefined for a `sub` that is no SPIFFE ID, which other providers judge.
 * @throws ProofError `claims` for one that is malformed
 */
export function trustDomainOf(subject: unknown): string | undefined {
  if (typeof subject !== 'string' || !subject.startsWith(SPIFFE_SCHEME)) return undefined;
  const id = parseSpiffeId(subject);
  if (typeof id === 'string') throw new ProofError('claims', `sub: ${id}`);
  return SPIFFE_SCHEME + id.trustDomain;
}

/**
 * What the header of an SVID must say beyond that of any proof: `typ` exactly JWT or JOSE, or none (§2.3); and a `kid`,
 * by which alone the key is found in the bundle.
 * @throws ProofError `token_type`, `header`
 */
export function checkSvidHeader({ typ, kid }: JwsHeader): void {
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') {
    throw new ProofError('token_type', 'the typ of a JWT-SVID is JWT or JOSE, or there is none');
  }
  if (kid === undefined || kid === '') throw new ProofError('header', 'the JWT-SVID names no key');
}

/**
 * The identity is `sub`, and nothing else in the token is. The holder is the ID, which SPIRE gives to every instance of
 * a workload: none of them has a name of its own.
 */
export const readSpiffe: ReadProvider = (_claims, { subject }, anchor) => {
  const id = parseSpiffeId(subject);
  if (typeof id === 'string') throw new ProofError('claims', `sub: ${id}`);
  if (anchor.issuer !== SPIFFE_SCHEME + id.trustDomain) {
    throw new ProofError('unknown_issuer', 'sub is of another trust domain');
  }
  const fields = readPath(anchor.pathTemplate ?? [], id.segments);
  return {
    attributes: new Map([...fields, ['id', subject], ['trustDomain', id.trustDomain]]),
    holder: { subject },
  };
};
