import assert from 'node:assert/strict';
import type { Grant } from '../../src/exchange/index.ts';
import { attenuateMacaroon, describeMacaroon, mintMacaroon } from '../../src/macaroon/index.ts';
import { agents, RESEARCH, resource, type World, world } from './support.ts';

const API = resource('api', {
  audience: 'api-audience',
  resourceUris: ['https://api.example/v1'],
  scopes: ['a:r', 'a:w'],
});
const OF_API = { name: 'api', match: { serviceAccount: '*' }, issue: { resources: ['api'], scopes: ['a:r', 'a:w'] } };

/** The verdict, or the code of a refusal. */
function verdict(answer: ReturnType<World['verify']>) {
  if ('granted' in answer) return answer.code;
  return answer.active ? 'active' : (answer.reason ?? 'inactive');
}

describe('verify', () => {
  let w: World;
  let grant: Grant;
  beforeEach(async () => {
    w = await world([API, agents([RESEARCH, OF_API])]);
    grant = await w.granted();
  });

  it('states all that the token says, and how fresh the view is', () => {
    w.view.stale = 12.5;
    const answer = w.verify(grant.token);
    assert.ok('active' in answer && answer.active);
    const { caveats, attributes, ...rest } = answer;
    assert.deepEqual(caveats, grant.caveats);
    assert.deepEqual(attributes, { tenant: 'acme', department: 'research', cost_center: 'eng-ai' });
    assert.deepEqual(rest, {
      active: true,
      jti: grant.jti,
      grantId: grant.grantId,
      policy: 'uid-research',
      agent: null,
      tenant: 'acme',
      subject: 'k8s:ai-agents/research:ai-agents:research-agent',
      issuedAt: Math.floor(w.clock.now() / 1000),
      expiresAt: grant.expiresAt,
      notes: [],
      accounts: [{ id: grant.grantId, limit: 1000 }],
      staleSeconds: 12,
    });
  });

  it('compares scope, tool, method, path and cost with the caveats; one that the call does not carry denies', async () => {
    const { token } = await w.granted({
      resource: 'api',
      caveats: ['tool in search,fetch', 'method = GET', 'path = /x'],
    });
    const call = { scope: 'a:r', tool: 'search', method: 'GET', path: '/x' };
    const judge = (changes: object) => verdict(w.verify(token, { resource: 'api', call: { ...call, ...changes } }));
    assert.equal(judge({}), 'active');
    assert.equal(judge({ tool: 'fetch', cost: 5 }), 'active');
    for (const name of ['scope', 'tool', 'method', 'path']) {
      assert.equal(judge({ [name]: undefined }), 'not_carried', name);
      assert.equal(judge({ [name]: 'else' }), 'no_match', name);
    }
    assert.equal(verdict(w.verify(grant.token, { call: { cost: 1000 } })), 'active');
    assert.equal(verdict(w.verify(grant.token, { call: { cost: 1001 } })), 'over_budget');
  });

  it('names the caveat that does not hold', () => {
    const token = attenuateMacaroon(grant.token, ['tool = search']);
    const answer = w.verify(token, { call: { tool: 'other' } });
    assert.ok('active' in answer && !answer.active);
    assert.deepEqual([answer.reason, answer.caveat], ['no_match', 'tool = search']);
  });

  it('knows the resource by name, URI and audience', async () => {
    const { token } = await w.granted({ resource: 'https://api.example/v1' });
    for (const name of ['api', 'https://api.example/v1', 'api-audience']) {
      assert.equal(verdict(w.verify(token, { resource: name, call: { scope: 'a:r' } })), 'active', name);
    }
  });

  it('P34: a token of another resource is inactive and nothing else, be it alive, expired, revoked or forged', async () => {
    const { token } = await w.granted({ resource: 'api', ttl: 60 });
    const nothing = { active: false, staleSeconds: 0 };
    assert.deepEqual(w.verify(token), nothing);
    assert.deepEqual(w.verify(grant.token, { resource: 'api' }), nothing);
    assert.deepEqual(w.verify(grant.token, { resource: 'no-such-resource' }), nothing);
    w.revoke({ by: 'policy', value: 'uid-research' });
    await w.clock.advance(61_000);
    assert.deepEqual(w.verify(token), nothing);
  });

  it('says why something is no good token of this resource', () => {
    for (const [token, reason] of [
      ['', 'malformed'],
      ['nonsense', 'malformed'],
      [`${grant.token.slice(0, -4)}AAAA`, 'signature'],
      [grant.token.slice(0, -8), 'malformed'],
      ['A'.repeat(9000), 'too_large'],
    ]) {
      assert.equal(verdict(w.verify(token!)), reason);
    }
  });

  it('P38: appended caveats narrow; another budget is another account, and nothing renames the grant', () => {
    const once = attenuateMacaroon(grant.token, ['budget_credits <= 100', 'note = child']);
    const twice = attenuateMacaroon(once, ['budget_credits <= 5000']);
    const accounts = [grant.token, once, twice].map((token) => {
      const answer = w.verify(token);
      assert.ok('active' in answer && answer.active);
      return answer.accounts;
    });
    assert.deepEqual(accounts[0], [{ id: grant.grantId, limit: 1000 }]);
    assert.deepEqual(
      accounts[1]!.map(({ limit }) => limit),
      [1000, 100],
    );
    assert.deepEqual(accounts[2]!.slice(0, 2), accounts[1], 'the child’s account is the same for the grandchild');
    assert.equal(verdict(w.verify(twice, { call: { cost: 101 } })), 'over_budget', 'a larger number raises nothing');
  });

  describe('refuses what is revoked', () => {
    it('by token: this one alone', async () => {
      const second = await w.granted();
      w.revoke({ by: 'token', value: grant.jti });
      assert.equal(verdict(w.verify(grant.token)), 'revoked');
      assert.equal(verdict(w.verify(second.token)), 'active');
    });

    it('by derivedFrom: it and all that was appended to it, not what it was derived from', () => {
      const child = attenuateMacaroon(grant.token, ['tool = x']);
      const grandchild = attenuateMacaroon(child, ['note = y']);
      const sibling = attenuateMacaroon(grant.token, ['tool = y']);
      w.revoke({ by: 'derivedFrom', value: describeMacaroon(child).derivedFrom });
      const judge = (token: string, tool: string) => verdict(w.verify(token, { call: { tool } }));
      assert.equal(judge(child, 'x'), 'revoked');
      assert.equal(judge(grandchild, 'x'), 'revoked');
      assert.equal(judge(sibling, 'y'), 'active');
      assert.equal(judge(grant.token, 'x'), 'active');
      w.revoke({ by: 'derivedFrom', value: describeMacaroon(grant.token).derivedFrom });
      for (const [token, tool] of [
        [grant.token, 'x'],
        [grandchild, 'x'],
        [sibling, 'y'],
      ] as const) {
        assert.equal(judge(token, tool), 'revoked');
      }
    });

    it('by grant and by policy: all of them, or those issued up to a time', async () => {
      const before = Math.floor(w.clock.now() / 1000);
      await w.clock.advance(2000);
      const later = await w.granted();
      for (const [by, value] of [
        ['grant', grant.grantId],
        ['policy', 'uid-research'],
      ] as const) {
        w.revoke({ by, value });
        assert.deepEqual(
          [grant, later].map(({ token }) => verdict(w.verify(token))),
          ['revoked', 'revoked'],
        );
        w.revoke({ by, value, issuedBefore: before });
        assert.deepEqual(
          [grant, later].map(({ token }) => verdict(w.verify(token))),
          ['revoked', 'active'],
        );
      }
    });

    it('by agent: every token of that registration, and none of a workload that is no registered agent', () => {
      const { kid } = w.keyring.active();
      const now = Math.floor(w.clock.now() / 1000);
      const issuerCaveats = ['time < 2026-01-01T08:00:00Z', 'aud = default', 'tenant = acme'];
      const { token } = mintMacaroon({
        rootKey: w.keyring.rootKey(kid, 'default')!,
        identifier: {
          ...{ v: 1, kid, aud: 'default', jti: 'j', gid: 'g', pol: 'p', agt: 'registration-1' },
          ...{ ten: 'acme', sub: 'user:alice', iat: now, n: issuerCaveats.length },
        },
        issuerCaveats,
      });
      assert.equal(verdict(w.verify(token)), 'active');
      w.revoke({ by: 'agent', value: 'registration-1' });
      assert.equal(verdict(w.verify(token)), 'revoked');
      assert.equal(verdict(w.verify(grant.token)), 'active');
    });

    it('P34: of this tenant or of any, never by another tenant', () => {
      w.revoke({ by: 'token', value: grant.jti, tenant: 'umbrella' });
      assert.equal(verdict(w.verify(grant.token)), 'active');
      w.revoke({ by: 'token', value: grant.jti, tenant: 'acme' });
      assert.equal(verdict(w.verify(grant.token)), 'revoked');
    });

    it('until the revocation expires', async () => {
      w.revoke({ by: 'token', value: grant.jti, expiresAt: Math.floor(w.clock.now() / 1000) + 60 });
      assert.equal(verdict(w.verify(grant.token)), 'revoked');
      await w.clock.advance(61_000);
      assert.equal(verdict(w.verify(grant.token)), 'active');
    });
  });

  it('goes on for longer than exchange by an old view, then stops with 503', () => {
    w.view.stale = 601;
    assert.equal(verdict(w.verify(grant.token)), 'active');
    w.view.stale = 1800;
    assert.equal(verdict(w.verify(grant.token)), 'active');
    w.view.stale = 1801;
    assert.equal(verdict(w.verify(grant.token)), 'temporarily_unavailable');
    w.view.stale = 0;
    w.unserve();
    assert.equal(verdict(w.verify(grant.token)), 'temporarily_unavailable');
  });

  it('tokens outlive a rotation of the keys, and die with the key that is gone', async () => {
    await w.keyring.rotate({ now: true });
    const fresh = await w.granted();
    assert.notEqual(describeMacaroon(fresh.token).identifier?.kid, describeMacaroon(grant.token).identifier?.kid);
    assert.equal(verdict(w.verify(grant.token)), 'active');
    assert.equal(verdict(w.verify(fresh.token)), 'active');
    await w.clock.advance(26 * 3600_000);
    await w.keyring.tick();
    assert.equal(verdict(w.verify(grant.token)), 'unknown_key');
  });
});
