/** Two listeners around one engine: the public one, and the one for operators. Neither serves the other's routes. */

import { randomIds } from '../random-ids.ts';
import { sendError } from './answer.ts';
import type { RequestContext } from './context.ts';
import type { HotDoor } from './doors/hot.ts';
import { pathOf } from './doors/metadata.ts';
import { EXCHANGE_PATH, nativeDoor } from './doors/native.ts';
import { TOKEN_ALIAS, TOKEN_PATH, tokenDoor } from './doors/token.ts';
import { ServerError } from './errors.ts';
import { EventLoopLag } from './event-loop.ts';
import { inspect } from './front.ts';
import { clusterGatekeeper, gatekeeper } from './gatekeeper.ts';
import { withDefaults } from './limits.ts';
import { type Handler, Listener } from './listener.ts';
import { isLoopbackHost } from './loopback.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { opsApp } from './ops-app.ts';
import { publicApp } from './public-app.ts';
import { enter } from './routes.ts';
import { expiryOf, type SecureContext, secured, sourceOf } from './tls.ts';
import type { Address, CertificatePair, Limits, ServerOptions, TrustmintServer } from './types.ts';

/** Milliseconds that answers to probes get once the public listener is closed. */
const OPS_GRACE_MS = 1_000;

/** A server for `options.engine`; nothing is bound and no file is read before `start()`. */
export function createServer(options: ServerOptions): TrustmintServer {
  const limits = withDefaults(options.limits);
  const metrics = options.metrics ?? createMetrics(options.version ?? 'unknown', options.clock);
  const lag = new EventLoopLag(options.clock);
  let running: Running | undefined;
  return {
    registry: metrics.registry,
    async start() {
      running = build(options, limits, metrics, lag);
      const { ops, open } = running;
      // The probes first: whoever waits for readiness must be able to ask.
      const opsUrl = await ops.start();
      try {
        const url = await open.start();
        lag.start();
        return { url, opsUrl };
      } catch (cause) {
        await this.close(0);
        throw cause;
      }
    },
    retire() {
      if (running) running.open.lifecycle.draining = true;
    },
    async close(graceMs) {
      if (!running) return;
      const { ops, open, stopWatching } = running;
      running = undefined;
      stopWatching();
      await open.drain(graceMs);
      // A probe that hangs must not double the wait.
      await ops.drain(Math.min(graceMs, OPS_GRACE_MS));
      lag.stop();
    },
  };
}

interface Running {
  readonly open: Listener;
  readonly ops: Listener;
  readonly stopWatching: () => void;
}

function build(options: ServerOptions, limits: Limits, metrics: Metrics, lag: EventLoopLag): Running {
  const { clock, log, tls, insecureHttp } = options;
  const opsOnLoopback = isLoopbackHost(options.opsListen.host);
  if (!tls && !insecureHttp) {
    requireLoopback(options.listen, 'the public listener');
    requireLoopback(options.opsListen, 'the ops listener');
  }
  const source = tls && sourceOf(tls, { clock, log, everyMs: limits.tlsPollMs });
  const nextId = randomIds(options.random, 'hex');
  const listener = (name: 'public' | 'ops', address: Address, secure: SecureContext | undefined, handle: Handler) =>
    new Listener({ name, address, secure, limits, clock, log, nextId, handle });

  const open = listener(
    'public',
    options.listen,
    source && secured(source.current()),
    publicHandler(options, limits, metrics),
  );
  const ops: Listener = listener(
    'ops',
    options.opsListen,
    opsOnLoopback ? undefined : source && secured(source.current() ?? source.stopgap),
    opsHandler(options, limits, metrics, lag, {
      inFlight: () => open.inFlight + ops.inFlight,
      draining: () => open.lifecycle.draining,
    }),
  );
  const tell = (pair: CertificatePair) => metrics.certificate(expiryOf(pair));
  const first = source?.current();
  if (first) tell(first);
  const stopWatching = source?.follow((pair) => {
    open.replaceCertificate(secured(pair));
    ops.replaceCertificate(secured(pair));
    tell(pair);
  });
  return { open, ops, stopWatching: stopWatching ?? (() => {}) };
}

function requireLoopback(address: Address, name: string): void {
  if (isLoopbackHost(address.host)) return;
  throw new ServerError(
    'tls_required',
    `${name} is on ${address.host}: give --tls-cert and --tls-key, or --insecure-http where something in front ends TLS`,
  );
}

function publicHandler(options: ServerOptions, limits: Limits, metrics: Metrics): Handler {
  const { engine, clock, log } = options;
  const hot = { engine, clock, metrics, log, maxBytes: limits.bodyBytes };
  const doors = new Map([
    [EXCHANGE_PATH, nativeDoor(hot)],
    ...[TOKEN_PATH, TOKEN_ALIAS].map((path): [string, HotDoor] => [path, tokenDoor(hot)]),
  ]);
  const base = pathOf(engine.discovery().issuer);
  const verifiers = options.access
    ? clusterGatekeeper(options.access, 'verifier')
    : gatekeeper({
        secret: options.verifierToken,
        loopback: isLoopbackHost(options.listen.host),
        flag: '--verifier-token-file',
      });
  const agents = options.agents && {
    registry: options.agents,
    ...(!options.access && {
      guard: gatekeeper({
        secret: options.adminToken,
        loopback: isLoopbackHost(options.listen.host),
        flag: '--admin-token-file',
      }),
    }),
  };
  const app = publicApp({ engine, metrics, log, limits, verifiers, ...(agents && { agents }) });
  return (req, res, context) => {
    const problem = inspect(req);
    // Whether what stands in front takes the path of our issuer away or not.
    if (base !== '' && req.url !== undefined) req.url = withoutBase(req.url, base);
    const door = doors.get(pathIn(req.url ?? ''));
    if (door) void door(req, res, context, problem);
    else if (problem) sendError(res, context, problem);
    else enter(app, req, res, context);
  };
}

/** What every route of the public listener begins with. */
const ROOTS = ['/api/', '/oauth2/', '/connect/', '/.well-known/'] as const;

/** An issuer's path may itself be the beginning of a route, `/api` say: it is taken away where a whole route follows. */
function withoutBase(url: string, base: string): string {
  if (!url.startsWith(`${base}/`)) return url;
  const rest = url.slice(base.length);
  return ROOTS.some((root) => rest.startsWith(root)) ? rest : url;
}

function pathIn(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function opsHandler(
  options: ServerOptions,
  limits: Limits,
  metrics: Metrics,
  lag: EventLoopLag,
  state: { readonly inFlight: () => number; readonly draining: () => boolean },
): Handler {
  const { engine, log, access } = options;
  const byToken = gatekeeper({
    secret: options.adminToken,
    loopback: isLoopbackHost(options.opsListen.host),
    flag: '--admin-token-file',
  });
  const admins = {
    policies: access ? clusterGatekeeper(access, 'policies') : byToken,
    explain: access ? clusterGatekeeper(access, 'explain') : byToken,
  };
  const app = opsApp({ engine, metrics, log, limits, admins, lag, ...state });
  return (req, res, context: RequestContext) => {
    const problem = inspect(req);
    if (problem) sendError(res, context, problem);
    else enter(app, req, res, context);
  };
}
