import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mintAccessToken, mintDelegation } from '../../src/access-token/index.ts';
import type { Grant } from '../../src/exchange/index.ts';
import { giving, ISSUER, OBJECTS, verdict } from './jwt-support.ts';
import { refusal, resource, type World, world } from './support.ts';

describe('verify of an access token', () => {
  let w: World;
  let grant: Grant;
  const ask = (token: string, call: object = { scope: 'a:r' }, name = 'api') =>
    w.verify(token, { resource: name, call });
  beforeEach(async () => {
    w = await world(OBJECTS);
    grant = await w.granted({ resource: 'api' });
  });

  it('states all that the token says', () => {
    assert.deepEqual(ask(grant.token), {
      active: true,
      jti: grant.jti,
      grantId: grant.grantId,
      policy: 'uid-research',
      agent: null,
      tenant: 'acme',
      subject: 'k8s:ai-agents/research:ai-agents:research-agent',
      issuedAt: Math.floor(w.clock.now() / 1000),
      expiresAt: grant.expiresAt,
      attributes: { tenant: 'acme' },
      notes: [],
      caveats: [],
      scopes: ['a:r', 'a:w'],
      clientId: 'trustmint:ai-agents/research/api',
      accounts: [{ id: grant.grantId }],
      staleSeconds: 0,
    });
  });

  it('P33: property: judges the scope of a call as it does for a macaroon of the same scopes', async () => {
    const scopes = ['s:a', 's:b', 's:c'];
    const of = (tokenType: string) => resource('api', { audience: 'api-audience', tokenType, scopes });
    const call = fc.record(
      {
        scope: fc.constantFrom(...scopes, 's:d', ''),
        tool: fc.constantFrom('x'),
        method: fc.constantFrom('GET'),
        path: fc.constantFrom('/'),
        cost: fc.nat(),
      },
      { requiredKeys: [] },
    );
    for (const given of [['s:a'], ['s:b', 's:c'], scopes]) {
      const rule = giving({ resources: ['api'], scopes: given });
      w.serve(of('JWT'), rule);
      const jwt = (await w.granted({ resource: 'api' })).token;
      w.serve(of('Macaroon'), rule);
      const macaroon = (await w.granted({ resource: 'api' })).token;
      const calls = fc.sample(call, 60);
      const said = (token: string) => calls.map((one) => verdict(ask(token, one)));
      const ofMacaroon = said(macaroon);
      w.serve(of('JWT'), rule);
      assert.deepEqual(said(jwt), ofMacaroon);
      assert.ok(ofMacaroon.includes('active') && ofMacaroon.includes('no_match') && ofMacaroon.includes('not_carried'));
    }
  });

  it('takes of each resource the kind that it takes, and tells nobody of a token of another', async () => {
    const macaroon = (await w.granted({ resource: 'files' })).token;
    assert.equal(verdict(ask(macaroon, { scope: 'f:r' }, 'files')), 'active');
    assert.equal(verdict(ask(macaroon)), 'malformed');
    assert.equal(verdict(ask(grant.token, { scope: 'f:r' }, 'files')), 'malformed');
    assert.equal(verdict(ask(grant.token, {}, 'bare')), 'inactive');
  });

  it('is over at the very second that the token states', async () => {
    await w.clock.advance(1800_000 - 1);
    assert.equal(verdict(ask(grant.token)), 'active');
    await w.clock.advance(1);
    assert.equal(verdict(ask(grant.token)), 'expired');
  });

  for (const [by, value] of [
    ['token', (g: Grant) => g.jti],
    ['grant', (g: Grant) => g.grantId],
    ['policy', () => 'uid-research'],
  ] as const) {
    it(`is dead once its ${by} is revoked`, () => {
      w.revoke({ by, value: value(grant), tenant: 'other' });
      assert.equal(verdict(ask(grant.token)), 'active', 'another tenant’s revocation kills nothing');
      w.revoke({ by, value: value(grant), tenant: 'acme' });
      assert.equal(verdict(ask(grant.token)), 'revoked');
      w.revoke({ by, value: value(grant), issuedBefore: Math.floor(w.clock.now() / 1000) - 1 });
      assert.equal(verdict(ask(grant.token)), 'active', 'it was issued after that');
    });
  }

  it('P33: of a delegated one dies with every ancestor, by token, grant, policy and agent', () => {
    const iat = Math.floor(w.clock.now() / 1000);
    const key = { ...w.keyring.signingKey('ES256')!, alg: 'ES256' } as const;
    const ancestor = (n: number) => ({
      jti: `d${n}`,
      grant: `g${n}`,
      policy: `p${n}`,
      agent: `a${n}`,
      iat: iat - 9 + n,
    });
    const token = mintAccessToken(
      {
        iss: ISSUER,
        aud: 'api-audience',
        sub: 'user:alice',
        client_id: 'worker',
        iat,
        exp: iat + 600,
        jti: 'leaf',
        scopes: ['a:r'],
        scopeFormat: 'String',
        act: { sub: 'spiffe://x/c', act: { sub: 'spiffe://x/b' } },
        tenant: 'acme',
        grant: 'g',
        policy: 'p',
        agent: 'a',
        parents: [ancestor(1), ancestor(2), ancestor(3)],
      },
      key,
    );
    const answer = ask(token);
    assert.ok('active' in answer && answer.active);
    assert.deepEqual([answer.act?.sub, answer.act?.act?.sub, answer.agent], ['spiffe://x/c', 'spiffe://x/b', 'a']);
    for (const n of ['', 1, 2, 3])
      for (const [by, value] of [
        ['token', n === '' ? 'leaf' : `d${n}`],
        ['grant', `g${n}`],
        ['policy', `p${n}`],
        ['agent', `a${n}`],
      ] as const) {
        w.revoke({ by, value });
        assert.equal(verdict(ask(token)), 'revoked', `${by} ${value}`);
        w.revoke({ by, value, tenant: 'other' });
        assert.equal(verdict(ask(token)), 'active');
      }
    w.revoke({ by: 'policy', value: 'p2', issuedBefore: iat - 8 });
    assert.equal(verdict(ask(token)), 'active', 'the second ancestor was issued after that');
    w.revoke({ by: 'policy', value: 'p2', issuedBefore: iat - 7 });
    assert.equal(verdict(ask(token)), 'revoked');
  });

  it('P8: takes no delegation token, and no proof', async () => {
    const iat = Math.floor(w.clock.now() / 1000);
    const key = { ...w.keyring.signingKey('ES256')!, alg: 'ES256' } as const;
    const claims = { iss: ISSUER, sub: 'user:alice', iat, exp: iat + 600, jti: 'd', scopes: ['a:r'], tenant: 'acme' };
    const delegation = { ...claims, grant: 'g', policy: 'p', may_act: { sub: 'x' }, depth: 1 };
    assert.equal(verdict(ask(mintDelegation(delegation, key))), 'token_type');
    assert.equal(verdict(ask(await w.proof())), 'token_type');
  });

  it('P8: is never a proof itself', async () => {
    const said = await refusal(w, grant.token);
    assert.deepEqual([said.code, said.stage], ['invalid_proof', 'proof']);
  });

  it('keys of macaroons are not given for it: a JWT verifies by the published set', () => {
    const answer = w.engine.keys('api');
    assert.ok('code' in answer && answer.code === 'invalid_request');
    assert.ok('keys' in w.engine.keys('files'));
  });
});
