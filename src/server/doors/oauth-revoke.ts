/** `POST /oauth2/revoke`: whoever holds a token gives it up (RFC 7009). */
import type { IncomingMessage } from 'node:http';
import type { Engine } from '../../exchange/types.ts';
import { asError } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest } from '../errors.ts';
import { readForm } from '../form.ts';

export const REVOKE_PATH = '/oauth2/revoke';

/**
 * Wants nothing but the token: holding it is the right to give it up. A hint is not needed, and not read (§2.1).
 * @returns whether it was alive, for the metrics alone: the answer is the same (§2.2)
 * @throws ServerError `invalid_request`, `request_too_large`, `rate_limited`, `temporarily_unavailable`
 */
export async function revoke(
  engine: Engine,
  req: IncomingMessage,
  { correlationId }: RequestContext,
  maxBytes: number,
): Promise<boolean> {
  const token = (await readForm(req, maxBytes)).token('token');
  if (token === undefined) throw invalidRequest('token is required');
  const outcome = await engine.revoke({ token, correlationId });
  if ('granted' in outcome) throw asError(outcome);
  return outcome.made;
}
