/**
 * A gateway in front of one upstream: whoever calls shows a macaroon as a bearer token (RFC 6750), which is verified for
 * the call, charged, and never sent on (the upstream's credential, if it wants one, is another).
 */
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Unavailable } from './feed.mjs';
import { Refused, verify } from './verify.mjs';

/** The token is good, but not for this call: 403. Any other refusal says that it is no good at all: 401. */
const NOT_THIS_CALL = new Set(['not_carried', 'no_match', 'over_budget', 'budget_spent']);
/** Meant for this connection alone (RFC 9110 §7.6.1), or for us. How the body is framed is ours to say. */
const OURS = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['host', 'content-length', 'authorization', 'proxy-authorization'],
]);
/** What some upstreams obey before the request line, by which the call was judged: another method, another path. */
const OVERRIDES = /^x-(http-method|method-override|http-method-override|(original|forwarded|rewrite)-(method|ur[il]|path|prefix))$/;
const UPSTREAM_WITHIN = 30_000;

class HttpError extends Error {
  constructor(status, code, headers = {}) {
    super(code);
    Object.assign(this, { status, code, headers });
  }
}

/**
 * @param {object} options
 * @param {{current(): object}} options.feed of the resource
 * @param {{spend(accounts: object[], cost: number): boolean}} options.budgets
 * @param {string} options.audience of the resource
 * @param {{method: string, path: string, scope?: string, tool?: string, cost?: number}[]} options.routes what each call
 *   is: the first that fits; `path` as it is sent, or ending in `/*`. A call that none fits is not forwarded
 * @param {string} options.upstream base URL: from here alone, never from a request
 * @param {string} [options.upstreamToken] the upstream's own
 */
export function createGateway({ feed, budgets, audience, routes, upstream, upstreamToken, log = () => {} }) {
  async function handle(req, res) {
    const path = pathOf(req);
    const route = routeOf(req.method, path);
    const { scope, tool, cost = 0 } = route;
    const token = bearerOf(req);
    const call = { scope, tool, method: req.method, path, cost };
    const caller = verify(token, { audience, call, ...feed.current() });
    if (!budgets.spend(caller.accounts, cost)) throw new Refused('budget_spent');
    await forward(req, res, caller);
  }

  function routeOf(method, path) {
    const mine = routes.filter((one) => one.method === method);
    const route = mine.find((one) => fits(one.path, path));
    if (!route) throw new HttpError(404, 'not_found');
    // Many upstreams tell neither case nor a last slash apart: what they take for an earlier route is not let through by this.
    const isWide = route.path.endsWith('/*');
    if (isWide && mine.find((one) => fits(plain(one.path), plain(path)) || one === route) !== route) {
      throw new HttpError(400, 'invalid_path');
    }
    return route;
  }

  async function forward(req, res, { subject, tenant }) {
    const headers = {
      ...passed(req.headers),
      'x-caller-subject': visible(subject),
      'x-caller-tenant': visible(tenant),
      ...(upstreamToken && { authorization: `Bearer ${upstreamToken}` }),
      ...framing(req.headers),
    };
    const { request } = upstream.startsWith('https:') ? https : http;
    const signal = AbortSignal.timeout(UPSTREAM_WITHIN);
    const out = request(new URL(req.url, upstream), { method: req.method, headers, signal });
    const answered = new Promise((resolve, reject) => out.once('response', resolve).on('error', reject));
    res.once('close', () => out.destroy()); // who called has gone
    pipeline(req, out).catch(() => out.destroy());
    const answer = await answered.catch((error) => {
      log(`upstream: ${error.code ?? error.name}`);
      throw new HttpError(502, 'bad_gateway');
    });
    res.writeHead(answer.statusCode, { ...passed(answer.headers), ...framing(answer.headers) });
    await pipeline(answer, res);
  }

  const server = http.createServer({ requestTimeout: 60_000 }, (req, res) => {
    handle(req, res).catch((error) => {
      if (res.headersSent) return res.destroy();
      const { status, code, headers } = answerTo(error);
      if (status === 500) log(`failed: ${error.stack}`);
      // What is left of the body is not read: the connection ends with the answer.
      res.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers });
      res.end(JSON.stringify({ error: code }));
    });
  });
  return server;
}

/** The path as it is sent. One that two programs may read in two ways is refused: a caveat was judged by ours. */
function pathOf(req) {
  const url = URL.parse(req.url, 'http://gateway');
  const path = req.url.split('?', 1)[0];
  if (url?.pathname !== path || /\/\/|\\|;|%([01]|25|2f|5c|7f)/i.test(path) || !isCanonical(path)) {
    throw new HttpError(400, 'invalid_path');
  }
  // RFC 6750 §2.3 allows it, and it would be sent on with the path.
  if (url.searchParams.has('access_token')) throw new HttpError(400, 'invalid_request');
  return path;
}

/** Whether only that is encoded which has to be, as encodeURI does: `%61` is `a` to the upstream, and no route's `a`. */
function isCanonical(path) {
  try {
    return encodeURI(decodeURIComponent(path)) === path;
  } catch {
    return false;
  }
}

function plain(path) {
  return path.toLowerCase().replace(/(.)\/$/, '$1');
}

function fits(pattern, path) {
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function bearerOf(req) {
  const given = req.headersDistinct.authorization ?? [];
  if (given.length > 1) throw new HttpError(400, 'invalid_request');
  const [, scheme, token] = /^([A-Za-z]+) +([A-Za-z0-9._~+/=-]+)$/.exec(given[0] ?? '') ?? [];
  // Without a credential no error is named (RFC 6750 §3.1).
  if (scheme?.toLowerCase() !== 'bearer') throw new HttpError(401, 'no_token', challenge());
  return token;
}

/** Headers that go on: not those of one hop, not the caller's credential, and nothing that looks like our own word. */
function passed(headers) {
  const named = (headers.connection ?? '').toLowerCase().split(',');
  const dropped = new Set([...OURS, ...named.map((name) => name.trim())]);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => {
      // Upstreams that speak CGI tell `-` from `_` no more.
      const said = name.replaceAll(/[^a-z0-9]/g, '-');
      return !dropped.has(name) && !said.startsWith('x-caller-') && !OVERRIDES.test(said);
    }),
  );
}

/** Where a body ends, said as it was said to us: Node would send that of a GET or DELETE without any end. */
function framing(headers) {
  if (headers['transfer-encoding'] !== undefined) return { 'transfer-encoding': 'chunked' };
  return headers['content-length'] === undefined ? {} : { 'content-length': headers['content-length'] };
}

function visible(text) {
  return text.replace(/[^!-~]/gu, encodeURIComponent);
}

function challenge(error, code) {
  const reason = error === undefined ? '' : `, error="${error}"${code ? `, error_description="${code}"` : ''}`;
  return { 'www-authenticate': `Bearer realm="gateway"${reason}` };
}

/** @returns {{status: number, code: string, headers: Record<string, string>}} */
function answerTo(error) {
  if (error instanceof HttpError) return error;
  if (error instanceof Unavailable) return { status: 503, code: error.code, headers: { 'retry-after': '5' } };
  if (!(error instanceof Refused)) return { status: 500, code: 'server_error', headers: {} };
  const { code } = error;
  if (NOT_THIS_CALL.has(code)) return { status: 403, code, headers: challenge('insufficient_scope', code) };
  // Whose token it is, is nobody's business here.
  if (code === 'other_resource') return { status: 401, code: 'invalid_token', headers: challenge('invalid_token') };
  return { status: 401, code, headers: challenge('invalid_token', code) };
}
