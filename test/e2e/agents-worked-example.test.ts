import assert from 'node:assert/strict';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { ask } from '../server/support.ts';
import { cleanUp, until } from '../whole/support.ts';
import { clientOf, JWT_SPIFFE, refusalOf } from './agents-client.ts';
import { delegationTests } from './agents-delegation.ts';
import { clusterWorld, RESOURCE_URL, standaloneWorld, type World } from './agents-world.ts';
import { AGENT, AGENT_ID, ISSUER, published, SCOPE } from './spire/agents.ts';
import { startSpire } from './spire/spire.ts';

/** Milliseconds in which a change of an object must be seen. */
const SOON = 15_000;

const WORLDS = [
  ['standalone, from the directory', standaloneWorld],
  ['in a cluster, by kubectl apply', clusterWorld],
] as const;

for (const [where, startWorld] of WORLDS) {
  describe(`The worked example, ${where}`, () => {
    let world: World;
    let agent: ReturnType<typeof clientOf>;
    before(async function () {
      this.timeout(300_000);
      world = await startWorld();
      agent = clientOf(world);
      await world.spire.register(AGENT);
      await until('the first token', async () => (await agent.mint(await svid())).status === 200, 60_000);
    });
    after(async function () {
      this.timeout(120_000);
      await world?.stop();
      await cleanUp();
    });

    const svid = (...audiences: string[]) => world.spire.svid(AGENT, ...(audiences.length > 0 ? audiences : [ISSUER]));
    const registration = (spec: object = {}) => {
      const manifest = published()['registration.yaml'];
      return { ...manifest, spec: { ...manifest.spec, ...spec } };
    };
    const refusal = (request: () => ReturnType<typeof agent.mint>) => refusalOf(world, request);

    it('every claim of the document is there with its value, apart from ids and times', async () => {
      const { status, json, headers, text } = await agent.mint(await svid());
      assert.equal(status, 200, text);
      assert.deepEqual([json.token_type, json.expires_in, json.scope], ['Bearer', 3600, SCOPE]);
      assert.equal(headers['cache-control'], 'no-store');
      const { iat, exp, jti, tenant, grant, policy, agent: uid, ...claims } = decodeJwt(json.access_token);
      assert.deepEqual(claims, {
        iss: 'http://identity-server:8080',
        aud: 'sample-api-a',
        scope: ['sample-api-a:write'],
        client_id: 'global-worker',
        sub: 'user:alice',
        act: { sub: 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27' },
      });
      assert.equal(exp! - iat!, 3600);
      assert.equal(tenant, 'tenant-1');
      for (const id of [jti, grant, policy, uid]) assert.ok(typeof id === 'string' && id.length >= 16, id as string);
      const { alg, typ } = decodeProtectedHeader(json.access_token);
      assert.deepEqual([alg, typ], ['ES256', 'at+jwt']);
    });

    it('the sample API takes the token, and says who acts for whom', async () => {
      const { access_token } = (await agent.mint(await svid())).json;
      const { status, json } = await agent.whoami(access_token);
      assert.deepEqual(
        [status, json],
        [200, { who: AGENT, onBehalfOf: 'user:alice', tenant: 'tenant-1', client: 'global-worker', scopes: [SCOPE] }],
      );
      const written = await agent.write(access_token, 'a note');
      assert.deepEqual([written.status, written.json.writtenBy], [201, AGENT]);
    });

    it('PR-3: a client that knows the API alone finds the mint, and gets a token for it', async () => {
      // Both names are of the example; here they are ports.
      const at = (url: string) => ask(url.replace(RESOURCE_URL, `${world.api}/`).replace(ISSUER, world.url));
      const refused = await at(`${RESOURCE_URL}whoami`);
      const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers['www-authenticate'] ?? '') ?? [];
      const { resource, authorization_servers, scopes_supported } = (await at(metadataUrl)).json;
      assert.deepEqual([resource, scopes_supported], [RESOURCE_URL, [SCOPE]]);
      const server = (await at(`${authorization_servers[0]}/.well-known/oauth-authorization-server`)).json;
      assert.equal(server.issuer, authorization_servers[0]);
      const path = server.token_endpoint.slice(ISSUER.length);
      const { grant_types_supported: grants } = server;
      const fields = { assertion: await svid(server.issuer), resource };
      const { status, json, text } = await agent.token(
        { grant_type: grants.find((one: string) => one.endsWith('jwt-bearer')), ...fields },
        path,
      );
      assert.equal(status, 200, text);
      assert.equal((await agent.whoami(json.access_token)).json.onBehalfOf, 'user:alice');
    });

    it('P33: the mint says the same of it to whoever verifies for the API', async () => {
      const { access_token } = (await agent.mint(await svid())).json;
      const { json: said } = await agent.introspect(access_token);
      const { iss, sub, aud, client_id, act, exp, iat, jti } = decodeJwt(access_token);
      const { json: verified } = await agent.verify(access_token);
      assert.deepEqual(
        [said.active, said.iss, said.sub, said.aud, said.client_id, said.act, said.exp, said.iat, said.jti, said.scope],
        [true, iss, sub, aud, client_id, act, exp, iat, jti, SCOPE],
      );
      assert.deepEqual([verified.active, verified.subject, verified.act, verified.jti], [true, sub, act, jti]);
    });

    it('SC-1: an SVID is a client assertion of its own type too, and needs no client_id', async () => {
      const fields = { client_assertion_type: JWT_SPIFFE, client_id: '' };
      const { status, json } = await agent.mint(await svid(), fields);
      assert.equal(status, 200);
      assert.equal(decodeJwt(json.access_token).client_id, 'global-worker');
      assert.equal((await agent.mint(await svid(), { ...fields, client_id: AGENT })).status, 200);
      assert.equal((await agent.bearerGrant(await svid())).status, 200);
      assert.equal((await agent.subjectToken(await svid())).status, 200);
    });

    it('an SVID of two audiences, or for another, authenticates no client', async () => {
      assert.deepEqual(await refusal(async () => agent.mint(await svid(ISSUER, 'other'))), [
        401,
        'invalid_client',
        'several_audiences',
      ]);
      assert.deepEqual(await refusal(async () => agent.mint(await svid('other'))), [
        401,
        'invalid_client',
        'wrong_audience',
      ]);
    });

    it('an SVID that has expired is another error at each grant', async () => {
      const expired = await world.spire.mint(AGENT, ISSUER, 1);
      await until('it has expired', async () => (await agent.mint(expired)).status !== 200, 10_000);
      assert.deepEqual(await refusal(async () => agent.mint(expired)), [401, 'invalid_client', 'expired']);
      assert.deepEqual(await refusal(async () => agent.bearerGrant(expired)), [400, 'invalid_grant', 'expired']);
      assert.deepEqual(await refusal(async () => agent.subjectToken(expired)), [400, 'invalid_request', 'expired']);
    });

    it('an SVID of another trust domain is nobody’s', async function () {
      this.timeout(120_000);
      const other = await startSpire({ trustDomain: 'other.example' });
      try {
        const foreign = await other.mint(AGENT.replace('cluster.local', 'other.example'), ISSUER, 300);
        assert.deepEqual(await refusal(async () => agent.mint(foreign)), [401, 'invalid_client', 'unknown_issuer']);
        assert.deepEqual(await refusal(async () => agent.bearerGrant(foreign)), [
          400,
          'invalid_grant',
          'unknown_issuer',
        ]);
        assert.deepEqual(await refusal(async () => agent.subjectToken(foreign)), [
          400,
          'invalid_request',
          'unknown_issuer',
        ]);
      } finally {
        await other.stop();
      }
    });

    it('an agent that nobody registered, or whose path says something else than its registration, gets nothing', async () => {
      for (const [path, reason] of [
        ['tenant-1/alice/global-worker/agent-unknown', 'no_registration'],
        [`tenant-2/alice/global-worker/${AGENT_ID}`, 'agent_mismatch'],
        [`tenant-1/mallory/global-worker/${AGENT_ID}`, 'agent_mismatch'],
        [`tenant-1/alice/admin/${AGENT_ID}`, 'no_rule'],
      ]) {
        const proof = await world.spire.mint(`spiffe://cluster.local/agent/${path}`, ISSUER, 300);
        assert.deepEqual(await refusal(async () => agent.mint(proof, { client_id: '' })), [
          400,
          'unauthorized_client',
          reason,
        ]);
      }
    });

    it('asks for no more than it may, and as nobody else', async () => {
      const errors = async (more: Record<string, string>) => {
        const { status, json } = await agent.mint(await svid(), more);
        return [status, json.error];
      };
      assert.deepEqual(await errors({ client_id: 'admin' }), [401, 'invalid_client']);
      assert.deepEqual(await errors({ scope: 'sample-api-a:delete' }), [400, 'invalid_scope']);
      assert.deepEqual(await errors({ audience: 'another-api' }), [400, 'invalid_target']);
    });

    it('goes on when SPIRE rotates its key', async () => {
      const before = await svid();
      await world.spire.rotate();
      const after = await world.spire.mint(AGENT, ISSUER, 300);
      await until('the new key', async () => (await agent.mint(after)).status === 200, 60_000);
      assert.equal((await agent.mint(before)).status, 200);
      assert.equal((await agent.mint(await svid())).status, 200);
    });

    it('a suspended registration gets nothing at once; what it got runs out', async () => {
      const { access_token } = (await agent.mint(await svid())).json;
      await world.apply(registration({ state: 'Suspended' }));
      await until('the refusal', async () => (await agent.mint(await svid())).status !== 200, SOON);
      assert.deepEqual(await refusal(async () => agent.mint(await svid())), [
        400,
        'unauthorized_client',
        'agent_suspended',
      ]);
      assert.equal((await agent.whoami(access_token)).status, 200);
      assert.equal((await agent.introspect(access_token)).json.active, true);
      await world.apply(registration({ state: 'Active' }));
      await until('it is back', async () => (await agent.mint(await svid())).status === 200, SOON);
    });

    it('CA-4: the token URL is an audience too where the policy says so, as the document does, and our issuer no more', async () => {
      const { policy } = world;
      const url = `${ISSUER}/connect/token`;
      await world.apply({ ...policy, spec: { ...policy.spec, audience: url } });
      await until('the change', async () => (await agent.mint(await svid(url))).status === 200, SOON);
      assert.deepEqual(await refusal(async () => agent.mint(await svid())), [401, 'invalid_client', 'wrong_audience']);
      await world.apply(policy);
      await until('it is back', async () => (await agent.mint(await svid())).status === 200, SOON);
    });

    delegationTests(() => world);

    it('a registration that is taken away gets nothing', async () => {
      await world.remove(registration());
      await until('the refusal', async () => (await agent.mint(await svid())).status !== 200, SOON);
      assert.deepEqual(await refusal(async () => agent.mint(await svid())), [
        400,
        'unauthorized_client',
        'no_registration',
      ]);
      await world.apply(registration());
      await until('it is back', async () => (await agent.mint(await svid())).status === 200, SOON);
    });
  });
}
