/** The ops listener: probes and metrics for anybody who reaches it, policies and explain for the platform team. */
import type { Express } from 'express';
import type { Engine, HealthCheck } from '../exchange/types.ts';
import { asError, send, sendJson } from './answer.ts';
import { mapsAsObjects, readExplain, renderExplain } from './doors/explain.ts';
import { ServerError } from './errors.ts';
import type { EventLoopLag } from './event-loop.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { CONTENT_TYPES, formatFor } from './metrics/exposition.ts';
import type { Metrics } from './metrics.ts';
import { createApp, finish, route } from './routes.ts';
import type { Limits, Log } from './types.ts';

export interface OpsAppOptions {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly limits: Limits;
  /** Who may ask for the policies, and for an explanation. */
  readonly admins: { readonly policies: Gatekeeper; readonly explain: Gatekeeper };
  readonly lag: EventLoopLag;
  /** Requests under way on both listeners. */
  readonly inFlight: () => number;
  /** Whether the server is shutting down: then it is not ready, whatever the engine says. */
  readonly draining: () => boolean;
}

/** Refusals of a proof or by a policy are what explain is asked for, so they are its answer and not an error. */
const EXPLAINED = new Set(['invalid_proof', 'no_matching_policy', 'exceeds_policy']);

export function opsApp({ engine, metrics, log, limits, admins, lag, inFlight, draining }: OpsAppOptions): Express {
  const app = createApp();
  const checks = (): readonly HealthCheck[] => [{ name: 'accepting', ok: !draining() }, ...engine.readiness()];

  // Of this process alone: restarting it would mend neither a bad policy nor an issuer that is down.
  route(app, 'GET', '/healthz', undefined, (_req, res, context) => {
    const late = lag.ms;
    const ok = late < limits.lagMs;
    sendJson(res, context, ok ? 200 : 503, { status: ok ? 'ok' : 'failed', event_loop_lag_ms: Math.round(late) });
  });
  route(app, 'GET', '/readyz', undefined, (req, res, context) => {
    const all = checks();
    const failed = all.filter((check) => !check.ok).map((check) => check.name);
    const verbose = new URLSearchParams((req.url ?? '').split('?', 2)[1] ?? '').has('verbose');
    sendJson(res, context, failed.length === 0 ? 200 : 503, {
      status: failed.length === 0 ? 'ok' : 'failed',
      failed: failed.length === 0 ? undefined : failed,
      // What is served goes on being served; but whoever looks should see to it.
      warnings: warningsOf(all),
      checks: verbose ? all : undefined,
    });
  });
  route(app, 'GET', '/readyz/:check', undefined, (req, res, context) => {
    const check = checks().find(({ name }) => name === req.params.check);
    if (!check) throw new ServerError('not_found', 'there is no such readiness check');
    sendJson(res, context, check.ok ? 200 : 503, { status: check.ok ? 'ok' : 'failed', checks: [check] });
  });
  route(app, 'GET', '/metrics', undefined, async (req, res, context) => {
    metrics.refresh(engine.policies(), engine.vitals(), inFlight(), checks());
    const format = formatFor(req.headers.accept);
    send(res, context, 200, CONTENT_TYPES[format], await metrics.render(format), { Vary: 'Accept' });
  });
  route(app, 'GET', '/policies', admins.policies, (_req, res, context) =>
    sendJson(res, context, 200, engine.policies()),
  );
  route(app, 'POST', '/explain', admins.explain, async (req, res, context) => {
    const outcome = await engine.explain(await readExplain(req, limits.bodyBytes));
    if (!('decision' in outcome) && !EXPLAINED.has(outcome.code)) throw asError(outcome);
    const body = JSON.stringify(renderExplain(outcome, context.correlationId), mapsAsObjects);
    send(res, context, 200, 'application/json', body);
  });
  finish(app, log);
  return app;
}

function warningsOf(checks: readonly HealthCheck[]): readonly string[] | undefined {
  const warnings = checks.flatMap(({ name, ok, message }) => (ok && message ? [`${name}: ${message}`] : []));
  return warnings.length === 0 ? undefined : warnings;
}
