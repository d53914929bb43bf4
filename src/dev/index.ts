/** The demo's identity issuer. Never for production. */
export { DevIssuerError, type DevIssuerErrorCode } from './errors.ts';
export { createDevIssuer, type DevIssuer, type DevIssuerOptions } from './issuer.ts';
export type {
  GitHubRequest,
  OidcRequest,
  ServiceAccountRequest,
  SpiffeRequest,
  TokenRequest,
} from './token-request.ts';
