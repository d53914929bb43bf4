/** `GET /oauth2/jwks`: our public keys (RFC 7517 §5), for anybody. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../../exchange/types.ts';
import { asError } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { digest, sendTagged } from './feeds.ts';

export const JWKS_PATH = '/oauth2/jwks';

/** Seconds for which it may be cached: far less than the hour for which a key is published before it signs. */
const MAX_AGE = 600;

/**
 * Answers `{keys}`, in which nothing is private.
 * @returns whether the caller has it already (304)
 */
export function sendJwks(engine: Engine, req: IncomingMessage, res: ServerResponse, context: RequestContext): boolean {
  const answer = engine.jwks();
  if ('granted' in answer) throw asError(answer);
  const { keys } = answer;
  return sendTagged(req, res, context, { keys }, `"${digest(keys)}"`, {
    'Cache-Control': `public, max-age=${MAX_AGE}`,
    // A page that verifies tokens may ask too: there is nothing here that is not for everybody.
    'Access-Control-Allow-Origin': '*',
  });
}
