/** `POST /api/mint/verify`: a gateway asks whether a token allows one call. */
import type { IncomingMessage } from 'node:http';
import type { Call, VerifyOutcome, VerifyRequest } from '../../exchange/types.ts';
import type { JsonObject } from '../../jws/index.ts';
import { readObject } from '../body.ts';
import { invalidRequest } from '../errors.ts';
import { object, onlyKnown, text, whole } from '../members.ts';
import { rfc3339 } from '../time.ts';

const MEMBERS = new Set(['token', 'resource', 'call']);
const CALL_MEMBERS = new Set(['scope', 'tool', 'method', 'path', 'cost']);
const NO_CALL: JsonObject = Object.freeze({});
const RESOURCE_LENGTH = 2048;
const WORD_LENGTH = 256;
const PATH_LENGTH = 4096;

/**
 * Reads `{token, resource, call: {scope, tool, method, path, cost}}`. What the call does not say, it does not carry.
 * @throws ServerError `invalid_request`, `request_too_large`
 */
export async function readVerify(req: IncomingMessage, maxBytes: number): Promise<VerifyRequest> {
  const body = await readObject(req, maxBytes);
  if (!body) throw invalidRequest('send a JSON body with token, resource and call');
  onlyKnown(body, MEMBERS);
  const token = text(body, 'token', maxBytes);
  const resource = text(body, 'resource', RESOURCE_LENGTH);
  if (token === undefined || resource === undefined) throw invalidRequest('token and resource are required');
  return { token, resource, call: readCall(object(body, 'call') ?? NO_CALL) };
}

function readCall(call: JsonObject): Call {
  onlyKnown(call, CALL_MEMBERS);
  return {
    scope: text(call, 'scope', WORD_LENGTH),
    tool: text(call, 'tool', WORD_LENGTH),
    method: text(call, 'method', WORD_LENGTH),
    path: text(call, 'path', PATH_LENGTH),
    cost: whole(call, 'cost', 0),
  };
}

/** The outcome as a gateway reads it. */
export function renderVerify(outcome: VerifyOutcome, correlationId: string) {
  if (!outcome.active) {
    return {
      active: false,
      reason: outcome.reason,
      caveat: outcome.caveat,
      stale_seconds: outcome.staleSeconds,
      correlation_id: correlationId,
    };
  }
  return {
    active: true,
    jti: outcome.jti,
    grant_id: outcome.grantId,
    policy: outcome.policy,
    agent: outcome.agent,
    tenant: outcome.tenant,
    subject: outcome.subject,
    issued_at: rfc3339(outcome.issuedAt),
    expires_at: rfc3339(outcome.expiresAt),
    attributes: outcome.attributes,
    notes: outcome.notes,
    caveats: outcome.caveats,
    scopes: outcome.scopes,
    client_id: outcome.clientId,
    act: outcome.act,
    accounts: outcome.accounts,
    stale_seconds: outcome.staleSeconds,
    correlation_id: correlationId,
  };
}
