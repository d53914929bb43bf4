/** What the express apps of both listeners share: settings, refusals, and how a handler gets its context. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { recover, sendError } from './answer.ts';
import type { RequestContext } from './context.ts';
import { methodNotAllowed, ServerError } from './errors.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Log } from './types.ts';

/** Where the context lies on a response that goes through express. */
export interface Carried {
  locals: { context: RequestContext };
}

export type RouteHandler = (req: Request, res: Response, context: RequestContext) => void | Promise<void>;

/** Hands the request to an express app with its context. */
export function enter(app: Express, req: IncomingMessage, res: ServerResponse, context: RequestContext): void {
  Object.assign(res, { locals: { context } } satisfies Carried);
  app(req, res);
}

/** An express app without anything of express's own to say: no banner, no ETags, no query parsing, exact paths. */
export function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  return app;
}

/**
 * One path with one method; another method is 405. `guard`, where given, is asked before anything is read. GET routes
 * answer HEAD as well.
 */
export function route(
  app: Express,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  guard: Gatekeeper | undefined,
  handler: RouteHandler,
): void {
  app.all(path, async (req, res) => {
    await guard?.(req);
    if (req.method !== method && !(method === 'GET' && req.method === 'HEAD')) {
      throw methodNotAllowed(method === 'GET' ? 'GET, HEAD' : method);
    }
    await handler(req, res, contextIn(res));
  });
}

/** Ends an app: what no route took is 404, and what a handler threw is rendered like any other refusal. */
export function finish(app: Express, log: Log): void {
  app.use(() => {
    throw new ServerError('not_found', 'there is no such route here');
  });
  app.use((cause: unknown, _req: Request, res: Response, _next: NextFunction) => {
    const context = contextIn(res);
    sendError(res, context, recover(cause, context, log));
  });
}

function contextIn(res: Response): RequestContext {
  return (res as Carried & Response).locals.context;
}
