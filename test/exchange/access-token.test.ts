import assert from 'node:assert/strict';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Grant } from '../../src/exchange/index.ts';
import { API, giving, ISSUER, JWT, OBJECTS, verdict } from './jwt-support.ts';
import { refusal, resource, type World, world } from './support.ts';

const jwksOf = (w: World) => createLocalJWKSet({ keys: w.keyring.jwks().keys.map((key) => ({ ...key })) });
const read = (w: World, token: string, audience = 'api-audience') =>
  jwtVerify(token, jwksOf(w), { typ: 'at+jwt', issuer: ISSUER, audience, currentDate: new Date(w.clock.now()) });

describe('an exchange for a resource that takes JWTs', () => {
  let w: World;
  let grant: Grant;
  beforeEach(async () => {
    w = await world(OBJECTS);
    grant = await w.granted({ resource: 'api' });
  });

  it('gives an access token that jose verifies with our published keys, and no caveat', async () => {
    assert.deepEqual(
      [grant.tokenType, grant.caveats, grant.scopes, grant.clientId],
      ['access_token', [], ['a:r', 'a:w'], 'trustmint:ai-agents/research/api'],
    );
    const iat = Math.floor(w.clock.now() / 1000);
    const { payload, protectedHeader } = await read(w, grant.token);
    assert.deepEqual(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: `${w.keyring.active().kid}.es256` });
    assert.deepEqual(payload, {
      iss: ISSUER,
      aud: 'api-audience',
      sub: 'k8s:ai-agents/research:ai-agents:research-agent',
      client_id: 'trustmint:ai-agents/research/api',
      iat,
      exp: iat + 1800,
      jti: grant.jti,
      scope: 'a:r a:w',
      tenant: 'acme',
      grant: grant.grantId,
      policy: 'uid-research',
    });
    assert.deepEqual([grant.expiresAt, grant.expiresIn], [iat + 1800, 1800]);
  });

  it('leaves an audit record of what the token says, and of the token only its hash', () => {
    const { granted } = w.record();
    assert.deepEqual([granted.scopes, granted.client_id, granted.caveats], [['a:r', 'a:w'], grant.clientId, []]);
    assert.ok(!w.sink.lines.join().includes(grant.token));
  });

  it('P36: writes scope and signs as the resource says', async () => {
    for (const signingAlgorithm of ['ES256', 'RS256', 'EdDSA']) {
      w.serve(
        resource('api', { audience: 'api-audience', ...JWT, scopeFormat: 'Array', signingAlgorithm }),
        giving({}),
      );
      const { token } = await w.granted({ scopes: ['a:w'] });
      assert.equal(decodeProtectedHeader(token).alg, signingAlgorithm);
      assert.deepEqual((await read(w, token)).payload.scope, ['a:w']);
      assert.equal(verdict(w.verify(token, { resource: 'api', call: { scope: 'a:w' } })), 'active');
    }
  });

  it('says the client that the rule names', async () => {
    w.serve(API, giving({ resources: ['api'], clientId: 'agent-{{ .Attributes.serviceAccount }}' }));
    const { token } = await w.granted({ resource: 'api' });
    assert.equal((await read(w, token)).payload.client_id, 'agent-research-agent');
  });

  it('has no scope for a resource without scopes', async () => {
    const { token, scopes } = await w.granted({ resource: 'bare' });
    assert.equal(scopes, undefined);
    assert.ok(!('scope' in (await read(w, token, 'bare')).payload));
    assert.equal(verdict(w.verify(token, { resource: 'bare' })), 'active');
  });

  it('P30: gives less where less is asked for, and never more', async () => {
    const { token, expiresIn } = await w.granted({ scopes: ['a:r'], ttl: 60 });
    assert.deepEqual([(await read(w, token)).payload.scope, expiresIn], ['a:r', 60]);
    const over = async (request: object) => refusal(w, await w.proof(), { resource: 'api', ...request });
    assert.equal((await over({ ttl: 1801 })).message, 'ttl: at most 1800 seconds');
    assert.equal((await over({ scopes: ['a:r', 'a:x'] })).message, 'scopes: at most a:r a:w');
  });

  it('refuses what a JWT would ignore', async () => {
    for (const request of [{ caveats: ['tool = search'] }, { budgetCredits: 1 }]) {
      const said = await refusal(w, await w.proof(), { resource: 'api', ...request });
      assert.deepEqual([said.code, said.stage, said.reason], ['invalid_request', 'request', 'not_enforceable']);
    }
    await w.granted({ resource: 'api', caveats: [] });
  });

  it('takes requested_token_type as a confirmation and no more', async () => {
    await w.granted({ resource: 'api', requestedTokenType: 'access_token' });
    await w.granted({ resource: 'files', requestedTokenType: 'macaroon' });
    for (const [name, requestedTokenType] of [
      ['api', 'macaroon'],
      ['files', 'access_token'],
    ] as const) {
      const said = await refusal(w, await w.proof(), { resource: name, requestedTokenType });
      assert.deepEqual([said.code, said.reason], ['invalid_request', 'token_type'], name);
    }
  });

  it('AT-5: is for one resource; a door of OAuth learns that the target is at fault, or the scope', async () => {
    const about = async (request: object) => {
      const outcome = await w.exchange(await w.proof(), request);
      assert.ok(!outcome.granted);
      return [outcome.code, outcome.about];
    };
    assert.deepEqual(await about({ scopes: ['a:r', 'f:r'] }), ['no_matching_policy', 'target']);
    assert.equal(w.record().refused.reason, 'resource_mismatch');
    assert.deepEqual(await about({ resource: 'nobody' }), ['no_matching_policy', 'target']);
    assert.deepEqual(await about({ resource: 'api', scopes: ['a:x'] }), ['exceeds_policy', 'scope']);
    assert.deepEqual(await about({ resource: 'api', ttl: 9999 }), ['exceeds_policy', undefined]);
    assert.deepEqual(await about({ tenant: 'other' }), ['no_matching_policy', undefined]);
  });

  it('P35: ends with the least of rule, resource, request and, where the rule says so, the proof', async () => {
    w.serve(API, giving({ resources: ['api'], ttlFromProof: true }));
    const life = async (request: object) => (await w.granted({ resource: 'api', ...request })).expiresIn;
    assert.deepEqual([await life({}), await life({ ttl: 60 })], [540, 60]);
    w.serve(API, giving({ resources: ['api'], ttl: '10m' }));
    assert.equal(await life({}), 600);
  });

  it('is 503 and no refusal of the caller while no key signs by the algorithm', async () => {
    const { keyring } = w;
    const none = { ...bound(keyring), signingKey: () => undefined };
    const without = await world(OBJECTS, { keyring: none });
    const said = await refusal(without, await without.proof(), { resource: 'api' });
    assert.deepEqual([said.code, said.stage, said.reason], ['temporarily_unavailable', 'mint', 'no_signing_key']);
  });
});

const bound = (keyring: World['keyring']) => ({
  active: () => keyring.active(),
  rootKey: (kid: string, audience: string) => keyring.rootKey(kid, audience),
  resourceKeys: (audience: string) => keyring.resourceKeys(audience),
  signingKey: (alg: 'ES256') => keyring.signingKey(alg),
  verificationKey: (kid: string) => keyring.verificationKey(kid),
  jwks: () => keyring.jwks(),
  states: () => keyring.states(),
});
