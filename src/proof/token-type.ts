import { ProofError } from './types.ts';

/**
 * Kinds of JWT are kept apart by `typ` (RFC 8725 §3.11): a workload's proof is a plain JWT. GitHub, GitLab, Entra,
 * Google and Keycloak write `JWT`, Kubernetes nothing, SPIFFE either or `JOSE`. Whatever names a kind of its own is not
 * a proof: `at+jwt` (access tokens, ours among them), `trustmint-delegation+jwt`, `wit+jwt`, `dpop+jwt`,
 * `statuslist+jwt`, `txntoken+jwt`, `oauth-id-jag+jwt`, `client-authentication+jwt`, `logout+jwt`, and those to come.
 */
const PLAIN = new Set(['jwt', 'jose', 'application/jwt', 'application/jose']);

/**
 * @param typ of the header; media types have no case (RFC 7515 §4.1.9)
 * @throws ProofError `token_type`
 */
export function checkTokenType(typ: string | undefined): void {
  if (typ !== undefined && !PLAIN.has(typ.toLowerCase())) {
    throw new ProofError('token_type', 'the token is of another kind than an identity proof: its typ is not JWT');
  }
}
