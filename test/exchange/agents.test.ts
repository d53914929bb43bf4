import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { cluster, type Rule, refusal, registered, resource, signer, type World, world } from './support.ts';

const SVID = 'spiffe://cluster.local/agent/tenant-1/alice/global-worker/agent-22962c27';
const BUNDLE = JSON.stringify({ keys: [{ ...signer.jwk, use: 'jwt-svid' }] });
const API = resource('sample-api-a', {
  audience: 'sample-api-a',
  tokenType: 'JWT',
  scopes: ['sample-api-a:read', 'sample-api-a:write'],
});
const NOTES = resource('notes', { audience: 'notes', scopes: ['notes:read'] });
const PLAIN = resource('plain', { audience: 'plain' });
const SCOPES = ['sample-api-a:read', 'sample-api-a:write', 'notes:read'];
const issue = { ttl: '1h', resources: ['sample-api-a', 'notes', 'plain'], scopes: SCOPES };
const WORKER: Rule = {
  name: 'worker',
  match: { path: { agentType: 'global-worker' } },
  issue: { ...issue, actsFor: 'RegisteredUser' },
};

const trusting = (
  rules: readonly Rule[],
  spec: object = {},
  pathTemplate = '/agent/{tenantId}/{userId}/{agentType}/{agentId}',
) =>
  cluster(
    'spiffe',
    rules,
    {
      issuer: undefined,
      keys: undefined,
      tenant: '{{ .Attributes.tenantId }}',
      spiffe: { trustDomain: 'cluster.local', pathTemplate, bundle: { inline: BUNDLE } },
      ...spec,
    },
    'agents',
  );

const SPEC = {
  agentType: 'global-worker',
  userId: 'alice',
  identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } },
};
const AGENT = 'agent-22962c27';
const agent = (more: object = {}, name = AGENT, uid?: string) => registered(name, { ...SPEC, ...more }, uid);
const WRITE = { scopes: ['sample-api-a:write'] };

describe('a rule that acts for the registered user', () => {
  let w: World;
  const why = async (request: object = WRITE) => {
    const { code, stage, reason } = await refusal(w, await w.proof('spiffe'), request);
    assert.equal(code, 'no_matching_policy');
    return `${stage} ${reason}`;
  };

  beforeEach(async () => {
    w = await world([API, NOTES, PLAIN, trusting([WORKER])]);
    w.register(agent());
  });

  it('gives a JWT whose subject is the user, whose actor is the agent, whose client is its type', async () => {
    const grant = await w.granted(WRITE, 'spiffe');
    const claims = decodeJwt(grant.token);
    const { sub, act, client_id, scope, tenant, agent: uid, aud } = claims;
    assert.deepEqual(
      { sub, act, client_id, scope, tenant, uid, aud },
      {
        sub: 'user:alice',
        act: { sub: SVID },
        client_id: 'global-worker',
        scope: 'sample-api-a:write',
        tenant: 'tenant-1',
        uid: `uid-${AGENT}`,
        aud: 'sample-api-a',
      },
    );
    assert.equal(w.record().granted.agent, `uid-${AGENT}`);
    assert.equal(w.record().granted.subject, 'user:alice', 'whoever reads the record later may find no registration');
    assert.equal(w.record().identity.subject, SVID);
  });

  it('gives a macaroon of the user too, whose identifier names the registration', async () => {
    const { token } = await w.granted({ resource: 'notes' }, 'spiffe');
    const said = w.verify(token, { resource: 'notes', call: { scope: 'notes:read' } });
    assert.ok('active' in said && said.active);
    assert.deepEqual([said.subject, said.agent, said.tenant], ['user:alice', `uid-${AGENT}`, 'tenant-1']);
  });

  it('refuses who is not registered, or not as it says; nothing falls back to the workload', async () => {
    const rows: [string, Parameters<World['register']>][] = [
      ['policy no_registration', []],
      ['policy no_registration', [agent({}, 'agent-2')]],
      ['policy agent_suspended', [agent({ state: 'Suspended' })]],
      ['policy agent_revoked', [agent({ state: 'Revoked' })]],
      ['policy agent_expired', [agent({ expiresAt: '2020-01-01T00:00:00Z' })]],
      ['policy agent_duplicate', [agent(), agent({ userId: 'bob' }, AGENT, 'other')]],
      ['policy agent_mismatch', [agent({ userId: 'bob' })]],
      ['policy agent_mismatch', [agent({ agentType: 'other' })]],
      ['policy agent_mismatch', [agent({ identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 't2' } } })]],
    ];
    for (const [reason, agents] of rows) {
      w.register(...agents);
      // So many refusals in one second are counted, and not written.
      await w.clock.advance(1_000);
      for (const request of [WRITE, { resource: 'notes' }]) assert.equal(await why(request), reason);
    }
  });

  it('refuses an agent of another tenant than the rule gives tokens of', async () => {
    w.serve(API, NOTES, PLAIN, trusting([WORKER], { tenant: 'tenant-2' }));
    assert.equal(await why(), 'policy agent_mismatch');
  });

  it('P30: gives no scope that the registration does not have, and without one nothing', async () => {
    w.register(agent({ scopes: ['sample-api-a:read', 'elsewhere:x'] }));
    const { token } = await w.granted({ resource: 'sample-api-a' }, 'spiffe');
    assert.equal(decodeJwt(token).scope, 'sample-api-a:read');
    const { code, reason } = await refusal(w, await w.proof('spiffe'), WRITE);
    assert.deepEqual([code, reason], ['exceeds_policy', 'exceeds_policy']);
    assert.equal(await why({ resource: 'notes' }), 'policy nothing_left');
    assert.equal(await why({ resource: 'plain' }), 'policy nothing_left', 'all of an API that has no scopes');
  });

  it('P35: no token outlives the registration', async () => {
    const now = Math.floor(w.clock.now() / 1000);
    w.register(agent({ expiresAt: new Date((now + 90) * 1000).toISOString() }));
    for (const request of [WRITE, { resource: 'notes' }]) {
      const grant = await w.granted(request, 'spiffe');
      assert.deepEqual([grant.expiresIn, grant.expiresAt], [90, now + 90]);
    }
  });

  it('refuses what a revocation of the agent would kill, and its tokens are dead', async () => {
    const { token } = await w.granted(WRITE, 'spiffe');
    const verdict = () => {
      const said = w.verify(token, { resource: 'sample-api-a', call: { scope: 'sample-api-a:write' } });
      return 'active' in said && (said.active ? 'active' : said.reason);
    };
    assert.equal(verdict(), 'active');
    w.revoke({ by: 'agent', value: `uid-${AGENT}` });
    assert.notEqual(verdict(), 'active');
    assert.equal(await why(), 'revocation agent_revoked');
  });
});

describe('a rule that acts for nobody', () => {
  it('reads no registration: the workload is its own subject, and there is no user', async () => {
    const w = await world([API, NOTES, PLAIN, trusting([{ ...WORKER, issue }])]);
    w.register(agent({ state: 'Suspended' }));
    const claims = decodeJwt((await w.granted(WRITE, 'spiffe')).token);
    assert.deepEqual([claims.sub, claims.act, claims.agent], [SVID, undefined, undefined]);
    assert.equal(w.record().granted.agent, undefined);
    assert.equal(w.record().granted.subject, undefined);
  });
});

describe('what cannot be a registered agent', () => {
  const NOT_REGISTRABLE = /NotRegistrable/;
  it('is refused where the policy says so: another provider, a path without agentId, or with a field of its own', async () => {
    const acting = { ...issue, actsFor: 'RegisteredUser' };
    for (const policy of [
      () => trusting([WORKER], {}, '/agent/{agentType}/{other}'),
      () => trusting([WORKER], {}, '/agent/{agentType}/{agentId}/{region}'),
      () => cluster('github', [{ match: { repository: 'o/r' }, issue: acting }]),
    ])
      await assert.rejects(world([API, NOTES, PLAIN, policy()]), NOT_REGISTRABLE);
  });
});
