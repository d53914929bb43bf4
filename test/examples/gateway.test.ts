import assert from 'node:assert/strict';
import http, { type IncomingHttpHeaders } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { attenuateMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import { BOUNDS, forge, IDENTIFIER, mint, NOW, ROOT_KEY } from '../macaroon/support.ts';
import { type Answer, ask } from '../server/support.ts';
import { entry } from './mint.ts';
import { createBudgets, createGateway, indexRevocations, Unavailable } from './support.ts';

const ROUTES = [
  { method: 'GET', path: '/reports/*', scope: 'read', cost: 2 },
  { method: 'POST', path: '/search', scope: 'read', tool: 'search', cost: 5 },
  { method: 'DELETE', path: '/reports/*', scope: 'write' },
  { method: 'GET', path: '/free' },
];

describe('The gateway of the examples', () => {
  let upstream: http.Server;
  let gateway: http.Server;
  let url: string;
  let answer: http.RequestListener;
  const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const feed = { revocations: [] as ReturnType<typeof entry>[], fault: undefined as Error | undefined };
  const token = mint(['scope in read', 'budget_credits <= 10']);

  const listen = async (server: http.Server) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  beforeEach(async () => {
    seen.length = 0;
    Object.assign(feed, { revocations: [], fault: undefined });
    answer = (_req, res) => res.writeHead(201, { 'x-made': 'yes', connection: 'close', 'keep-alive': 'x' }).end('made');
    upstream = http.createServer(async (req, res) => {
      seen.push({ method: req.method!, url: req.url!, headers: req.headers, body: await text(req) });
      answer(req, res);
    });
    gateway = createGateway({
      feed: {
        current() {
          if (feed.fault) throw feed.fault;
          const keys = [{ kid: 'k1', key: Buffer.from(ROOT_KEY).toString('base64url') }];
          return { keys, revocations: indexRevocations(feed.revocations), now: NOW };
        },
      },
      budgets: createBudgets(),
      audience: 'satgate',
      routes: ROUTES,
      upstream: await listen(upstream),
      upstreamToken: 'the-upstreams-own',
    });
    url = await listen(gateway);
  });
  afterEach(() => {
    for (const server of [gateway, upstream]) {
      server.closeAllConnections();
      server.close();
    }
  });

  const call = (path: string, more: Parameters<typeof ask>[1] = {}, one = token): Promise<Answer> =>
    ask(`${url}${path}`, { ...more, headers: { Authorization: `Bearer ${one}`, ...more.headers } });

  it('lets a good token through, with the body both ways', async () => {
    const got = await call(
      '/search?q=1',
      { method: 'POST', body: '{"a":1}', headers: { 'X-Mine': 'kept' } },
      attenuateMacaroon(token, ['tool = search']),
    );
    assert.deepEqual([got.status, got.text, got.headers['x-made']], [201, 'made', 'yes']);
    const [{ method, url: path, body, headers }] = seen as [(typeof seen)[0]];
    assert.deepEqual([method, path, body, headers['x-mine']], ['POST', '/search?q=1', '{"a":1}', 'kept']);
    assert.equal(headers['x-caller-tenant'], 'acme');
    assert.equal(headers['x-caller-subject'], 'system:serviceaccount:ai-agents:research-agent');
  });

  it('P42: never sends the token on, nor anything else that the caller says in its own name', async () => {
    const sent = {
      'Proxy-Authorization': `Bearer ${token}`,
      'X-Caller-Subject': 'admin',
      x_caller_tenant: 'other',
      Connection: 'X-Hop, Content-Length',
      'X-Hop': 'secret',
      TE: 'trailers',
    };
    assert.equal((await call('/reports/7', { headers: sent })).status, 201);
    const { headers } = seen[0]!;
    assert.equal(headers.authorization, 'Bearer the-upstreams-own');
    assert.ok(!JSON.stringify(seen).includes(token));
    assert.deepEqual(
      ['proxy-authorization', 'x_caller_tenant', 'x-hop', 'te'].filter((name) => headers[name] !== undefined),
      [],
    );
    assert.notEqual(headers['x-caller-subject'], 'admin');
    assert.equal((await call(`/reports/7?access_token=${token}`)).status, 400);
    assert.equal(seen.length, 1);
  });

  const dead = (value: string) => {
    feed.revocations = [entry(value, { by: 'token' })];
  };
  const RFC6750: [string, () => Promise<Answer>, number, string, string | RegExp][] = [
    ['without a token', () => ask(`${url}/free`), 401, 'no_token', 'Bearer realm="gateway"'],
    [
      'with Basic',
      () => call('/free', { headers: { Authorization: 'Basic eA==' } }),
      401,
      'no_token',
      'Bearer realm="gateway"',
    ],
    ['with no macaroon', () => call('/free', {}, 'x.y.z'), 401, 'malformed', /error="invalid_token"/],
    [
      'with two tokens in one',
      () => call('/free', { headers: { Authorization: `Bearer ${token} ${token}` } }),
      401,
      'no_token',
      /realm/,
    ],
    [
      'with a changed one',
      () => call('/free', {}, `${token.slice(0, -6)}AAAAAA`),
      401,
      'signature',
      /error="invalid_token"/,
    ],
    [
      'with a dead one',
      () => {
        dead(describeMacaroon(token).identifier!.jti);
        return call('/reports/1');
      },
      401,
      'revoked',
      /error="invalid_token", error_description="revoked"/,
    ],
    [
      'with an expired one',
      () => call('/reports/1', {}, attenuateMacaroon(token, ['time < 2026-02-02T02:39:59Z'])),
      401,
      'expired',
      /invalid_token/,
    ],
    [
      'for a scope that it has not',
      () => call('/reports/1', { method: 'DELETE' }),
      403,
      'no_match',
      /error="insufficient_scope"/,
    ],
    [
      'for a call without the scope that it is bound to',
      () => call('/free'),
      403,
      'not_carried',
      /error="insufficient_scope"/,
    ],
    [
      'for a path that it is not for',
      () => call('/reports/1', {}, attenuateMacaroon(token, ['path = /reports/2'])),
      403,
      'no_match',
      /insufficient_scope/,
    ],
    [
      'for a cost beyond its own',
      () => call('/reports/1', {}, attenuateMacaroon(token, ['budget_credits <= 1'])),
      403,
      'over_budget',
      /insufficient_scope/,
    ],
  ];
  for (const [what, send, status, code, challenge] of RFC6750) {
    it(`refuses a call ${what}: ${status} ${code}`, async () => {
      const got = await send();
      assert.deepEqual([got.status, got.json.error], [status, code]);
      const said = String(got.headers['www-authenticate']);
      if (typeof challenge === 'string') assert.equal(said, challenge);
      else assert.match(said, challenge);
      assert.equal(seen.length, 0);
    });
  }

  it('P34: of a token of another resource it says nothing but that it is none, alive or not', async () => {
    const bounds = [BOUNDS[0]!, 'aud = elsewhere', BOUNDS[2]!];
    for (const one of [bounds, ['time < 2020-01-01T00:00:00Z', ...bounds.slice(1)]]) {
      const got = await call('/free', {}, forge({ ...IDENTIFIER, aud: 'elsewhere' }, one));
      assert.deepEqual([got.status, got.text], [401, '{"error":"invalid_token"}']);
      assert.equal(got.headers['www-authenticate'], 'Bearer realm="gateway", error="invalid_token"');
    }
  });

  it('503 while the feed is not fit to judge by, whatever the token', async () => {
    feed.fault = new Unavailable('feed_stale');
    for (const one of [token, 'x.y.z']) {
      const got = await call('/reports/1', {}, one);
      assert.deepEqual([got.status, got.json.error, got.headers['retry-after']], [503, 'feed_stale', '5']);
    }
    feed.fault = new TypeError('a fault of ours');
    assert.deepEqual(await call('/reports/1').then(({ status, json }) => [status, json]), [
      500,
      { error: 'server_error' },
    ]);
  });

  it('charges every account of a call or none', async () => {
    const child = attenuateMacaroon(token, ['budget_credits <= 5']);
    const statuses = async (one: string, calls: number) => {
      const got = [];
      for (let i = 0; i < calls; i += 1) got.push((await call('/reports/1', {}, one)).status);
      return got;
    };
    assert.deepEqual(await statuses(child, 3), [201, 201, 403], 'two of 2 credits in 5');
    assert.deepEqual(await statuses(token, 4), [201, 201, 201, 403], 'the refused one cost the grant nothing');
    assert.deepEqual(await statuses(mint(['scope in read', 'budget_credits <= 10']), 1), [403], 'the same grant');
    assert.equal(seen.length, 5);
  });

  for (const path of [
    '/reports/../free',
    '/reports/%2e%2e/free',
    '/reports//1',
    '/reports/a%2Fb',
    '/reports/a%5cb',
    '/reports/%252e%252e/free',
    '/reports/a;b',
    'http://elsewhere/reports/1',
    '//elsewhere/reports/1',
    '*',
  ]) {
    it(`refuses ${path}, which two programs may read in two ways`, async () => {
      const { port } = gateway.address() as AddressInfo;
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
      assert.match(await text(socket), /^HTTP\/1\.1 (400|404) /);
      assert.equal(seen.length, 0);
    });
  }

  it('a call that no route names goes nowhere, with a token or without', async () => {
    for (const [path, method] of [
      ['/other', 'GET'],
      ['/reports', 'GET'],
      ['/reports/1', 'PUT'],
      ['/search', 'GET'],
    ] as const) {
      assert.equal((await call(path, { method })).status, 404, `${method} ${path}`);
    }
    assert.equal(seen.length, 0);
  });

  it('refuses two Authorization headers, and says where the body of any method ends', async () => {
    const { port } = gateway.address() as AddressInfo;
    const raw = async (lines: readonly string[], body = '') => {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`${[...lines, 'Host: g', 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
      return await text(socket);
    };
    const bearer = `Authorization: Bearer ${mint(['scope in read,write'])}`;
    assert.match(await raw(['GET /reports/1 HTTP/1.1', bearer, bearer]), /^HTTP\/1\.1 400 /);
    const smuggled = 'GET /free HTTP/1.1\r\nHost: g\r\n\r\n';
    const chunked = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    const got = await raw(['DELETE /reports/1 HTTP/1.1', bearer, 'Transfer-Encoding: chunked'], chunked);
    assert.match(got, /^HTTP\/1\.1 201 /);
    assert.deepEqual(
      seen.map(({ method, body }) => [method, body]),
      [['DELETE', smuggled]],
    );
  });

  it('502 where the upstream is not there, without a word of why', async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    const got = await call('/reports/1');
    assert.deepEqual([got.status, got.text], [502, '{"error":"bad_gateway"}']);
  });

  it('an upstream that hangs up halfway is not taken for a whole answer', async () => {
    answer = (_req, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('half');
      setImmediate(() => res.destroy());
    };
    await assert.rejects(call('/reports/1'));
  });
});
