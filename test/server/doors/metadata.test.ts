import assert from 'node:assert/strict';
import { ask, FakeEngine, type Harness, start, stopAll } from '../support.ts';

let h: Harness;

describe('the metadata', () => {
  afterEach(stopAll);

  it('MD-1…MD-6: says who we are and what we do, at each place where clients look', async () => {
    h = await start();
    const places = ['oauth-authorization-server', 'openid-configuration'];
    for (const place of places) {
      const { status, headers, json } = await ask(`${h.url}/.well-known/${place}`);
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers['cache-control'], 'public, max-age=600');
      assert.deepEqual(json, {
        issuer: 'https://mint.example',
        token_endpoint: 'https://mint.example/oauth2/token',
        authorization_endpoint: 'https://mint.example/oauth2/authorize',
        response_types_supported: [],
        jwks_uri: 'https://mint.example/oauth2/jwks',
        grant_types_supported: [
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:jwt-bearer',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'spiffe_jwt', 'none'],
        token_endpoint_auth_signing_alg_values_supported: json.token_endpoint_auth_signing_alg_values_supported,
        introspection_endpoint: 'https://mint.example/oauth2/introspect',
        introspection_endpoint_auth_methods_supported: ['Bearer'],
        revocation_endpoint: 'https://mint.example/oauth2/revoke',
        revocation_endpoint_auth_methods_supported: ['none'],
        scopes_supported: ['a:r'],
        ...(place === 'openid-configuration' && {
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: [],
        }),
      });
      const algorithms = json.token_endpoint_auth_signing_alg_values_supported;
      assert.ok(algorithms.includes('RS256') && algorithms.includes('ES256') && !algorithms.includes('none'));
      const again = await ask(`${h.url}/.well-known/${place}`, { headers: { 'If-None-Match': String(headers.etag) } });
      assert.equal(again.status, 304);
    }
    h.engine.known = { ...h.engine.known, scopes: [] };
    assert.ok(!('scopes_supported' in (await ask(`${h.url}/.well-known/${places[0]}`)).json));
  });

  it('MD-1: of an issuer with a path is before it and behind it, and all its endpoints are', async () => {
    const issuer = 'https://mint.example/tenant1';
    const engine = new FakeEngine();
    engine.known = { issuer, scopes: [] };
    h = await start({ engine });
    for (const path of [
      '/.well-known/oauth-authorization-server/tenant1',
      '/.well-known/openid-configuration/tenant1',
      '/tenant1/.well-known/openid-configuration',
    ]) {
      const { json } = await ask(h.url + path);
      assert.deepEqual([json.issuer, json.token_endpoint], [issuer, `${issuer}/oauth2/token`], path);
    }
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = 'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=x';
    for (const path of ['/tenant1/oauth2/token', '/oauth2/token', '/tenant1/connect/token'])
      assert.equal((await ask(h.url + path, { method: 'POST', body, headers })).status, 200, path);
    assert.equal((await ask(`${h.url}/tenant1/oauth2/jwks`)).status, 200);
    assert.equal((await ask(`${h.url}/tenant2/oauth2/jwks`)).status, 404);
  });

  it('MD-1: of an issuer whose path is the beginning of a route of ours serves both as well', async () => {
    for (const base of ['/api', '/oauth2', '/connect', '/api/mint']) {
      const engine = new FakeEngine();
      engine.known = { issuer: `https://mint.example${base}`, scopes: [] };
      h = await start({ engine });
      const status = async (path: string) => (await ask(h.url + path)).status;
      for (const before of ['', base]) {
        for (const path of ['/oauth2/token', '/connect/token', '/api/mint/exchange'])
          assert.equal(await status(before + path), 405, `${base}: ${before}${path}`);
        assert.equal(await status(`${before}/oauth2/jwks`), 200);
        assert.equal(await status(`${before}/api/mint/keys?resource=r`), 200);
      }
    }
  });

  it('MD-1: takes the path of an issuer for nothing but itself', async () => {
    for (const path of ['/a+b', '/a:b', '/a*', '/(a)']) {
      const engine = new FakeEngine();
      engine.known = { issuer: `https://mint.example${path}`, scopes: [] };
      h = await start({ engine });
      const found = async (at: string) => (await ask(`${h.url}/.well-known/oauth-authorization-server${at}`)).status;
      assert.deepEqual([await found(path), await found('/ab'), await found('/ac')], [200, 404, 404], path);
    }
  });

  it('MD-6: names an authorization endpoint that never does anything', async () => {
    h = await start();
    for (const method of ['GET', 'POST']) {
      const { status, json, headers } = await ask(
        `${h.url}/oauth2/authorize?response_type=code&redirect_uri=https://a`,
        { method },
      );
      assert.deepEqual([status, json.error, headers.location], [400, 'unsupported_response_type', undefined]);
    }
  });
});
