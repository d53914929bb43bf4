import assert from 'node:assert/strict';
import { ask, type Harness, start, stopAll } from '../support.ts';

const FORM = 'application/x-www-form-urlencoded';
let h: Harness;

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  ask(h.url + path, { method: 'POST', body, headers: { 'Content-Type': FORM, ...headers } });

describe('POST /oauth2/introspect', () => {
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  const JWT = {
    active: true,
    jti: 'j',
    grantId: 'g',
    policy: 'p',
    agent: 'uid-a',
    tenant: 'acme',
    subject: 'user:alice',
    issuedAt: 1_767_225_600,
    expiresAt: 1_767_229_200,
    attributes: { tenant: 'acme' },
    notes: [],
    caveats: [],
    scopes: ['a:r', 'a:w'],
    clientId: 'global-worker',
    act: { sub: 'spiffe://cluster.local/a' },
    resource: 'api',
    audience: 'api-audience',
    tokenType: 'access_token',
    unchecked: [],
    staleSeconds: 3,
  } as const;

  it('IN-3: says of a JWT what RFC 7662 has words for, and who acts', async () => {
    h.engine.onIntrospect = () => JWT;
    const { status, json } = await post('/oauth2/introspect', 'token=t&token_type_hint=access_token&foo=bar');
    assert.equal(status, 200);
    const { correlation_id, ...said } = json;
    assert.match(correlation_id, /^[0-9a-f]{32}$/);
    assert.deepEqual(said, {
      active: true,
      scope: 'a:r a:w',
      client_id: 'global-worker',
      act: { sub: 'spiffe://cluster.local/a' },
      token_type: 'Bearer',
      exp: 1_767_229_200,
      iat: 1_767_225_600,
      sub: 'user:alice',
      aud: 'api-audience',
      iss: 'https://mint.example',
      jti: 'j',
      tenant: 'acme',
      grant: 'g',
      policy: 'p',
      agent: 'uid-a',
      stale_seconds: 3,
    });
    assert.deepEqual(h.engine.introspected, ['t']);
  });

  it('IN-5: says of a macaroon its caveats, and which of them it could not judge', async () => {
    const { scopes: _, clientId: __, act: ___, ...rest } = JWT;
    const caveats = ['time < 2026-01-01T01:00:00Z', 'tool = search'];
    h.engine.onIntrospect = () => ({
      ...rest,
      tokenType: 'macaroon',
      caveats,
      unchecked: ['tool = search'],
      agent: null,
    });
    const { json } = await post('/oauth2/introspect', 'token=t');
    assert.deepEqual([json.caveats, json.unchecked, json.attributes], [caveats, ['tool = search'], { tenant: 'acme' }]);
    assert.ok(!('client_id' in json) && !('agent' in json) && !('scope' in json));
  });

  it('IN-2: says nothing else of one that is not active', async () => {
    const { status, text } = await post('/oauth2/introspect', 'token=t');
    assert.deepEqual([status, text], [200, '{"active":false}']);
  });

  it('IN-1: wants a form, a token and a verifier, and says when it cannot know', async () => {
    for (const bad of ['', 'token=', 'token=a&token=b'])
      assert.equal((await post('/oauth2/introspect', bad)).json.error, 'invalid_request');
    h.engine.onIntrospect = () => ({
      granted: false,
      code: 'temporarily_unavailable',
      message: 'stale',
      retryAfter: 9,
    });
    const { status, headers } = await post('/oauth2/introspect', 'token=t');
    assert.deepEqual([status, headers['retry-after']], [503, '9']);
    await stopAll();
    h = await start({ verifierToken: () => Buffer.from('a-long-enough-secret') });
    const none = await post('/oauth2/introspect', 'token=t');
    assert.deepEqual([none.status, none.headers['www-authenticate']], [401, 'Bearer realm="trustmint"']);
    const good = await post('/oauth2/introspect', 'token=t', { Authorization: 'Bearer a-long-enough-secret' });
    assert.equal(good.status, 200);
  });

  it('P34: says to a verifier of another resource that the token is not active', async () => {
    await stopAll();
    const asked: (string | undefined)[] = [];
    let last: 'ok' | 'unauthorized' | 'unavailable' = 'ok';
    const authorize = async (_kind: string, _bearer: string | undefined, resource?: string) => {
      asked.push(resource);
      return resource === undefined ? 'ok' : last;
    };
    h = await start({ access: { authorize } });
    h.engine.onIntrospect = () => JWT;
    const text = async () => (await post('/oauth2/introspect', 'token=t', { Authorization: 'Bearer x' })).text;
    assert.match(await text(), /^\{"active":true/);
    assert.deepEqual(asked, [undefined, 'api']);
    last = 'unauthorized';
    assert.equal(await text(), '{"active":false}');
    last = 'unavailable';
    assert.match(await text(), /temporarily_unavailable/);
  });
});

describe('POST /oauth2/revoke', () => {
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  it('RV-1, RV-2: wants the token alone, and answers 200 whether there was anything to do or not', async () => {
    for (const made of [true, false]) {
      h.engine.onRevoke = () => ({ made });
      const { status, json } = await post('/oauth2/revoke', 'token=t&token_type_hint=refresh_token');
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(json), ['correlation_id']);
    }
    assert.deepEqual(
      h.engine.revoked.map(({ token }) => token),
      ['t', 't'],
    );
    const { text } = await ask(`${h.opsUrl}/metrics`);
    assert.match(text, /trustmint_revoke_requests_total\{result="made"\} 1/);
    assert.match(text, /trustmint_revoke_requests_total\{result="nothing"\} 1/);
  });

  it('RV-3: is refused where it cannot be read, limited, or kept', async () => {
    assert.equal((await post('/oauth2/revoke', 'x=1')).json.error, 'invalid_request');
    assert.equal((await ask(`${h.url}/oauth2/revoke?token=t`)).status, 405);
    h.engine.onRevoke = () => ({ granted: false, code: 'temporarily_unavailable', message: 'no disk' });
    const away = await post('/oauth2/revoke', 'token=t');
    assert.deepEqual([away.status, away.json.error], [503, 'temporarily_unavailable']);
    h.engine.onRevoke = () => ({ granted: false, code: 'rate_limited', message: 'too many', retryAfter: 10 });
    const often = await post('/oauth2/revoke', 'token=t');
    assert.deepEqual([often.status, often.headers['retry-after']], [429, '10']);
  });
});
