/** The public listener's routes beside the hot one: what verifiers ask. */
import type { Express } from 'express';
import type { Engine } from '../exchange/types.ts';
import { asError, sendJson } from './answer.ts';
import { AGENTS_PATH, registerAgent, retireAgent } from './doors/agents.ts';
import { resourceOf, sendKeys, sendRevocations } from './doors/feeds.ts';
import { INTROSPECT_PATH, introspect, renderIntrospection } from './doors/introspect.ts';
import { JWKS_PATH, sendJwks } from './doors/jwks.ts';
import { AUTHORIZE_PATH, metadataPaths, sendMetadata } from './doors/metadata.ts';
import { REVOKE_PATH, revoke } from './doors/oauth-revoke.ts';
import { readVerify, renderVerify } from './doors/verify.ts';
import { ServerError, statusOf } from './errors.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Metrics, TokenResult } from './metrics.ts';
import { createApp, finish, route } from './routes.ts';
import type { AgentRegistry, Limits, Log } from './types.ts';

export interface PublicAppOptions {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly limits: Limits;
  readonly verifiers: Gatekeeper;
  /** Absent: there is no such route. `guard` is who may ask, where the registry does not decide that. */
  readonly agents?: { readonly registry: AgentRegistry; readonly guard?: Gatekeeper };
}

export function publicApp({ engine, metrics, log, limits, verifiers, agents }: PublicAppOptions): Express {
  const app = createApp();
  route(app, 'POST', '/api/mint/verify', counted(verifiers, metrics.verify), async (req, res, context) => {
    let result: TokenResult = 'failed';
    try {
      const request = await readVerify(req, limits.bodyBytes);
      await verifiers(req, request.resource);
      const outcome = engine.verify(request);
      if ('granted' in outcome) throw asError(outcome);
      result = outcome.active ? 'active' : 'inactive';
      sendJson(res, context, 200, renderVerify(outcome, context.correlationId));
    } catch (cause) {
      result = refusedOrFailed(cause);
      throw cause;
    } finally {
      metrics.verify(result);
    }
  });
  route(app, 'GET', '/api/mint/keys', verifiers, async (req, res, context) => {
    const resource = resourceOf(req);
    await verifiers(req, resource);
    sendKeys(engine, resource, req, res, context);
  });
  route(app, 'GET', '/api/mint/revocations', verifiers, async (req, res, context) => {
    const resource = resourceOf(req);
    await verifiers(req, resource);
    sendRevocations(engine, resource, req, res, context);
  });
  route(app, 'GET', JWKS_PATH, undefined, (req, res, context) => {
    let result: 'sent' | 'unchanged' | 'refused' = 'refused';
    try {
      result = sendJwks(engine, req, res, context) ? 'unchanged' : 'sent';
    } finally {
      metrics.jwks(result);
    }
  });
  oauthRoutes(app, { engine, metrics, log, limits, verifiers });
  if (agents) {
    const { registry, guard } = agents;
    route(app, 'POST', AGENTS_PATH, guard, async (req, res, context) => {
      const { status, body } = await registerAgent(registry, req, context, limits.bodyBytes);
      sendJson(res, context, status, body);
    });
    route(app, 'DELETE', `${AGENTS_PATH}/:name`, guard, async (req, res, context) => {
      const { status, body } = await retireAgent(registry, String(req.params.name), req, context);
      sendJson(res, context, status, body);
    });
  }
  finish(app, log);
  return app;
}

/** Who may not ask, or cannot be found out, is counted too. */
function counted(guard: Gatekeeper, count: (result: TokenResult) => void): Gatekeeper {
  return async (req, resource) => {
    try {
      await guard(req, resource);
    } catch (cause) {
      count(refusedOrFailed(cause));
      throw cause;
    }
  };
}

/** The caller's fault, or ours. */
function refusedOrFailed(cause: unknown): 'refused' | 'failed' {
  return cause instanceof ServerError && statusOf(cause.code) < 500 ? 'refused' : 'failed';
}

/** What OAuth has beside the token endpoint. */
function oauthRoutes(app: Express, { engine, metrics, limits, verifiers }: PublicAppOptions): void {
  route(app, 'POST', INTROSPECT_PATH, counted(verifiers, metrics.introspect), async (req, res, context) => {
    let result: TokenResult = 'failed';
    try {
      const outcome = await introspect(engine, verifiers, req, limits.bodyBytes);
      result = outcome.active ? 'active' : 'inactive';
      sendJson(res, context, 200, renderIntrospection(outcome, engine.discovery().issuer, context.correlationId));
    } catch (cause) {
      result = refusedOrFailed(cause);
      throw cause;
    } finally {
      metrics.introspect(result);
    }
  });
  route(app, 'POST', REVOKE_PATH, undefined, async (req, res, context) => {
    let result: 'made' | 'nothing' | 'refused' = 'refused';
    try {
      result = (await revoke(engine, req, context, limits.bodyBytes)) ? 'made' : 'nothing';
      sendJson(res, context, 200, { correlation_id: context.correlationId });
    } finally {
      metrics.revoke(result);
    }
  });
  app.all(AUTHORIZE_PATH, () => {
    throw new ServerError('unsupported_response_type', 'there is no grant here that a browser takes part in');
  });
  for (const path of metadataPaths(engine.discovery().issuer)) {
    route(app, 'GET', literal(path), undefined, (req, res, context) => sendMetadata(engine, req, res, context));
  }
}

/** As express takes it for nothing but itself: an issuer's path may hold what express has a meaning for. */
function literal(path: string): string {
  return path.replace(/[\\{}()[\]+?!:*]/g, '\\$&');
}
