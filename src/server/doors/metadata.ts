/** Who we are and what we do, for clients that ask (RFC 8414 §3, OpenID Connect Discovery §4). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../../exchange/types.ts';
import { SIGNATURE_ALGORITHMS } from '../../jws/index.ts';
import type { RequestContext } from '../context.ts';
import { digest, sendTagged } from './feeds.ts';
import { INTROSPECT_PATH } from './introspect.ts';
import { JWKS_PATH } from './jwks.ts';
import { REVOKE_PATH } from './oauth-revoke.ts';
import { TOKEN_PATH } from './token.ts';
import { GRANT_TYPES } from './token-request.ts';

export const AUTHORIZE_PATH = '/oauth2/authorize';
const OPENID = '/.well-known/openid-configuration';
const DOCUMENTS = ['/.well-known/oauth-authorization-server', OPENID];
const MAX_AGE = 600;

/** The path of an issuer, without a slash at its end: what well-known paths are made with (RFC 8414 §3.1). */
export function pathOf(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '');
}

/**
 * Where the document is found: the well-known path before that of the issuer. Behind it, too: what comes to the issuer's
 * own path is served as if that were not there.
 */
export function metadataPaths(issuer: string): readonly string[] {
  return [...new Set(DOCUMENTS.flatMap((path) => [path, path + pathOf(issuer)]))];
}

/** Answers the document: where a client of OpenID Connect looks, with what it reads no document without. */
export function sendMetadata(engine: Engine, req: IncomingMessage, res: ServerResponse, context: RequestContext): void {
  const { issuer, scopes } = engine.discovery();
  const isOpenId = req.url?.startsWith(OPENID) ?? false;
  const body = { ...metadata(issuer, scopes), ...(isOpenId && OPENID_METADATA) };
  sendTagged(req, res, context, body, `"${digest(body)}"`, {
    'Cache-Control': `public, max-age=${MAX_AGE}`,
    'Access-Control-Allow-Origin': '*',
  });
}

/** Required by OpenID Connect Discovery §3: everybody sees one `sub`, and there are no ID tokens to sign. */
const OPENID_METADATA = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: [] };

function metadata(issuer: string, scopes: readonly string[]) {
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    token_endpoint: base + TOKEN_PATH,
    // No grant of ours uses it; but clients in wide use read no document without it, nor without response types.
    authorization_endpoint: base + AUTHORIZE_PATH,
    response_types_supported: [],
    jwks_uri: base + JWKS_PATH,
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'spiffe_jwt', 'none'],
    token_endpoint_auth_signing_alg_values_supported: SIGNATURE_ALGORITHMS,
    introspection_endpoint: base + INTROSPECT_PATH,
    introspection_endpoint_auth_methods_supported: ['Bearer'],
    revocation_endpoint: base + REVOKE_PATH,
    revocation_endpoint_auth_methods_supported: ['none'],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
  };
}
