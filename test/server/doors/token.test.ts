import assert from 'node:assert/strict';
import type { Grant } from '../../../src/exchange/types.ts';
import { type Answer, ask, GRANT, type Harness, PROOF, start, stopAll } from '../support.ts';

const FORM = 'application/x-www-form-urlencoded';
const CC = 'client_credentials';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BY_JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const BY_SVID = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const DELEGATION = `${Buffer.from('{"alg":"ES256","typ":"trustmint-delegation+jwt"}').toString('base64url')}.e30.AAAA`;
const ACCESS: Grant = {
  ...GRANT,
  token: 'eyJ',
  tokenType: 'access_token',
  scopes: ['a:r', 'a:w'],
  clientId: 'c',
  caveats: [],
};

const SVID = { grant_type: CC, client_assertion_type: BY_SVID, client_assertion: PROOF };
const ASSERTED = { grant_type: BEARER, assertion: PROOF };
const EXCHANGED = { grant_type: EXCHANGE, subject_token: PROOF, subject_token_type: JWT };
const DELEGATED = { ...EXCHANGED, subject_token: DELEGATION, actor_token: PROOF, actor_token_type: JWT };

let h: Harness;
type Params = Record<string, string | undefined> | string;

function send(params: Params, headers: Record<string, string> = {}, path = '/oauth2/token'): Promise<Answer> {
  const entries = typeof params === 'string' ? [] : Object.entries(params).filter(([, value]) => value !== undefined);
  const body = typeof params === 'string' ? params : new URLSearchParams(entries as [string, string][]).toString();
  return ask(h.url + path, { method: 'POST', body, headers: { 'Content-Type': FORM, ...headers } });
}

async function told(params: Params, headers?: Record<string, string>): Promise<string> {
  const before = h.engine.exchanges.length;
  const { status, json, text } = await send(params, headers);
  assert.equal(h.engine.exchanges.length, before, `it reached the engine: ${text}`);
  return `${status} ${json.error}`;
}

async function heard(params: Params) {
  const { status, text } = await send(params);
  assert.equal(status, 200, text);
  const { correlationId: _, callerId: __, peer: ___, ...request } = h.engine.exchanges.at(-1)!;
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

describe('POST /oauth2/token', () => {
  beforeEach(async () => {
    h = await start();
    h.engine.onExchange = () => ACCESS;
  });
  afterEach(stopAll);

  it('OA-6, SC-1, CA-1: reads client_credentials with the proof as client assertion, of either type', async () => {
    const client = { assertion: PROOF, isSvid: true };
    assert.deepEqual(await heard(SVID), { door: CC, proof: PROOF, client });
    assert.deepEqual(
      await heard({ ...SVID, client_assertion_type: BY_JWT, client_id: 'global-worker', scope: 'a:r a:w' }),
      {
        door: CC,
        proof: PROOF,
        client: { ...client, isSvid: false },
        clientId: 'global-worker',
        scopes: ['a:r', 'a:w'],
      },
    );
  });

  it('CA-7: reads the jwt-bearer grant, without a client', async () => {
    assert.deepEqual(await heard({ ...ASSERTED, resource: 'https://api.example/v1' }), {
      door: 'jwt_bearer',
      proof: PROOF,
      resource: 'https://api.example/v1',
    });
  });

  it('TX-1: reads token exchange: a proof, or a delegation token with the actor’s proof', async () => {
    const types = { requested_token_type: 'https://trustmint.dev/token-type/macaroon', subject_token_type: ID_TOKEN };
    assert.deepEqual(await heard({ ...EXCHANGED, ...types, audience: 'api' }), {
      door: 'token_exchange',
      proof: PROOF,
      audience: 'api',
      requestedTokenType: 'macaroon',
    });
    assert.deepEqual(await heard(DELEGATED), { door: 'token_exchange', proof: PROOF, delegation: DELEGATION });
    assert.deepEqual(await heard({ ...DELEGATED, subject_token_type: ACCESS_TOKEN, may_act: '{"sub":"b"}' }), {
      door: 'token_exchange',
      proof: PROOF,
      delegation: DELEGATION,
      mayAct: '{"sub":"b"}',
    });
  });

  it('reads what narrows as the native door does', async () => {
    const more = { tenant: 'acme', ttl: '90m', budget_credits: '3', caveats: '["tool = search","method = GET"]' };
    const { tenant, ttl, budgetCredits, caveats } = await heard({ ...ASSERTED, ...more });
    assert.deepEqual([tenant, ttl, budgetCredits, caveats], ['acme', 5400, 3, ['tool = search', 'method = GET']]);
    assert.equal((await heard({ ...ASSERTED, ttl: '60' })).ttl, 60);
    for (const bad of [
      { ttl: 'soon' },
      { budget_credits: '-1' },
      { caveats: 'tool = search' },
      { caveats: '["a"],"b":[]' },
      { caveats: '{}' },
      { tenant: 'a\nb' },
    ])
      assert.equal(await told({ ...ASSERTED, ...bad }), '400 invalid_request', JSON.stringify(bad));
  });

  it('OA-9, OA-10, OA-7, TX-7: answers the token, never cached, with its scope, and no refresh token', async () => {
    const { status, headers, json } = await send(EXCHANGED);
    assert.equal(status, 200);
    assert.deepEqual(json, {
      access_token: 'eyJ',
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: ACCESS.expiresIn,
      scope: 'a:r a:w',
      correlation_id: headers['x-correlation-id'],
    });
    assert.deepEqual([headers['cache-control'], headers.pragma], ['no-store', 'no-cache']);
    assert.equal(headers['access-control-allow-origin'], undefined, 'no page asks here');
    h.engine.onExchange = () => GRANT;
    const macaroon = (await send(EXCHANGED)).json;
    assert.equal(macaroon.issued_token_type, 'https://trustmint.dev/token-type/macaroon');
    assert.ok(!('scope' in macaroon));
    h.engine.onExchange = () => ({ ...ACCESS, tokenType: 'delegation' });
    const { token_type, issued_token_type } = (await send(EXCHANGED)).json;
    assert.deepEqual([token_type, issued_token_type], ['N_A', JWT]);
  });

  it('OA-1: takes POST and a form alone', async () => {
    const json = await ask(`${h.url}/oauth2/token`, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    });
    assert.deepEqual([json.status, json.json.error], [400, 'invalid_request']);
    const get = await ask(`${h.url}/oauth2/token`);
    assert.deepEqual([get.status, get.headers.allow], [405, 'POST']);
    assert.equal(await told(''), '400 invalid_request');
    const query = await send(SVID, {}, '/oauth2/token?scope=a');
    assert.equal(query.json.error, 'invalid_request');
    for (const path of ['/oauth2/token/', '/OAuth2/token']) assert.equal((await send(SVID, {}, path)).status, 404);
  });

  it('has an alias', async () => {
    assert.equal((await send(SVID, {}, '/connect/token')).status, 200);
  });

  it('OA-2: a parameter without a value is none, and one that nobody knows is read past', async () => {
    assert.equal((await heard({ ...SVID, scope: '', client_id: '', foo: 'bar' })).scopes, undefined);
    assert.equal(await told({ ...SVID, grant_type: '' }), '400 invalid_request');
  });

  it('OA-3, RI-1: no parameter twice, but resource and audience, of which a token has one', async () => {
    const form = new URLSearchParams(EXCHANGED).toString();
    for (const twice of ['grant_type=x', 'scope=a&scope=b', 'scope=a&scope=a', 'subject_token=x', 'x=1&x=2'])
      assert.equal(await told(`${form}&${twice}`), '400 invalid_request', twice);
    assert.equal((await heard(`${form}&audience=api&audience=api`)).audience, 'api');
    assert.equal(await told(`${form}&audience=a&audience=b`), '400 invalid_target');
    assert.equal(await told(`${form}&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb`), '400 invalid_target');
    for (const bad of ['api', '/v1', 'https://a#b', 'https://a/\u0001'])
      assert.equal(await told({ ...EXCHANGED, resource: bad }), '400 invalid_target', bad);
  });

  it('P29, OA-4, OA-6: a client authenticates in one way, which is not a secret', async () => {
    const basic = { Authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };
    for (const form of [SVID, ASSERTED, EXCHANGED]) {
      const { client_assertion: _, client_assertion_type: __, ...bare } = form as Record<string, string>;
      const by = { client_assertion: PROOF, client_assertion_type: BY_JWT };
      assert.equal(await told(bare, basic), '401 invalid_client');
      assert.equal(await told({ ...bare, client_secret: 's' }), '401 invalid_client');
      assert.equal(await told({ ...bare, ...by }, basic), '400 invalid_request');
      assert.equal(await told({ ...bare, ...by, client_secret: 's' }), '400 invalid_request');
      assert.equal(await told({ ...bare, client_secret: 's' }, basic), '400 invalid_request');
      assert.equal(await told({ ...bare, client_assertion: PROOF }), '400 invalid_request');
      assert.equal(await told({ ...bare, client_assertion_type: BY_JWT }), '400 invalid_request');
      assert.equal(await told({ ...bare, ...by, client_assertion_type: 'urn:x' }), '401 invalid_client');
    }
    assert.equal(await told({ grant_type: CC }), '401 invalid_client');
    assert.equal((await send({ grant_type: CC }, basic)).headers['www-authenticate'], 'Basic realm="trustmint"');
    assert.equal(
      (await send({ grant_type: CC }, { Authorization: 'Bearer x' })).headers['www-authenticate'],
      'Bearer realm="trustmint"',
    );
  });

  it('TX-2, TX-5, TX-10: an actor and its type go together; tokens are of the types they can be of', async () => {
    const rows: Params[] = [
      { ...EXCHANGED, actor_token_type: JWT },
      { ...DELEGATED, actor_token_type: undefined },
      { ...DELEGATED, actor_token: undefined, actor_token_type: undefined },
      { ...DELEGATED, actor_token_type: ACCESS_TOKEN },
      { ...DELEGATED, subject_token_type: ID_TOKEN },
      { ...EXCHANGED, actor_token: PROOF, actor_token_type: JWT },
      { ...EXCHANGED, subject_token_type: ACCESS_TOKEN },
      { ...EXCHANGED, subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      { ...EXCHANGED, subject_token_type: undefined },
      { ...EXCHANGED, subject_token: undefined },
      { ...EXCHANGED, requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { ...ASSERTED, assertion: undefined },
    ];
    for (const row of rows) assert.equal(await told(row), '400 invalid_request', JSON.stringify(row));
  });

  it('refuses a token at another grant’s place, where it would be overlooked', async () => {
    for (const [form, name] of [
      [SVID, 'subject_token'],
      [SVID, 'assertion'],
      [ASSERTED, 'actor_token'],
      [ASSERTED, 'may_act'],
      [EXCHANGED, 'assertion'],
    ] as const)
      assert.equal(await told({ ...form, [name]: PROOF }), '400 invalid_request', name);
  });

  it('OA-8: a scope that is malformed is an invalid_scope, and a grant that is unknown its own error', async () => {
    for (const scope of ['"', 'a\\b', 'a  b', ' a', 'é', 'a\tb', 'x'.repeat(20_000)])
      assert.equal(await told({ ...ASSERTED, scope }), '400 invalid_scope', scope.slice(0, 9));
    for (const grant_type of ['password', 'authorization_code', 'refresh_token', 'CLIENT_CREDENTIALS', '__proto__'])
      assert.equal(await told({ ...ASSERTED, grant_type }), '400 unsupported_grant_type', grant_type);
  });

  it('bad forms are refused, whatever is wrong with them, and each leaves its record', async () => {
    for (const bad of ['grant_type=%', 'a=%ff', '%e0%a4=1', '&'.repeat(70), `grant_type=${CC}&%zz=1`])
      assert.equal(await told(bad), '400 invalid_request', bad.slice(0, 20));
    const big = await send({ ...ASSERTED, x: 'y'.repeat(33_000) });
    assert.deepEqual([big.status, big.json.error], [413, 'request_too_large']);
    assert.equal(await told({ ...ASSERTED }, { 'Content-Encoding': 'gzip' }), '400 invalid_request');
    assert.equal(await told({ ...ASSERTED }, { 'Content-Type': `${FORM}; charset=latin1` }), '400 invalid_request');
    assert.equal((await send(ASSERTED, { 'Content-Type': `${FORM}; charset=UTF-8` })).status, 200);
    assert.ok(h.engine.refusals.length >= 7);
    for (const { door } of h.engine.refusals) assert.equal(door, 'token');
    assert.ok(!JSON.stringify(h.engine.refusals).includes(PROOF));
  });

  it('answers what the engine refuses by the grant’s own errors, and outages as what they are', async () => {
    const codes = async (form: Params) => {
      const { status, json, headers } = await send(form);
      assert.match(json.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/);
      assert.equal(headers['cache-control'], 'no-store');
      return `${status} ${json.error}${headers['retry-after'] ? ` ${headers['retry-after']}` : ''}`;
    };
    const refusal = (code: string, more: object = {}) => {
      h.engine.onExchange = () => ({ granted: false, code: code as 'invalid_proof', message: 'a "b" \\ é', ...more });
    };
    const all = async () => Promise.all([SVID, ASSERTED, EXCHANGED].map(codes));
    refusal('invalid_proof');
    assert.deepEqual(await all(), ['401 invalid_client', '400 invalid_grant', '400 invalid_request']);
    refusal('no_matching_policy');
    assert.deepEqual(await all(), ['400 unauthorized_client', '400 invalid_grant', '400 invalid_request']);
    for (const [about, expected] of [
      ['client', '401 invalid_client'],
      ['target', '400 invalid_target'],
      ['scope', '400 invalid_scope'],
    ]) {
      refusal('invalid_proof', { about });
      assert.deepEqual(await all(), [expected, expected, expected]);
    }
    refusal('temporarily_unavailable', { retryAfter: 7 });
    assert.equal(await codes(ASSERTED), '503 temporarily_unavailable 7');
    refusal('rate_limited', { retryAfter: 2, about: 'client' });
    assert.equal(await codes(ASSERTED), '429 rate_limited 2');
    h.engine.onExchange = () => {
      throw new Error('boom');
    };
    assert.equal(await codes(ASSERTED), '500 server_error');
  });

  it('is counted with the other exchanges', async () => {
    await send(ASSERTED);
    await send('x');
    const { text } = await ask(`${h.opsUrl}/metrics`);
    assert.match(text, /trustmint_exchange_requests_total\{result="granted",code="ok"\} 1/);
    assert.match(text, /trustmint_exchange_requests_total\{result="refused",code="invalid_request"\} 1/);
  });
});
