/** `POST /oauth2/token`: OAuth's grants, each a way to present a proof (RFC 6749 §3.2). A hot route: no express before it. */
import type { IncomingMessage } from 'node:http';
import type { Door, Grant } from '../../exchange/types.ts';
import { asOAuthError } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest, methodNotAllowed } from '../errors.ts';
import { readForm } from '../form.ts';
import { type HotDoor, type HotDoorOptions, hotDoor } from './hot.ts';
import { readTokenRequest } from './token-request.ts';
import { TYPE_URIS } from './token-types.ts';

export const TOKEN_PATH = '/oauth2/token';
/** What identity servers of another family call it. */
export const TOKEN_ALIAS = '/connect/token';

/** The token endpoint of `options.engine`. */
export function tokenDoor(options: HotDoorOptions): HotDoor {
  return hotDoor(options, {
    door: 'token',
    accept: (req, context) => accept(req, context, options.maxBytes),
    granted,
    refused: (refusal, { door }) => asOAuthError(refusal, door as Exclude<Door, 'native'>),
  });
}

async function accept(req: IncomingMessage, context: RequestContext, maxBytes: number) {
  if (req.method !== 'POST') throw methodNotAllowed('POST');
  if (req.url?.includes('?')) throw invalidRequest('this route takes no query; everything goes in the form');
  return readTokenRequest(await readForm(req, maxBytes), req.headers.authorization, context);
}

/** RFC 6749 §5.1, RFC 8693 §2.2.1. What is no access token is not said to be one. */
function granted(grant: Grant, correlationId: string) {
  return {
    access_token: grant.token,
    issued_token_type: TYPE_URIS[grant.tokenType],
    token_type: grant.tokenType === 'delegation' ? 'N_A' : 'Bearer',
    expires_in: grant.expiresIn,
    scope: grant.scopes?.join(' '),
    correlation_id: correlationId,
  };
}
