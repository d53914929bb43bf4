import assert from 'node:assert/strict';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask, post } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, type Mint, serve, trustmint, until } from './support.ts';

const ISSUER = 'http://mint.localhost';
const AUDIENCE = 'sample-api-a';
const SCOPE = 'sample-api-a:write';

/** The seed's API: its tokens are JWTs with `scope` as an array. */
const API = JSON.stringify({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: 'sample-api-a' },
  spec: { audience: AUDIENCE, tokenType: 'JWT', scopes: [SCOPE], scopeFormat: 'Array', limits: { maxTtl: '1h' } },
});
const RULE = {
  name: 'worker',
  match: { serviceAccount: '*' },
  issue: { resources: ['sample-api-a'], scopes: [SCOPE], ttl: '8h', clientId: 'global-worker' },
};
const MACAROONS = { name: 'rest', match: { serviceAccount: '*' }, issue: { ttl: '1h' } };

describe('a resource that takes JWTs, standalone', function () {
  // Bounds of a second are ours; what else this machine is busy with is not.
  this.retries(2);
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
  });
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [RULE, MACAROONS]), 'api.yaml': API });
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const exchanged = async (more: object = { scopes: [SCOPE] }) => {
    const answer = await mint.exchange(await issuer.sign(account('agent')), more);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const verified = (token: string, more: object = {}) =>
    post(`${mint.url}/api/mint/verify`, { token, resource: 'sample-api-a', call: { scope: SCOPE }, ...more });
  const resourceServer = () => {
    const jwks = createRemoteJWKSet(new URL(`${mint.url}/oauth2/jwks`));
    return (token: string) => jwtVerify(token, jwks, { typ: 'at+jwt', issuer: ISSUER, audience: AUDIENCE });
  };

  it('gives an access token that an API verifies with jose and the published keys, and the mint itself', async () => {
    const answer = await exchanged();
    const { token, grant_id: grant } = answer;
    assert.deepEqual(
      [answer.token_type, answer.issued_token_type, answer.client_id, answer.scopes, answer.caveats],
      ['Bearer', 'urn:ietf:params:oauth:token-type:access_token', 'global-worker', [SCOPE], []],
    );
    const { payload, protectedHeader } = await resourceServer()(token);
    assert.equal(protectedHeader.alg, 'ES256');
    const { iat, exp, jti, policy, ...said } = payload;
    assert.deepEqual(said, {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'k8s:ai-agents/agents:ai-agents:agent',
      client_id: 'global-worker',
      scope: [SCOPE],
      tenant: 'default',
      grant,
    });
    assert.equal(exp! - iat!, 3600);
    const { json } = await verified(token);
    assert.deepEqual(
      [json.active, json.jti, json.policy, json.client_id, json.scopes, json.subject],
      [true, jti, policy, 'global-worker', [SCOPE], said.sub],
    );
    const record = mint.audit().find(({ outcome }) => outcome === 'granted');
    assert.deepEqual([record.granted.client_id, record.granted.scopes], ['global-worker', [SCOPE]]);
    assert.ok(!(mint.log() + JSON.stringify(mint.audit())).includes(token));
  });

  it('is refused once it is revoked, while an API that only verifies takes it until it expires', async () => {
    const { token } = await exchanged();
    const { payload } = await resourceServer()(token);
    const ran = await trustmint(['revoke', '--data-dir', mint.dataDir, '--token', payload.jti!, '--reason', 'leaked']);
    assert.equal(ran.code, 0, ran.err);
    await until('it is refused', async () => !(await verified(token)).json.active, 1000);
    assert.equal((await verified(token)).json.reason, 'revoked');
    await resourceServer()(token);
    const feed = await ask(`${mint.url}/api/mint/revocations?resource=sample-api-a`);
    assert.deepEqual(
      feed.json.entries.map(({ by, value }: { by: string; value: string }) => [by, value]),
      [['token', payload.jti]],
    );
    assert.equal((await verified((await exchanged()).token)).json.active, true, 'another one lives');
  });

  it('dies with its policy, and no other is given', async () => {
    const { token } = await exchanged();
    mint.write('agents.yaml', agentsPolicy(issuer.url, [RULE], { state: 'Revoked' }));
    await until('it is refused', async () => !(await verified(token)).json.active);
    const refused = await mint.exchange(await issuer.sign(account('agent')), { scopes: [SCOPE] });
    assert.deepEqual([refused.status, refused.json.error], [403, 'no_matching_policy']);
  });

  it('P8: the token is no proof, no token of another resource, and nothing without its own signature', async () => {
    const { token } = await exchanged();
    const again = await mint.exchange(token, { scopes: [SCOPE] });
    assert.deepEqual([again.status, again.json.error], [401, 'invalid_proof']);
    assert.equal((await verified(token, { resource: 'default', call: {} })).json.active, false);
    const macaroon = (await exchanged({})).token;
    assert.equal((await verified(macaroon)).json.active, false);
    const [head, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'user:alice' })).toString('base64url');
    assert.equal((await verified(`${head}.${forged}.${signature}`)).json.reason, 'signature');
    await assert.rejects(resourceServer()(`${head}.${forged}.${signature}`), errors.JWSSignatureVerificationFailed);
  });

  it('refuses what a JWT would ignore, another kind of token, more than the rule gives, and two resources', async () => {
    const proof = await issuer.sign(account('agent'));
    const codes = async (more: object) => {
      const { status, json } = await mint.exchange(proof, { scopes: [SCOPE], ...more });
      return [status, json.error];
    };
    assert.deepEqual(await codes({ caveats: ['tool = search'] }), [400, 'invalid_request']);
    assert.deepEqual(await codes({ budget_credits: 1 }), [400, 'invalid_request']);
    assert.deepEqual(await codes({ requested_token_type: 'macaroon' }), [400, 'invalid_request']);
    assert.deepEqual(await codes({ ttl: '2h' }), [403, 'exceeds_policy']);
    assert.deepEqual(await codes({ resource: 'default' }), [403, 'no_matching_policy']);
    const keys = await ask(`${mint.url}/api/mint/keys?resource=sample-api-a`);
    assert.deepEqual([keys.status, keys.json.error], [400, 'invalid_request']);
  });

  it('goes on verifying what was signed before a rotation, with the keys that /oauth2/jwks publishes', async () => {
    const before = (await exchanged()).token;
    const published = async () => {
      const { json } = await ask(`${mint.url}/oauth2/jwks`);
      return json.keys.map(({ kid }: { kid: string }) => kid) as string[];
    };
    const kids = await published();
    const kidOf = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string;
    assert.ok(kids.includes(kidOf(before)));
    await mint.stop();
    const ran = await trustmint(['keys', 'rotate', '--now', '--data-dir', mint.dataDir]);
    assert.equal(ran.code, 0, ran.err);
    mint = await serve({}, [], mint);
    const after = (await exchanged()).token;
    assert.notEqual(kidOf(after), kidOf(before));
    for (const token of [before, after]) {
      await resourceServer()(token);
      assert.equal((await verified(token)).json.active, true);
    }
  });
});
