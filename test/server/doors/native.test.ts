import assert from 'node:assert/strict';
import type { Refusal } from '../../../src/exchange/types.ts';
import { ask, GRANT, type Harness, PROOF, post, start, stopAll } from '../support.ts';

const MACAROON = 'https://trustmint.dev/token-type/macaroon';

describe('POST /api/mint/exchange', () => {
  let h: Harness;
  let url: string;
  beforeEach(async () => {
    h = await start();
    url = `${h.url}/api/mint/exchange`;
  });
  afterEach(stopAll);

  it('answers a proof in the JSON body with a token and all that belongs to it', async () => {
    h.engine.onExchange = () => ({ ...GRANT, label: 'ci-7', scopes: ['a:read'] });
    const answer = await post(url, { credentials: PROOF });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.deepEqual(answer.json, {
      token: GRANT.token,
      token_type: 'Bearer',
      issued_token_type: MACAROON,
      expires_at: '2026-01-01T08:00:00Z',
      expires_in: 28_800,
      grant_id: 'gid-1',
      policy: 'ai-agents/research',
      resource: 'default',
      scopes: ['a:read'],
      caveats: [...GRANT.caveats],
      label: 'ci-7',
      correlation_id: answer.headers['x-correlation-id'],
    });
    assert.equal(h.engine.exchanges[0]?.proof, PROOF);
    assert.equal(h.engine.exchanges[0]?.peer, '127.0.0.1');
  });

  it('leaves out label and scopes where the grant has none', async () => {
    const { json } = await post(url, { credentials: PROOF });
    assert.equal('label' in json || 'scopes' in json, false);
  });

  it('BR-1: takes the proof from a bearer header alone, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await ask(url, { method: 'POST', headers: { Authorization: `${scheme} ${PROOF}` } });
      assert.equal(answer.status, 200);
    }
    assert.deepEqual(
      h.engine.exchanges.map((e) => e.proof),
      [PROOF, PROOF, PROOF],
    );
  });

  it('takes header and body together if they are equal, as the published client sends them, newline of the file and all', async () => {
    const answer = await post(url, { credentials: `${PROOF}\n` }, { Authorization: `Bearer ${PROOF}` });
    assert.equal(answer.status, 200);
    assert.equal(h.engine.exchanges[0]?.proof, PROOF);
  });

  it('hands on everything that narrows, in the engine’s units', async () => {
    await post(url, {
      credentials: PROOF,
      resource: 'https://api.example/a',
      audience: 'a',
      scopes: ['a:read', 'a:write', 'a:read'],
      tenant: 'acme',
      ttl: '1h30m',
      budget_credits: 10,
      caveats: ['tool = search'],
      requested_token_type: MACAROON,
    });
    const { correlationId, ...request } = h.engine.exchanges[0]!;
    assert.match(correlationId, /^[0-9a-f]{32}$/);
    assert.deepEqual(request, {
      door: 'native',
      callerId: undefined,
      peer: '127.0.0.1',
      proof: PROOF,
      resource: 'https://api.example/a',
      audience: 'a',
      scopes: ['a:read', 'a:write'],
      tenant: 'acme',
      ttl: 5400,
      budgetCredits: 10,
      caveats: ['tool = search'],
      requestedTokenType: 'macaroon',
    });
  });

  for (const [ttl, seconds] of [
    ['8h', 28_800],
    ['90m', 5400],
    ['45s', 45],
    [600, 600],
  ] as const) {
    it(`reads a ttl of ${ttl} as ${seconds} seconds`, async () => {
      await post(url, { credentials: PROOF, ttl });
      assert.equal(h.engine.exchanges[0]?.ttl, seconds);
    });
  }

  it('reads scope as a space-delimited list too', async () => {
    await post(url, { credentials: PROOF, scope: 'a:read a:write' });
    assert.deepEqual(h.engine.exchanges[0]?.scopes, ['a:read', 'a:write']);
  });

  it('takes a charset of UTF-8 and a short name for the token type', async () => {
    const headers = { 'Content-Type': 'Application/JSON; charset="UTF-8"' };
    const answer = await post(url, { credentials: PROOF, requested_token_type: 'macaroon' }, headers);
    assert.equal(answer.status, 200);
  });

  it('answers a JWT as an access token, with its client and scopes and without a caveat', async () => {
    const jwt = { tokenType: 'access_token', scopes: ['a:read'], clientId: 'worker', caveats: [] } as const;
    h.engine.onExchange = () => ({ ...GRANT, ...jwt });
    const uri = 'urn:ietf:params:oauth:token-type:access_token';
    for (const requested_token_type of [uri, 'access_token']) {
      const { json } = await post(url, { credentials: PROOF, requested_token_type });
      assert.deepEqual(
        [json.token_type, json.issued_token_type, json.client_id, json.scopes, json.caveats],
        ['Bearer', uri, 'worker', ['a:read'], []],
      );
      assert.equal(h.engine.exchanges.at(-1)?.requestedTokenType, 'access_token');
    }
  });

  it('BR-4: no credential at all is 401 with a challenge that holds no error code', async () => {
    for (const sent of [{}, { headers: { Authorization: 'Basic YTpi' } }, { headers: { Authorization: 'Bearer' } }]) {
      const answer = await ask(url, { method: 'POST', ...sent });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="trustmint"');
      assert.equal(answer.json.error, 'invalid_proof');
    }
    assert.equal((await post(url, {})).status, 401);
    assert.equal(h.engine.refusals.length, 4);
  });

  it('BR-6: refuses a query, where tokens would be logged and limits overlooked', async () => {
    const answer = await post(`${url}?access_token=${PROOF}`, { credentials: PROOF });
    assert.equal(answer.status, 400);
    assert.match(answer.json.error_description, /query/);
  });

  const refusals: [Refusal, number, Record<string, string>][] = [
    [
      { granted: false, code: 'invalid_proof', message: 'the proof is not valid' },
      401,
      { 'www-authenticate': 'Bearer realm="trustmint", error="invalid_token"' },
    ],
    [{ granted: false, code: 'no_matching_policy', message: 'no policy' }, 403, {}],
    [{ granted: false, code: 'exceeds_policy', message: 'at most 1h' }, 403, {}],
    [{ granted: false, code: 'invalid_request', message: 'unknown resource' }, 400, {}],
    [{ granted: false, code: 'rate_limited', message: 'slow down', retryAfter: 2.2 }, 429, { 'retry-after': '3' }],
    [{ granted: false, code: 'rate_limited', message: 'slow down' }, 429, { 'retry-after': '1' }],
    [{ granted: false, code: 'temporarily_unavailable', message: 'keys' }, 503, { 'retry-after': '5' }],
  ];
  for (const [refusal, status, headers] of refusals) {
    it(`BR-3 BR-5: renders the engine's ${refusal.code} as ${status} ${JSON.stringify(headers)}`, async () => {
      h.engine.onExchange = () => refusal;
      const answer = await post(url, { credentials: PROOF });
      assert.equal(answer.status, status);
      assert.deepEqual(
        { error: answer.json.error, error_description: answer.json.error_description },
        { error: refusal.code, error_description: refusal.message },
      );
      for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers[name], value);
      assert.equal(h.engine.refusals.length, 0, 'the engine has recorded it itself');
    });
  }

  it('keeps descriptions to the characters of RFC 6749 §5.2 and to a bounded length', async () => {
    h.engine.onExchange = () => ({ granted: false, code: 'exceeds_policy', message: `"ü"\\\n${'x'.repeat(2000)}` });
    const { json } = await post(url, { credentials: PROOF });
    assert.match(json.error_description, /^'\?'\?\?x+$/);
    assert.equal(json.error_description.length, 512);
  });

  it('answers 500 without a trace when something throws, logs its frames by the correlation id, and lives', async () => {
    h.engine.onExchange = () => {
      throw new TypeError(`cannot read ${PROOF}`);
    };
    const answer = await post(url, { credentials: PROOF });
    assert.equal(answer.status, 500);
    assert.equal(answer.json.error, 'server_error');
    assert.doesNotMatch(answer.text, /TypeError|at |\.ts/);
    assert.equal(h.logs.length, 1);
    assert.equal(h.logs[0]?.fields.correlationId, answer.json.correlation_id);
    assert.match(String(h.logs[0]?.fields.frames), /support\.ts|native\.test\.ts/);
    assert.equal(JSON.stringify(h.logs).includes(PROOF), false);
    h.engine.onExchange = () => GRANT;
    assert.equal((await post(url, { credentials: PROOF })).status, 200);
  });

  it('answers its refusal even when the record of it throws', async () => {
    h.engine.doorRefused = async () => {
      throw new Error('disk');
    };
    assert.equal((await post(url, '[]')).status, 400);
    assert.equal(h.logs.length, 1);
  });
});
