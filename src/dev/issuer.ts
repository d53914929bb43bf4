/** A local identity issuer, for trying things out: real keys and real tokens, with whatever claims are asked for. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, epochSeconds, systemClock } from '../clock.ts';
import { Authority } from './authority.ts';
import { DevIssuerError, type DevIssuerErrorCode } from './errors.ts';
import { githubClaims } from './github.ts';
import { isLoopback, onlyFromHere, readJson, sendJson } from './http.ts';
import { serviceAccountClaims } from './service-account.ts';
import { parseActionsQuery, parseTokenRequest, type TokenRequest } from './token-request.ts';

export interface DevIssuerOptions {
  /** Must be loopback. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly clock?: Clock;
  /** The bearer that `/actions/token` asks for. Default: random. */
  readonly requestToken?: string;
  /** Of its JWT-SVIDs. Default `cluster.local`. */
  readonly trustDomain?: string;
}

export interface DevIssuer {
  /** The issuer of service-account and generic tokens. */
  readonly url: string;
  /** The issuer of GitHub tokens: its own keys, at a path of the same server. */
  readonly githubUrl: string;
  /** The bundle endpoint of the trust domain: its own keys, at a path of the same server. */
  readonly bundleUrl: string;
  /** What a workflow would find in ACTIONS_ID_TOKEN_REQUEST_URL. Claims may be appended: `&run_id=7`. */
  readonly actionsUrl: string;
  /** What a workflow would find in ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  readonly requestToken: string;
  /** Signs a token, as `POST /token` does. */
  sign(request: TokenRequest): Promise<string>;
  /** New keys for all of them; with `withdraw` the former ones are no longer published. */
  rotate(options?: { readonly withdraw?: boolean }): Promise<void>;
  close(): Promise<void>;
}

const STATUS: Readonly<Record<DevIssuerErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_loopback: 500,
};

/**
 * Starts the issuer: for service accounts and generic tokens at `/`, for GitHub at `/_services/token`, the path of a
 * GitHub Enterprise Server's issuer, each with
 * `/.well-known/openid-configuration` and `/jwks`; for a trust domain a bundle at `/spiffe/bundle`. `POST /token` signs for anyone who asks, so it listens on loopback only.
 *
 * @throws {DevIssuerError} `not_loopback` if `host` is, or leads, elsewhere
 * @throws the system's error if the port is taken
 */
export async function createDevIssuer(options: DevIssuerOptions = {}): Promise<DevIssuer> {
  const { host = '127.0.0.1', port = 0, clock = systemClock, trustDomain = 'cluster.local' } = options;
  const requestToken = options.requestToken ?? randomBytes(32).toString('base64url');
  const elsewhere = new DevIssuerError('not_loopback', 'the development issuer signs for anyone: loopback only');
  if (host !== 'localhost' && !isLoopback(host)) throw elsewhere;

  let routes: ReadonlyMap<string, Route> = new Map();
  const server = http.createServer((req, res) => void answer(req, res, routes));
  server.requestTimeout = 10_000;
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, done);
  });
  const bound = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  if (!isLoopback(bound.address)) {
    await close();
    throw elsewhere;
  }

  const url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  const [main, github, domain] = await Promise.all([
    Authority.create(url),
    Authority.create(`${url}/_services/token`),
    Authority.create(`spiffe://${trustDomain}`, 'jwt-svid'),
  ]);

  async function sign(request: TokenRequest): Promise<string> {
    const { kind, audience, ttl = kind === 'github' || kind === 'spiffe' ? 300 : 3600, claims = {} } = request;
    const iat = epochSeconds(clock);
    // SPIRE writes neither an nbf nor a jti, and gives one SVID to all who ask within half its life.
    const times = { iat, exp: iat + ttl, ...(kind !== 'spiffe' && { nbf: iat, jti: randomUUID() }) };
    const finish = (own: Record<string, unknown>) =>
      Object.fromEntries(Object.entries({ ...own, ...times, ...claims }).filter(([, value]) => value !== null));
    switch (kind) {
      case 'service-account': {
        const aud = typeof audience === 'string' ? [audience] : audience;
        return main.sign(finish({ iss: main.url, aud, ...serviceAccountClaims(request) }), 'RS256');
      }
      case 'github': {
        const own = githubClaims(request);
        const aud = audience ?? `https://github.com/${own.repository_owner}`;
        return github.sign(finish({ iss: github.url, aud, ...own }), 'RS256', 'JWT');
      }
      case 'spiffe': {
        const aud = typeof audience === 'string' ? [audience] : audience;
        const own = { sub: domain.url + request.path, aud };
        return domain.sign(finish(own), request.algorithm ?? 'ES256', 'JWT');
      }
      case 'oidc':
        return main.sign(finish({ iss: main.url, aud: audience }), request.algorithm ?? 'RS256', 'JWT');
    }
  }

  const rotate: DevIssuer['rotate'] = async ({ withdraw = false } = {}) => {
    await Promise.all([main, github, domain].map((authority) => authority.rotate(withdraw)));
  };

  routes = new Map<string, Route>([
    ...[main, github].flatMap((authority): [string, Route][] => [
      [`GET ${pathOf(authority)}/.well-known/openid-configuration`, async () => authority.metadata()],
      [`GET ${pathOf(authority)}/jwks`, async () => authority.jwks()],
    ]),
    ['GET /spiffe/bundle', async () => domain.bundle()],
    ['POST /token', async (req) => ({ token: await sign(parseTokenRequest(await readJson(req))) })],
    [
      'GET /actions/token',
      async (req, query) => {
        if (!isBearer(req, requestToken)) throw new DevIssuerError('unauthorized', 'the request token is needed');
        const value = await sign(parseActionsQuery(query));
        return { count: value.length, value };
      },
    ],
    [
      'POST /rotate',
      async (req) => {
        const body = (await readJson(req)) as { withdraw?: unknown } | null | undefined;
        await rotate({ withdraw: body?.withdraw === true });
        return { rotated: true };
      },
    ],
  ]);
  return {
    url,
    githubUrl: github.url,
    bundleUrl: `${url}/spiffe/bundle`,
    actionsUrl: `${url}/actions/token?api-version=2.0`,
    requestToken,
    sign,
    rotate,
    close,
  };
}

type Route = (req: IncomingMessage, query: URLSearchParams) => Promise<unknown>;

function pathOf(authority: Authority): string {
  return new URL(authority.url).pathname.replace(/\/$/, '');
}

async function answer(req: IncomingMessage, res: ServerResponse, routes: ReadonlyMap<string, Route>): Promise<void> {
  try {
    onlyFromHere(req);
    const url = URL.parse(req.url ?? '', 'http://localhost');
    const route = url && routes.get(`${req.method} ${url.pathname}`);
    if (!route) throw new DevIssuerError('not_found', `there are ${[...routes.keys()].join(', ')}`);
    sendJson(res, 200, await route(req, url.searchParams));
  } catch (error) {
    const known = error instanceof DevIssuerError;
    const body = known ? { error: error.code, message: error.message } : { error: 'internal', message: 'failed' };
    if (res.headersSent) return void res.destroy();
    sendJson(res, known ? STATUS[error.code] : 500, body);
  }
}

/** RFC 6750 §2.1. Hashed first, for the comparison takes equal lengths. */
function isBearer(req: IncomingMessage, token: string): boolean {
  const [scheme = '', given = ''] = (req.headers.authorization ?? '').split(' ', 2);
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return scheme.toLowerCase() === 'bearer' && timingSafeEqual(hash(given), hash(token));
}
