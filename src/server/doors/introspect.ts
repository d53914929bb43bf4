/** `POST /oauth2/introspect`: a resource server asks what a token says (RFC 7662). It knows no call. */
import type { IncomingMessage } from 'node:http';
import type { Engine, IntrospectOutcome } from '../../exchange/types.ts';
import { asError } from '../answer.ts';
import { invalidRequest, ServerError } from '../errors.ts';
import { readForm } from '../form.ts';
import type { Gatekeeper } from '../gatekeeper.ts';

export const INTROSPECT_PATH = '/oauth2/introspect';

/** What a token that is not good, or not the caller's to know of, is (RFC 7662 §2.2). */
const INACTIVE = { active: false } as const;

/**
 * Reads the form, asks, and asks again whether the caller verifies for the token's own resource.
 * @throws ServerError `invalid_request`, `request_too_large`, `temporarily_unavailable`
 */
export async function introspect(
  engine: Engine,
  verifiers: Gatekeeper,
  req: IncomingMessage,
  maxBytes: number,
): Promise<IntrospectOutcome> {
  const token = (await readForm(req, maxBytes)).token('token');
  if (token === undefined) throw invalidRequest('token is required');
  const outcome = engine.introspect(token);
  if ('granted' in outcome) throw asError(outcome);
  if (!outcome.active) return INACTIVE;
  try {
    await verifiers(req, outcome.resource);
    return outcome;
  } catch (error) {
    if (error instanceof ServerError && error.code === 'unauthorized') return INACTIVE;
    throw error;
  }
}

/** @param issuer ours */
export function renderIntrospection(outcome: IntrospectOutcome, issuer: string, correlationId: string): object {
  if (!outcome.active) return INACTIVE;
  const isJwt = outcome.tokenType === 'access_token';
  return {
    active: true,
    ...(isJwt
      ? { scope: outcome.scopes?.join(' '), client_id: outcome.clientId, act: outcome.act }
      : {
          caveats: outcome.caveats,
          unchecked: outcome.unchecked,
          attributes: outcome.attributes,
          notes: outcome.notes,
        }),
    token_type: 'Bearer',
    exp: outcome.expiresAt,
    iat: outcome.issuedAt,
    sub: outcome.subject,
    aud: outcome.audience,
    iss: issuer,
    jti: outcome.jti,
    tenant: outcome.tenant,
    grant: outcome.grantId,
    policy: outcome.policy,
    agent: outcome.agent ?? undefined,
    stale_seconds: outcome.staleSeconds,
    correlation_id: correlationId,
  };
}
