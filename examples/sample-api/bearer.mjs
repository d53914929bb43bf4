/** The token of a request, and what is said to one that has no good one (RFC 6750). */
import { InvalidToken, Unavailable } from './access-token.mjs';

/** Where the metadata of a resource stands (RFC 9728 §3.1): between the host and the path. */
export function metadataPath(resource) {
  const { pathname } = new URL(resource);
  return `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

/**
 * @param {object} options
 * @param {(token: string) => Promise<object>} options.verify
 * @param {string} options.resource this API's identifier: its public URL
 * @param {(message: string) => void} [options.log] told why nobody could be let in
 * @returns {(scope?: string) => import('express').RequestHandler} lets those through whose token has the scope; who they
 *   are is `req.caller`
 */
export function createGuard({ verify, resource, log = () => {} }) {
  const metadata = new URL(metadataPath(resource), resource).href;

  /** Without a credential no error is named (RFC 6750 §3.1). */
  const refuse = (res, status, error, description, more = {}) => {
    const said = error === undefined ? {} : { error, error_description: description, ...more };
    const parameters = Object.entries({ ...said, resource_metadata: metadata });
    res.set('WWW-Authenticate', `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`);
    res.status(status).json(said);
  };

  return (scope) => async (req, res, next) => {
    const { token, malformed } = tokenOf(req);
    if (malformed) return refuse(res, 400, 'invalid_request', malformed);
    if (token === undefined) return refuse(res, 401);
    try {
      req.caller = await verify(token);
    } catch (error) {
      // Why, is for who runs this API: whoever holds the token can do nothing with it but get another.
      if (error instanceof InvalidToken) return refuse(res, 401, 'invalid_token', 'the token is not good for this API');
      if (!(error instanceof Unavailable)) throw error;
      log(`${error.message}: ${error.cause?.message}`);
      return res.status(503).set('Retry-After', '5').json({ error: 'temporarily_unavailable' });
    }
    if (scope !== undefined && !req.caller.scopes.includes(scope))
      return refuse(res, 403, 'insufficient_scope', 'the token lacks the scope', { scope });
    next();
  };
}

function tokenOf(req) {
  const given = req.headersDistinct.authorization ?? [];
  // A URL is logged and remembered where a header is not.
  if (req.query.access_token !== undefined) return { malformed: 'the token belongs in the Authorization header' };
  if (given.length > 1) return { malformed: 'there is more than one Authorization header' };
  const [, scheme, rest] = /^([^ ]*) *(.*)$/.exec(given[0] ?? '');
  if (scheme.toLowerCase() !== 'bearer') return {};
  return /^[A-Za-z0-9._~+/-]+=*$/.test(rest) ? { token: rest } : { malformed: 'one token is expected after Bearer' };
}
