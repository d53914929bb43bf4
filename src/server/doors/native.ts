/** `POST /api/mint/exchange`: a proof in JSON or a bearer header, a token in JSON. A hot route: no express before it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Engine, Grant } from '../../exchange/types.ts';
import { asError, recover, sendError, sendJson } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import { invalidRequest, methodNotAllowed, type ServerError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { rfc3339 } from '../time.ts';
import type { Log } from '../types.ts';
import { readExchange, TYPE_URIS } from './native-request.ts';

export const EXCHANGE_PATH = '/api/mint/exchange';

export interface NativeDoorOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Bytes of a body. */
  readonly maxBytes: number;
}

/** Answers one request; `problem` is what the checks in front of every route found. Never rejects. */
export type NativeDoor = (
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext,
  problem: ServerError | undefined,
) => Promise<void>;

/** The native door of `engine`: parses, asks, renders; it has no rule of its own about who may have what. */
export function nativeDoor({ engine, clock, metrics, log, maxBytes }: NativeDoorOptions): NativeDoor {
  return async (req, res, context, problem) => {
    const started = clock.monotonic();
    let code = 'ok';
    try {
      const request = await accept(req, context, problem, maxBytes);
      const outcome = await engine.exchange(request);
      if (outcome.granted) {
        sendJson(res, context, 200, granted(outcome, context.correlationId));
      } else {
        code = outcome.code;
        sendError(res, context, asError(outcome));
      }
    } catch (cause) {
      const error = recover(cause, context, log);
      code = error.code;
      if (error.code !== 'server_error') await record(engine, context, error, log);
      sendError(res, context, error);
    }
    metrics.exchange(code, (clock.monotonic() - started) / 1000);
  };
}

function accept(req: IncomingMessage, context: RequestContext, problem: ServerError | undefined, maxBytes: number) {
  if (problem) throw problem;
  if (req.method !== 'POST') throw methodNotAllowed('POST');
  // A token in a query would stand in every log on the way (RFC 6750 §5.3), and a limit in one would be overlooked.
  if (req.url !== EXCHANGE_PATH) throw invalidRequest('this route takes no query; everything goes in the JSON body');
  return readExchange(req, context, maxBytes);
}

/** What the door refuses by itself leaves an audit line as well, before the answer. */
async function record(engine: Engine, context: RequestContext, error: ServerError, log: Log): Promise<void> {
  const { correlationId, callerId, peer } = context;
  try {
    await engine.doorRefused({
      door: 'native',
      correlationId,
      callerId,
      peer,
      code: error.code,
      reason: error.message,
    });
  } catch (cause) {
    recover(cause, context, log);
  }
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
