/** `POST /api/mint/exchange`: a proof in JSON or a bearer header, a token in JSON. A hot route: no express before it. */
import type { IncomingMessage } from 'node:http';
import type { Grant } from '../../exchange/types.ts';
import { asError } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest, methodNotAllowed } from '../errors.ts';
import { rfc3339 } from '../time.ts';
import { type HotDoor, type HotDoorOptions, hotDoor } from './hot.ts';
import { readExchange } from './native-request.ts';
import { TYPE_URIS } from './token-types.ts';

export const EXCHANGE_PATH = '/api/mint/exchange';

/** The native door of `options.engine`. */
export function nativeDoor(options: HotDoorOptions): HotDoor {
  return hotDoor(options, {
    door: 'native',
    accept: (req, context) => accept(req, context, options.maxBytes),
    granted,
    refused: asError,
  });
}

function accept(req: IncomingMessage, context: RequestContext, maxBytes: number) {
  if (req.method !== 'POST') throw methodNotAllowed('POST');
  // A token in a query would stand in every log on the way (RFC 6750 §5.3), and a limit in one would be overlooked.
  if (req.url !== EXCHANGE_PATH) throw invalidRequest('this route takes no query; everything goes in the JSON body');
  return readExchange(req, context, maxBytes);
}

function granted(grant: Grant, correlationId: string) {
  return {
    token: grant.token,
    token_type: 'Bearer',
    issued_token_type: TYPE_URIS[grant.tokenType],
    expires_at: rfc3339(grant.expiresAt),
    expires_in: grant.expiresIn,
    grant_id: grant.grantId,
    policy: grant.policy,
    resource: grant.resource,
    scopes: grant.scopes,
    client_id: grant.clientId,
    caveats: grant.caveats,
    label: grant.label,
    correlation_id: correlationId,
  };
}
