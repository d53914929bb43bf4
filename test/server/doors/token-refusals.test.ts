import assert from 'node:assert/strict';
import { ask, type Harness, PROOF, stopAll } from '../support.ts';
import {
  ACCESS_TOKEN,
  ASSERTED,
  BY_JWT,
  CC,
  DELEGATED,
  EXCHANGED,
  FORM,
  heard,
  ID_TOKEN,
  JWT,
  type Params,
  SVID,
  send,
  startToken,
  told,
} from './token-support.ts';

describe('what the token endpoint refuses', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await startToken();
  });
  afterEach(stopAll);

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
    const { json } = await send({ ...SVID, client_secret: 's' });
    assert.match(json.error_description, /RFC 6749, section 2\.3/, 'in the characters that RFC 6749 §5.2 allows');
    assert.equal(await told({ grant_type: CC }), '401 invalid_client');
    for (const by of [basic, { Authorization: 'Basic' }])
      assert.equal((await send({ grant_type: CC }, by)).headers['www-authenticate'], 'Basic realm="trustmint"');
    assert.equal(
      (await send({ grant_type: CC }, { Authorization: 'Bearer x' })).headers['www-authenticate'],
      'Bearer realm="trustmint"',
    );
  });

  it('TX-7: a JWT may be asked for as one: an access token, or what is handed on', async () => {
    const asked = { ...EXCHANGED, requested_token_type: JWT };
    assert.equal((await heard(asked)).requestedTokenType, 'access_token');
    const handing = { audience: 'https://mint.example', may_act: '{"sub":"a"}' };
    assert.equal((await heard({ ...asked, ...handing })).requestedTokenType, 'delegation');
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
