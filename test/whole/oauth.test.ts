import assert from 'node:assert/strict';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask } from '../server/support.ts';
import {
  AGENTS,
  agentWorld,
  authority,
  BY_JWT,
  BY_SVID,
  form,
  GRANTS,
  idOf,
  JWT,
  pathOf,
  refusal,
  registration,
  resource,
  SCOPE,
  tokenOf,
} from './oauth-support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, until } from './support.ts';

const [AGENT] = AGENTS;

describe('the token endpoint, standalone', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
  });
  beforeEach(async () => {
    mint = await agentWorld(issuer);
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const svid = (more: object = {}) => issuer.sign({ kind: 'spiffe', path: pathOf(AGENT), audience: mint.url, ...more });
  const asClient = async (more: object = {}) => ({
    ...{ grant_type: GRANTS.cc, client_assertion_type: BY_JWT, client_assertion: await svid(more), scope: SCOPE },
  });

  it('P36, P37: mints the worked example: every claim with its value, beside them only four of ours', async () => {
    const { status, json } = await form(`${mint.url}/connect/token`, {
      ...(await asClient()),
      client_id: 'global-worker',
    });
    assert.equal(status, 200);
    const jwks = createRemoteJWKSet(new URL(`${mint.url}/oauth2/jwks`));
    const { payload } = await jwtVerify(json.access_token, jwks, {
      issuer: mint.url,
      audience: 'sample-api-a',
      typ: 'at+jwt',
    });
    const { iat, exp, jti, grant, policy, agent, ...said } = payload;
    assert.deepEqual(said, {
      iss: mint.url,
      aud: 'sample-api-a',
      scope: [SCOPE],
      client_id: 'global-worker',
      sub: 'user:alice',
      act: { sub: idOf(AGENT) },
      tenant: 'tenant-1',
    });
    assert.equal(exp! - iat!, 3600);
    for (const one of [jti, grant, policy, agent]) assert.equal(typeof one, 'string');
    assert.deepEqual(
      [json.token_type, json.expires_in, json.scope, json.refresh_token],
      ['Bearer', 3600, SCOPE, undefined],
    );
  });

  it('refuses, with the error of each, what the issue names as bad input', async () => {
    const by = async (expected: string, more: object, params: Record<string, string> = {}) =>
      assert.equal(
        await refusal(mint, { ...(await asClient(more)), ...params }),
        expected,
        JSON.stringify([more, params]),
      );
    await by('401 invalid_client unknown_issuer', { claims: { sub: idOf(AGENT).replace('cluster.local', 'other') } });
    await by('401 invalid_client several_audiences', { audience: [mint.url, 'other'] });
    await by('401 invalid_client wrong_audience', { audience: `${mint.url}/connect/token` });
    await by('401 invalid_client client_id', {}, { client_id: 'type-b' });
    await by('400 unauthorized_client no_registration', { path: pathOf('x').replace('type-x', 'global-worker') });
    await by('400 unauthorized_client agent_mismatch', { path: pathOf(AGENT).replace('tenant-1', 'tenant-2') });
    await by('400 unauthorized_client agent_mismatch', { path: pathOf(AGENT).replace('alice', 'bob') });
    await by('400 invalid_scope no_rule', {}, { scope: 'sample-api-a:admin' });
    for (const [reason, more] of [
      ['agent_suspended', { state: 'Suspended' }],
      ['agent_expired', { expiresAt: '2026-01-01T00:00:00Z' }],
    ] as const) {
      mint.write(`agent-${AGENT}.json`, registration(AGENT, more));
      await until(reason, async () => {
        const { json } = await form(`${mint.url}/oauth2/token`, await asClient());
        // Of more than ten a second some are only counted.
        const recorded = () => mint.audit().some(({ refused }) => refused?.reason === reason);
        return json.error === 'unauthorized_client' && recorded();
      });
    }
    mint.write(`agent-${AGENT}.json`, registration(AGENT));
    await until('it is back', async () => (await form(`${mint.url}/oauth2/token`, await asClient())).status === 200);
  });

  it('says what a token says, by introspection as by verify, until its holder gives it up: for good', async () => {
    const token = await tokenOf(mint, await asClient());
    const other = await tokenOf(mint, await asClient());
    const introspect = async (one: string) => (await form(`${mint.url}/oauth2/introspect`, { token: one })).json;
    const said = await introspect(token);
    assert.deepEqual(
      [said.active, said.sub, said.act, said.client_id, said.scope, said.iss, said.aud],
      [true, 'user:alice', { sub: idOf(AGENT) }, 'global-worker', SCOPE, mint.url, 'sample-api-a'],
    );
    assert.equal((await form(`${mint.url}/oauth2/revoke`, { token })).status, 200);
    assert.deepEqual(await introspect(token), { active: false }, 'at once');
    assert.equal((await introspect(other)).active, true);
    const made = await until('the record', () => mint.audit().find(({ kind }) => kind === 'revocation'));
    assert.deepEqual([made.action, made.by, made.value], ['made', 'token', said.jti]);
    assert.equal((await form(`${mint.url}/oauth2/revoke`, { token: 'nonsense' })).status, 200);
    await mint.stop();
    mint = await agentWorld(issuer, 'Array', mint);
    assert.deepEqual(await introspect(token), { active: false }, 'after a restart too');
    assert.equal((await introspect(other)).active, true);
  });

  it('publishes its metadata, by which everything else is found', async () => {
    const { json } = await ask(`${mint.url}/.well-known/oauth-authorization-server`);
    assert.deepEqual([json.issuer, json.scopes_supported], [mint.url, ['sample-api-a:read', SCOPE]]);
    assert.equal((await ask(json.jwks_uri)).status, 200);
    assert.equal((await ask(json.authorization_endpoint)).json.error, 'unsupported_response_type');
    assert.equal((await form(json.token_endpoint, await asClient())).status, 200);
  });

  it('the same proof finds the same rule through every door, whatever it is a proof of', async () => {
    await mint.stop();
    const macaroons = { name: 'all', issue: { ttl: '1h', budgetCredits: 10 } };
    const cluster = (name: string, provider: string, spec: object, match: object) =>
      JSON.stringify({
        ...{ apiVersion: 'trustmint.dev/v1alpha1', kind: 'ClusterTrustPolicy', metadata: { name } },
        spec: { provider, audience: 'satgate', ...spec, trustRules: [{ ...macaroons, match }] },
      });
    const jwks = { spiffe: { trustDomain: 'cluster.local', bundle: { endpoint: { url: issuer.bundleUrl } } } };
    mint = await authority(() => ({
      'k8s.json': agentsPolicy(issuer.url, [{ name: 'no', match: { serviceAccount: 'denied' }, deny: true }, EVERYONE]),
      'github.json': cluster('ci', 'github', { issuer: issuer.githubUrl }, { repository: 'acme-corp/app' }),
      'oidc.json': cluster('people', 'oidc', { issuer: issuer.url }, { claims: { team: 'x' } }),
      'spiffe.json': cluster('agents', 'spiffe', jwks, { id: 'spiffe://cluster.local/agent/**' }),
      'api.json': resource('unused', { audience: 'unused' }),
    }));
    const audience = 'satgate';
    const proofs = {
      kubernetes: await issuer.sign(account('agent')),
      github: await issuer.sign({ kind: 'github', audience, claims: { repository: 'acme-corp/app' } }),
      oidc: await issuer.sign({ kind: 'oidc', audience, claims: { sub: 's', team: 'x' } }),
      spiffe: await issuer.sign({ kind: 'spiffe', path: pathOf(AGENT), audience }),
      denied: await issuer.sign(account('denied')),
      nobody: await issuer.sign({ kind: 'oidc', audience, claims: { sub: 's', team: 'y' } }),
    };
    const rules = new Map([
      ['kubernetes', 'granted agents everyone'],
      ['github', 'granted ci all'],
      ['oidc', 'granted people all'],
      ['spiffe', 'granted agents all'],
      ['denied', 'refused agents no'],
      ['nobody', 'refused undefined undefined'],
    ]);
    for (const [kind, proof] of Object.entries(proofs)) {
      const url = `${mint.url}/oauth2/token`;
      const answers = [
        await mint.exchange(proof),
        await form(url, { grant_type: GRANTS.cc, client_assertion_type: BY_JWT, client_assertion: proof }),
        await form(url, { grant_type: GRANTS.bearer, assertion: proof }),
        await form(url, { grant_type: GRANTS.exchange, subject_token: proof, subject_token_type: JWT }),
      ];
      if (kind === 'spiffe')
        answers.push(
          await form(url, { grant_type: GRANTS.cc, client_assertion_type: BY_SVID, client_assertion: proof }),
        );
      const records = answers.map(({ json }) => mint.audit().find(({ id }) => id === json.correlation_id));
      for (const { outcome, policy, rule } of records)
        assert.equal(`${outcome} ${policy?.name} ${rule}`, rules.get(kind), kind);
      assert.equal(new Set(records.map(({ granted }) => granted?.grant_id)).size, 1, 'and buys the same grant');
      assert.equal(new Set(records.map(({ proof_sha256: hash }) => hash)).size, 1);
      assert.ok(!JSON.stringify(records).includes(proof));
    }
  });
});
