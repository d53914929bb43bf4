import assert from 'node:assert/strict';
import { ask, GRANT, type Harness, PROOF, stopAll } from '../support.ts';
import {
  ACCESS,
  ACCESS_TOKEN,
  ASSERTED,
  BY_JWT,
  CC,
  DELEGATED,
  DELEGATION,
  EXCHANGED,
  heard,
  ID_TOKEN,
  JWT,
  SVID,
  send,
  startToken,
  told,
} from './token-support.ts';

describe('POST /oauth2/token', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await startToken();
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
});
