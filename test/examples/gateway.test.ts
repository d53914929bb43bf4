import assert from 'node:assert/strict';
import { attenuateMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import { BOUNDS, forge, IDENTIFIER, mint } from '../macaroon/support.ts';
import { type Answer, ask } from '../server/support.ts';
import { gatewayWorld, TOKEN } from './gateway-world.ts';
import { entry } from './mint.ts';
import { Unavailable } from './support.ts';

describe('The gateway of the examples', () => {
  let w: Awaited<ReturnType<typeof gatewayWorld>>;
  beforeEach(async () => {
    w = await gatewayWorld();
  });
  afterEach(() => w.close());

  it('lets a good token through, with the body both ways', async () => {
    const got = await w.call(
      '/search?q=1',
      { method: 'POST', body: '{"a":1}', headers: { 'X-Mine': 'kept' } },
      attenuateMacaroon(TOKEN, ['tool = search']),
    );
    assert.deepEqual([got.status, got.text, got.headers['x-made']], [201, 'made', 'yes']);
    const [{ method, url: path, body, headers }] = w.seen as [(typeof w.seen)[0]];
    assert.deepEqual([method, path, body, headers['x-mine']], ['POST', '/search?q=1', '{"a":1}', 'kept']);
    assert.equal(headers['x-caller-tenant'], 'acme');
    assert.equal(headers['x-caller-subject'], 'system:serviceaccount:ai-agents:research-agent');
  });

  it('P42: never sends the token on, nor anything else that the caller says in its own name', async () => {
    const sent = {
      'Proxy-Authorization': `Bearer ${TOKEN}`,
      'X-Caller-Subject': 'admin',
      x_caller_tenant: 'other',
      Connection: 'X-Hop, Content-Length',
      'X-Hop': 'secret',
      TE: 'trailers',
    };
    assert.equal((await w.call('/reports/7', { headers: sent })).status, 201);
    const { headers } = w.seen[0]!;
    assert.equal(headers.authorization, 'Bearer the-upstreams-own');
    assert.ok(!JSON.stringify(w.seen).includes(TOKEN));
    assert.deepEqual(
      ['proxy-authorization', 'x_caller_tenant', 'x-hop', 'te'].filter((name) => headers[name] !== undefined),
      [],
    );
    assert.notEqual(headers['x-caller-subject'], 'admin');
    assert.equal((await w.call(`/reports/7?access_token=${TOKEN}`)).status, 400);
    assert.equal(w.seen.length, 1);
  });

  const dead = (value: string) => {
    w.feed.revocations = [entry(value, { by: 'token' })];
  };
  const RFC6750: [string, () => Promise<Answer>, number, string, string | RegExp][] = [
    ['without a token', () => ask(`${w.url}/free`), 401, 'no_token', 'Bearer realm="gateway"'],
    [
      'with Basic',
      () => w.call('/free', { headers: { Authorization: 'Basic eA==' } }),
      401,
      'no_token',
      'Bearer realm="gateway"',
    ],
    ['with no macaroon', () => w.call('/free', {}, 'x.y.z'), 401, 'malformed', /error="invalid_token"/],
    [
      'with two tokens in one',
      () => w.call('/free', { headers: { Authorization: `Bearer ${TOKEN} ${TOKEN}` } }),
      401,
      'no_token',
      /realm/,
    ],
    [
      'with a changed one',
      () => w.call('/free', {}, `${TOKEN.slice(0, -6)}AAAAAA`),
      401,
      'signature',
      /error="invalid_token"/,
    ],
    [
      'with a dead one',
      () => {
        dead(describeMacaroon(TOKEN).identifier!.jti);
        return w.call('/reports/1');
      },
      401,
      'revoked',
      /error="invalid_token", error_description="revoked"/,
    ],
    [
      'with an expired one',
      () => w.call('/reports/1', {}, attenuateMacaroon(TOKEN, ['time < 2026-02-02T02:39:59Z'])),
      401,
      'expired',
      /invalid_token/,
    ],
    [
      'for a scope that it has not',
      () => w.call('/reports/1', { method: 'DELETE' }),
      403,
      'no_match',
      /error="insufficient_scope"/,
    ],
    [
      'for a call without the scope that it is bound to',
      () => w.call('/free'),
      403,
      'not_carried',
      /error="insufficient_scope"/,
    ],
    [
      'for a path that it is not for',
      () => w.call('/reports/1', {}, attenuateMacaroon(TOKEN, ['path = /reports/2'])),
      403,
      'no_match',
      /insufficient_scope/,
    ],
    [
      'for a cost beyond its own',
      () => w.call('/reports/1', {}, attenuateMacaroon(TOKEN, ['budget_credits <= 1'])),
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
      assert.equal(w.seen.length, 0);
    });
  }

  it('P34: of a token of another resource it says nothing but that it is none, alive or not', async () => {
    const bounds = [BOUNDS[0]!, 'aud = elsewhere', BOUNDS[2]!];
    for (const one of [bounds, ['time < 2020-01-01T00:00:00Z', ...bounds.slice(1)]]) {
      const got = await w.call('/free', {}, forge({ ...IDENTIFIER, aud: 'elsewhere' }, one));
      assert.deepEqual([got.status, got.text], [401, '{"error":"invalid_token"}']);
      assert.equal(got.headers['www-authenticate'], 'Bearer realm="gateway", error="invalid_token"');
    }
  });

  it('503 while the feed is not fit to judge by, whatever the token', async () => {
    w.feed.fault = new Unavailable('feed_stale');
    for (const one of [TOKEN, 'x.y.z']) {
      const got = await w.call('/reports/1', {}, one);
      assert.deepEqual([got.status, got.json.error, got.headers['retry-after']], [503, 'feed_stale', '5']);
    }
    w.feed.fault = new TypeError('a fault of ours');
    assert.deepEqual(await w.call('/reports/1').then(({ status, json }) => [status, json]), [
      500,
      { error: 'server_error' },
    ]);
  });

  it('charges every account of a call or none', async () => {
    const child = attenuateMacaroon(TOKEN, ['budget_credits <= 5']);
    const statuses = async (one: string, calls: number) => {
      const got = [];
      for (let i = 0; i < calls; i += 1) got.push((await w.call('/reports/1', {}, one)).status);
      return got;
    };
    assert.deepEqual(await statuses(child, 3), [201, 201, 403], 'two of 2 credits in 5');
    assert.deepEqual(await statuses(TOKEN, 4), [201, 201, 201, 403], 'the refused one cost the grant nothing');
    assert.deepEqual(await statuses(mint(['scope in read', 'budget_credits <= 10']), 1), [403], 'the same grant');
    assert.equal(w.seen.length, 5);
  });

  it('502 where the upstream is not there, without a word of why', async () => {
    w.upstream.closeAllConnections();
    await new Promise((resolve) => w.upstream.close(resolve));
    const got = await w.call('/reports/1');
    assert.deepEqual([got.status, got.text], [502, '{"error":"bad_gateway"}']);
  });

  it('an upstream that hangs up halfway is not taken for a whole answer', async () => {
    w.answer = (_req, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('half');
      setImmediate(() => res.destroy());
    };
    await assert.rejects(w.call('/reports/1'));
  });
});
