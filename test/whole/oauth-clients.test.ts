import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { discoverAuthorizationServerMetadata, fetchToken } from '@modelcontextprotocol/sdk/client/auth.js';
import {
  PrivateKeyJwtProvider,
  StaticPrivateKeyJwtProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { createRemoteJWKSet, decodeJwt, exportJWK, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask } from '../server/support.ts';
import { pyjwt } from '../support/pyjwt.ts';
import type { AskPeer } from '../support/python-peer.ts';
import { AGENTS, agentWorld, BY_JWT, GRANTS, idOf, JWT, pathOf, SCOPE, tokenOf, typeOf } from './oauth-support.ts';
import { cleanUp, type Mint, until } from './support.ts';

const [A, B] = AGENTS;
const PLAIN = { [oauth.allowInsecureRequests]: true } as const;

describe('clients of others', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
    mint = await agentWorld(issuer, 'String');
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });

  const svid = (name: string = A) => issuer.sign({ kind: 'spiffe', path: pathOf(name), audience: mint.url });
  const assertion = (proof: string) => (_as: unknown, _client: unknown, body: URLSearchParams) => {
    body.set('client_assertion_type', BY_JWT);
    body.set('client_assertion', proof);
  };
  const check = async (token: string) => {
    const jwks = createRemoteJWKSet(new URL(`${mint.url}/oauth2/jwks`));
    const { payload } = await jwtVerify(token, jwks, { issuer: mint.url, audience: 'sample-api-a', typ: 'at+jwt' });
    assert.deepEqual([payload.sub, payload.scope], ['user:alice', SCOPE]);
    return payload;
  };
  const delegated = async () =>
    tokenOf(mint, {
      ...{ grant_type: GRANTS.cc, client_assertion_type: BY_JWT, client_assertion: await svid(), scope: SCOPE },
      ...{ audience: mint.url, may_act: JSON.stringify({ sub: idOf(B) }) },
    });

  describe('oauth4webapi', () => {
    const discovered = async (algorithm: 'oauth2' | 'oidc' = 'oauth2') => {
      const url = new URL(mint.url);
      return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...PLAIN }));
    };
    const server = () => discovered();
    const client = { client_id: typeOf(A) };

    it('gets a token by client_credentials, and validates it', async () => {
      const as = await server();
      const params = new URLSearchParams({ scope: SCOPE });
      const response = await oauth.clientCredentialsGrantRequest(as, client, assertion(await svid()), params, PLAIN);
      const result = await oauth.processClientCredentialsResponse(as, client, response);
      assert.equal(result.scope, SCOPE);
      const payload = await check(result.access_token);
      const request = new Request('https://api.example/', {
        headers: { Authorization: `Bearer ${result.access_token}` },
      });
      const claims = await oauth.validateJwtAccessToken(as, request, 'sample-api-a', PLAIN);
      assert.equal(claims.client_id, payload.client_id);
    });

    it('exchanges a proof, and a delegation token with the actor’s proof', async () => {
      const as = await server();
      const exchange = async (params: Record<string, string>, as_: string) => {
        const request = oauth.genericTokenEndpointRequest(
          as,
          { client_id: as_ },
          oauth.None(),
          GRANTS.exchange,
          params,
          PLAIN,
        );
        return oauth.processGenericTokenEndpointResponse(as, { client_id: as_ }, await request);
      };
      const plain = { subject_token: await svid(), subject_token_type: JWT, scope: SCOPE };
      await check((await exchange(plain, typeOf(A))).access_token);
      const actor = { actor_token: await svid(B), actor_token_type: JWT };
      const result = await exchange({ subject_token: await delegated(), subject_token_type: JWT, ...actor }, typeOf(B));
      assert.deepEqual((await check(result.access_token)).act, { sub: idOf(B), act: { sub: idOf(A) } });
    });

    it('reads our errors, and introspects and revokes', async () => {
      const as = await server();
      const refused = async (scope: string, proof: string) => {
        const params = new URLSearchParams({ scope });
        const response = await oauth.clientCredentialsGrantRequest(as, client, assertion(proof), params, PLAIN);
        const error = await oauth.processClientCredentialsResponse(as, client, response).catch((e: unknown) => e);
        assert.ok(error instanceof oauth.ResponseBodyError);
        return error.error;
      };
      assert.equal(await refused('nobody:knows', await svid()), 'invalid_scope');
      assert.equal(await refused(SCOPE, 'no proof'), 'invalid_client');
      const token = await tokenOf(mint, { grant_type: GRANTS.bearer, assertion: await svid(), scope: SCOPE });
      const said = async () => {
        const response = await oauth.introspectionRequest(as, client, oauth.None(), token, PLAIN);
        return oauth.processIntrospectionResponse(as, client, response);
      };
      assert.equal((await said()).active, true);
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), token, PLAIN));
      assert.equal((await said()).active, false);
    });

    it('discovers us by either document', async () => {
      for (const algorithm of ['oauth2', 'oidc'] as const)
        assert.equal((await discovered(algorithm)).token_endpoint, `${mint.url}/oauth2/token`);
    });
  });

  describe('openid-client', () => {
    const configured = (proof: string, name: string = A) =>
      openid.discovery(new URL(mint.url), typeOf(name), undefined, assertion(proof), {
        execute: [openid.allowInsecureRequests],
      });

    it('gets a token by client_credentials, and exchanges', async () => {
      const proof = await svid();
      const config = await configured(proof);
      await check((await openid.clientCredentialsGrant(config, { scope: SCOPE })).access_token);
      const params = { subject_token: proof, subject_token_type: JWT, scope: SCOPE };
      const { access_token, issued_token_type } = await openid.genericGrantRequest(config, GRANTS.exchange, params);
      assert.equal(issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
      await check(access_token);
    });

    it('uses a delegation token, the child authenticated as the client too', async () => {
      const proof = await svid(B);
      const config = await configured(proof, B);
      const actor = { actor_token: proof, actor_token_type: JWT };
      const params = { subject_token: await delegated(), subject_token_type: JWT, ...actor };
      const { access_token } = await openid.genericGrantRequest(config, GRANTS.exchange, params);
      assert.deepEqual((await check(access_token)).act, { sub: idOf(B), act: { sub: idOf(A) } });
    });
  });

  describe('the MCP TypeScript SDK', () => {
    const fetched = async (provider: PrivateKeyJwtProvider | StaticPrivateKeyJwtProvider) => {
      const metadata = await discoverAuthorizationServerMetadata(mint.url);
      assert.ok(metadata, 'it reads our metadata');
      assert.equal(metadata.issuer, mint.url);
      return fetchToken(provider, mint.url, { metadata });
    };

    it('MD-6: reads our metadata too where only the places of OpenID Connect are ours', async () => {
      const fetchFn = (url: string | URL) =>
        String(url).includes('openid') ? fetch(url) : Promise.resolve(new Response('', { status: 404 }));
      const metadata = await discoverAuthorizationServerMetadata(mint.url, { fetchFn });
      assert.equal(metadata?.token_endpoint, `${mint.url}/oauth2/token`);
    });

    it('MD-6: gets a token with an SVID as its static assertion', async () => {
      const options = { clientId: typeOf(A), jwtBearerAssertion: await svid(), scope: SCOPE, expectedIssuer: mint.url };
      const tokens = await fetched(new StaticPrivateKeyJwtProvider(options));
      await check(tokens.access_token);
      assert.equal(tokens.scope, SCOPE);
    });

    it('gets a token with assertions that it signs itself, by a policy that trusts its key', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const clientId = 'https://client.example';
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
      mint.write(
        'client.json',
        JSON.stringify({
          apiVersion: 'trustmint.dev/v1alpha1',
          kind: 'ClusterTrustPolicy',
          metadata: { name: 'clients' },
          spec: {
            ...{ provider: 'oidc', issuer: clientId, audience: mint.url, keys: { inline: JSON.stringify(jwks) } },
            algorithms: ['ES256'],
            trustRules: [
              {
                name: 'client',
                match: { claims: { sub: clientId } },
                issue: { resources: ['sample-api-a'], scopes: [SCOPE] },
              },
            ],
          },
        }),
      );
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const options = { clientId, privateKey: pem, algorithm: 'ES256', scope: SCOPE, expectedIssuer: mint.url };
      const tokens = await until('the policy is served', () =>
        fetched(new PrivateKeyJwtProvider(options)).catch(() => undefined),
      );
      const { sub, aud } = decodeJwt(tokens.access_token);
      assert.deepEqual([sub, aud], [`oidc:clients:${clientId}`, 'sample-api-a']);
    });
  });

  describe('PyJWT', () => {
    let peer: AskPeer;
    before(function () {
      peer = pyjwt(this);
    });

    it('verifies what a delegated child got, by our published keys', async () => {
      const actor = { actor_token: await svid(B), actor_token_type: JWT };
      const subject = { subject_token: await delegated(), subject_token_type: JWT };
      const token = await tokenOf(mint, { grant_type: GRANTS.exchange, ...subject, ...actor });
      const jwks = (await ask(`${mint.url}/oauth2/jwks`)).json;
      const require = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];
      const common = { jwks, issuer: mint.url, audience: 'sample-api-a', require, alg: 'ES256' };
      const [answer] = peer<{ typ: string; claims: object }[]>({ common, tokens: [{ token }] });
      assert.deepEqual(answer, { typ: 'at+jwt', claims: decodeJwt(token) });
    });
  });
});
