/** The native JSON request, read into the engine's words. */
import type { IncomingMessage } from 'node:http';
import type { ExchangeRequest, TokenType } from '../../exchange/types.ts';
import type { JsonObject } from '../../jws/index.ts';
import { bearerToken, sameCredential } from '../bearer.ts';
import { readObject } from '../body.ts';
import type { RequestContext } from '../context.ts';
import { CHALLENGE, invalidRequest, ServerError } from '../errors.ts';
import { duration, onlyKnown, scopes, text, texts, whole } from '../members.ts';
import { TYPE_URIS, tokenTypeOf } from './token-types.ts';

const MEMBERS = new Set([
  'credentials',
  'resource',
  'audience',
  'scopes',
  'scope',
  'tenant',
  'ttl',
  'budget_credits',
  'caveats',
  'requested_token_type',
]);
const NOTHING: JsonObject = Object.freeze({});
const CAVEATS = 64;
const CAVEAT_LENGTH = 512;
const URI_LENGTH = 2048;
const NAME_LENGTH = 253;

/**
 * Reads `POST /api/mint/exchange`.
 * @throws ServerError `invalid_request`, `request_too_large`, `invalid_proof` where there is no credential at all
 */
export async function readExchange(
  req: IncomingMessage,
  context: RequestContext,
  maxBytes: number,
): Promise<ExchangeRequest> {
  const body = (await readObject(req, maxBytes)) ?? NOTHING;
  onlyKnown(body, MEMBERS);
  return {
    door: 'native',
    correlationId: context.correlationId,
    callerId: context.callerId,
    peer: context.peer,
    proof: credential(body, req.headers.authorization, maxBytes),
    resource: text(body, 'resource', URI_LENGTH),
    audience: text(body, 'audience', URI_LENGTH),
    scopes: scopes(body),
    tenant: text(body, 'tenant', NAME_LENGTH),
    ttl: duration(body, 'ttl'),
    budgetCredits: whole(body, 'budget_credits', 0),
    caveats: texts(body, 'caveats', CAVEATS, CAVEAT_LENGTH),
    requestedTokenType: tokenType(text(body, 'requested_token_type', NAME_LENGTH)),
  };
}

/**
 * The one credential of the request. examples/clients/exchange.py sends it in the header and in the body: both, then,
 * must be the same (RFC 6750 §2). A file read whole ends in a newline, which is no part of it.
 */
function credential(body: JsonObject, header: string | undefined, maxBytes: number): string {
  const inHeader = bearerToken(header);
  const inBody = text(trimmed(body), 'credentials', maxBytes);
  if (inBody === undefined) {
    if (typeof inHeader === 'string') return inHeader;
    // A scheme we do not know is no credential at all (RFC 6750 §3.1): no error code in the challenge.
    throw new ServerError(
      'invalid_proof',
      'send the identity token as credentials in a JSON body, or as Authorization: Bearer',
      CHALLENGE.missing,
    );
  }
  if (inHeader === null) throw invalidRequest('the Authorization header must be Bearer and one token, or absent');
  if (inHeader !== undefined && !sameCredential(inHeader, inBody)) {
    throw invalidRequest('credentials and the Authorization header hold different tokens; send one');
  }
  return inBody;
}

function trimmed(body: JsonObject): JsonObject {
  const value = Object.hasOwn(body, 'credentials') ? body.credentials : undefined;
  if (value === undefined) return NOTHING;
  return { credentials: typeof value === 'string' ? value.trimEnd() : value };
}

/** By its URI or its short name. Whether the resource takes that kind is the engine's to say. */
function tokenType(asked: string | undefined): TokenType | undefined {
  if (asked === undefined) return undefined;
  const type = tokenTypeOf(asked);
  // Nothing is delegated at this door.
  if (type && type !== 'delegation') return type;
  throw invalidRequest(`requested_token_type can only confirm ${TYPE_URIS.macaroon} or ${TYPE_URIS.access_token}`);
}
