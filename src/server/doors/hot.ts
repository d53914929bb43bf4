/** What the doors of the two hot routes do alike: accept, ask, answer, and leave a record of what they refuse themselves. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { DoorRefusal, Engine, ExchangeRequest, Grant, Refusal } from '../../exchange/types.ts';
import { recover, sendError, sendJson } from '../answer.ts';
import type { RequestContext } from '../context.ts';
import type { ServerError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Log } from '../types.ts';

export interface HotDoorOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Bytes of a body. */
  readonly maxBytes: number;
}

/** Answers one request; `problem` is what the checks in front of every route found. Never rejects. */
export type HotDoor = (
  req: IncomingMessage,
  res: ServerResponse,
  context: RequestContext,
  problem: ServerError | undefined,
) => Promise<void>;

/** A wire format: how a request is read, and an outcome written. It has no rule of its own about who may have what. */
export interface WireFormat {
  /** What a request is recorded as before it is known what it is. */
  readonly door: DoorRefusal['door'];
  /** @throws ServerError */
  accept(req: IncomingMessage, context: RequestContext): Promise<ExchangeRequest>;
  granted(grant: Grant, correlationId: string): object;
  refused(refusal: Refusal, request: ExchangeRequest): ServerError;
}

export function hotDoor({ engine, clock, metrics, log }: HotDoorOptions, format: WireFormat): HotDoor {
  return async (req, res, context, problem) => {
    const started = clock.monotonic();
    let code = 'ok';
    try {
      if (problem) throw problem;
      const request = await format.accept(req, context);
      const outcome = await engine.exchange(request);
      if (outcome.granted) {
        sendJson(res, context, 200, format.granted(outcome, context.correlationId));
      } else {
        const error = format.refused(outcome, request);
        code = error.code;
        sendError(res, context, error);
      }
    } catch (cause) {
      const error = recover(cause, context, log);
      code = error.code;
      if (error.code !== 'server_error') await record(context, error);
      sendError(res, context, error);
    }
    const ended = clock.monotonic();
    metrics.exchange(code, (ended - started) / 1000, context.correlationId, ended);
  };

  /** What the door refuses by itself leaves an audit line as well, before the answer. */
  async function record({ correlationId, callerId, peer, ...context }: RequestContext, error: ServerError) {
    const { code, message: reason } = error;
    try {
      await engine.doorRefused({ door: format.door, correlationId, callerId, peer, code, reason });
    } catch (cause) {
      recover(cause, { correlationId, callerId, peer, ...context }, log);
    }
  }
}
