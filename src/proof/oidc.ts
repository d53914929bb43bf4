/** Any other OpenID Connect issuer: standards.md §11.3. Its claims are matched by name; it has no fields of its own. */
import { claim } from './claims.ts';
import { attributes, type ReadProvider } from './provider.ts';
import { ProofError } from './types.ts';

/** Keycloak's payload `typ` of tokens that are credentials at Keycloak itself. */
const KEYCLOAK_REFRESH = ['Refresh', 'Offline'];

/** The holder is `sub`, which is unique within the issuer and so within the anchor (P14). */
export const readOidc: ReadProvider = (claims, { subject }) => {
  const typ = claim(claims, 'typ');
  if (typeof typ === 'string' && KEYCLOAK_REFRESH.includes(typ)) {
    throw new ProofError('token_type', 'a refresh token is no proof');
  }
  // Both together come only out of a browser's sign-in: a person's ID token, not a workload's (ID-4).
  if (claim(claims, 'nonce') !== undefined && claim(claims, 'at_hash') !== undefined) {
    throw new ProofError('interactive_token', "a person's sign-in is not a workload's proof");
  }
  return { attributes: attributes({}), holder: { subject } };
};
