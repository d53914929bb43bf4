import assert from 'node:assert/strict';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import {
  API,
  agent,
  type Delegating,
  delegating,
  given,
  ISSUER,
  idOf,
  NAMES,
  NOTES,
  OTHER,
  policy,
  READ,
  RULES,
  rule,
  WRITE,
} from './delegation-support.ts';

describe('a delegation token', () => {
  let d: Delegating;
  beforeEach(async () => {
    d = await delegating();
  });

  it('is of its parent, for whom it names, for us alone, and for ten minutes', async () => {
    const grant = given(await d.hand('a', 'b'));
    const { iat, exp, jti, grant: gid, ...said } = decodeJwt(grant.token);
    assert.deepEqual(said, {
      iss: ISSUER,
      aud: ISSUER,
      sub: 'user:alice',
      act: { sub: idOf('a') },
      scope: `${READ} ${WRITE}`,
      may_act: { sub: idOf('b') },
      depth: 4,
      tenant: 'tenant-1',
      policy: 'uid-agents',
      agent: 'uid-a',
    });
    assert.deepEqual([exp! - iat!, jti, gid], [600, grant.jti, grant.grantId]);
    assert.equal(decodeProtectedHeader(grant.token).typ, 'trustmint-delegation+jwt');
    assert.deepEqual([grant.tokenType, grant.clientId], ['delegation', undefined]);
    assert.deepEqual(d.w.record().granted.may_act, { sub: idOf('b') });
  });

  it('is asked for by client_credentials as well', async () => {
    const proof = await d.proof('a');
    const client = { assertion: proof, isSvid: true };
    const mayAct = '{"agent_type":"type-b"}';
    const asked = { door: 'client_credentials', client, audience: ISSUER, mayAct, scopes: [READ] } as const;
    const { token } = given(await d.w.exchange(proof, asked));
    assert.deepEqual(decodeJwt(token).may_act, { agent_type: 'type-b' });
    given(await d.use('b', token));
  });

  it('gives its child a token of its subject, with the child on top, of the child’s own grant', async () => {
    const handed = given(await d.hand('a', 'b'));
    const grant = given(await d.use('b', handed.token));
    const { iat, exp, jti: _, ...said } = decodeJwt(grant.token);
    const parent = decodeJwt(handed.token);
    assert.deepEqual(said, {
      iss: ISSUER,
      aud: 'api',
      sub: 'user:alice',
      client_id: 'type-b',
      scope: `${READ} ${WRITE}`,
      act: { sub: idOf('b'), act: { sub: idOf('a') } },
      tenant: 'tenant-1',
      grant: grant.grantId,
      policy: 'uid-agents',
      agent: 'uid-b',
      parents: [{ jti: handed.jti, grant: handed.grantId, policy: 'uid-agents', agent: 'uid-a', iat: parent.iat }],
    });
    assert.equal(exp, Math.min(iat! + 3600, parent.exp!), 'exp within both');
    assert.notEqual(grant.grantId, handed.grantId);
    const { granted } = d.w.record();
    assert.deepEqual([granted.subject, granted.delegated_by, granted.agent], ['user:alice', handed.jti, 'uid-b']);
    assert.ok(!JSON.stringify(d.w.sink.records).includes(handed.token));
  });

  it('passes on, once less each time, and at most as far as every rule on the way lets it', async () => {
    const first = given(await d.hand('a', 'b'));
    const second = given(await d.hand('b', 'c', first.token));
    assert.deepEqual(decodeJwt(second.token).depth, 3);
    const { token } = given(await d.use('c', second.token));
    assert.deepEqual(decodeJwt(token).act, { sub: idOf('c'), act: { sub: idOf('b'), act: { sub: idOf('a') } } });
    const narrow = await delegating([rule('type-a'), rule('type-b', { delegation: { maxDepth: 1 } }), rule('type-c')]);
    const last = await narrow.chain('a', 'b', 'c');
    assert.equal(decodeJwt(last).depth, 1);
    assert.equal(narrow.why(await narrow.hand('c', 'd', last)), 'invalid_request too_deep');
  });

  it('P31: is not handed on a fifth time, and never to who acted before', async () => {
    const fourth = await d.chain(...NAMES.slice(0, 5));
    assert.equal(decodeJwt(fourth).depth, 1);
    given(await d.use('e', fourth));
    assert.equal(d.why(await d.hand('e', 'f', fourth)), 'invalid_request too_deep');
    const back = given(await d.hand('b', 'a', await d.chain('a', 'b')));
    assert.equal(d.why(await d.use('a', back.token)), 'invalid_request cycle');
    const self = given(await d.hand('a', 'a'));
    assert.equal(d.why(await d.use('a', self.token)), 'invalid_request cycle');
  });

  it('P30: narrows with every hand: what was delegated, the child’s rule, and what is asked', async () => {
    const reading = given(await d.hand('a', 'b', undefined, { scopes: [READ] }));
    assert.deepEqual(given(await d.use('b', reading.token)).scopes, [READ]);
    const both = given(await d.hand('a', 'b'));
    assert.deepEqual(given(await d.use('b', both.token, { scopes: [WRITE] })).scopes, [WRITE]);
    assert.equal(d.why(await d.use('b', reading.token, { scopes: [WRITE] })), 'invalid_scope exceeds_delegation');
    assert.equal(
      d.why(await d.use('b', reading.token, { scopes: ['other:read'] })),
      'invalid_scope exceeds_delegation',
    );
    const less = await delegating([rule('type-a'), rule('type-b', { scopes: [WRITE] })]);
    const wide = given(await less.hand('a', 'b'));
    assert.deepEqual(given(await less.use('b', wide.token)).scopes, [WRITE]);
    const read = given(await less.hand('a', 'b', undefined, { scopes: [READ] }));
    assert.equal(less.why(await less.use('b', read.token)), 'invalid_scope scope');
  });

  it('P32: is used by nobody whom it does not name, nor without the proof of who it is', async () => {
    const { token } = given(await d.hand('a', 'b'));
    assert.equal(d.why(await d.use('c', token)), 'invalid_request may_act');
    assert.equal(d.why(await d.use('a', token)), 'invalid_request may_act');
    const typed = given(await d.hand('a', { agent_type: 'type-c' })).token;
    given(await d.use('c', typed));
    assert.equal(d.why(await d.use('b', typed)), 'invalid_request may_act');
    const proof = await d.proof('b');
    const client = { assertion: await d.proof('c'), isSvid: true };
    const stolen = await d.w.exchange(proof, { door: 'token_exchange', delegation: token, client });
    assert.equal(d.why(stolen), 'invalid_request not_the_client');
    const own = { assertion: await d.proof('b'), isSvid: true };
    given(await d.w.exchange(proof, { door: 'token_exchange', delegation: token, client: own }));
  });

  it('P34: is of one tenant', async () => {
    d.w.register(
      agent('a'),
      agent('b', { identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-2' } } }),
    );
    const other = idOf('b', 'tenant-2');
    const { token } = given(await d.hand('a', { sub: other }));
    const outcome = await d.w.exchange(await d.proof('b', other), { door: 'token_exchange', delegation: token });
    assert.equal(d.why(outcome), 'invalid_request no_rule');
    assert.equal(d.why(await d.use('b', token, { tenant: 'tenant-2' })), 'invalid_request other_tenant');
  });

  it('is no proof and no access token, and an access token is none of it', async () => {
    const { token } = given(await d.hand('a', 'b'));
    assert.equal(d.why(await d.w.exchange(token, { door: 'jwt_bearer', scopes: [READ] })), 'invalid_grant token_type');
    const verified = d.w.verify(token, { resource: 'api', call: { scope: READ } });
    assert.ok('active' in verified && !verified.active);
    assert.deepEqual(d.w.engine.introspect(token), { active: false });
    const access = given(await d.use('b', token)).token;
    assert.equal(d.why(await d.use('b', access)), 'invalid_request subject_token_type');
    for (const bad of ['x', 'a.b.c', `${token}x`, token.slice(0, -4)])
      assert.match(d.why(await d.use('b', bad)), /^invalid_request subject_/);
  });

  it('is for us, by may_act, and of scopes of a resource that takes JWTs, where the rule says so', async () => {
    const why = async (asked: object, e = d) => {
      // More refusals of one identity in a second would only be counted.
      await e.w.clock.advance(1000);
      return e.why(await e.hand('a', 'b', undefined, asked));
    };
    assert.equal(await why({ audience: 'api' }), 'invalid_request may_act');
    assert.equal(await why({ audience: undefined }), 'invalid_request may_act');
    assert.equal(await why({ mayAct: undefined }), 'invalid_request may_act');
    for (const mayAct of ['', '{}', '[]', '"b"', '{"sub":""}', '{"sub":"b","agent_type":"c"}', '{"sub":"b","x":1}'])
      assert.equal(await why({ mayAct }), 'invalid_request may_act', mayAct);
    assert.equal(await why({ scopes: [READ, 'other:read'] }), 'invalid_target resource_mismatch');
    assert.equal(await why({ budgetCredits: 1 }), 'invalid_request not_enforceable');
    assert.equal(await why({ requestedTokenType: 'access_token' }), 'invalid_request token_type');
    const silent = await delegating([rule('type-a', { delegation: undefined })]);
    assert.equal(await why({}, silent), 'invalid_request not_delegable');
    const unregistered = await delegating();
    unregistered.w.register();
    assert.equal(await why({}, unregistered), 'invalid_request no_registration');
  });

  it('is of a workload too that acts for nobody', async () => {
    const plain = await delegating(NAMES.map((name) => rule(`type-${name}`, { actsFor: undefined })));
    const { token } = given(await plain.hand('a', 'b'));
    const { sub, act } = decodeJwt(given(await plain.use('b', token)).token);
    assert.deepEqual([sub, act], [idOf('a'), { sub: idOf('b') }]);
    assert.equal(
      plain.why(await plain.use('b', given(await plain.hand('a', { agent_type: 'type-b' })).token)),
      'invalid_request may_act',
      'who is not registered has no type',
    );
  });

  it('P35: ends, and what it gives ends with it', async () => {
    const { token, expiresAt } = given(await d.hand('a', 'b'));
    await d.w.clock.advance(500_000);
    assert.equal(given(await d.use('b', token)).expiresAt, expiresAt);
    await d.w.clock.advance(100_000);
    assert.equal(d.why(await d.use('b', token)), 'invalid_request subject_expired');
  });

  const LAST = { resource: 'api', call: { scope: READ } };
  const ENDS: readonly [string, string, (d: Delegating, root: { jti: string; grantId: string }) => void][] = [
    ['the root’s token', 'token_revoked', ({ w }, { jti }) => w.revoke({ by: 'token', value: jti })],
    ['its grant', 'grant_revoked', ({ w }, { grantId }) => w.revoke({ by: 'grant', value: grantId })],
    ['its agent', 'agent_revoked', ({ w }) => w.revoke({ by: 'agent', value: 'uid-a' })],
  ];
  for (const [what, reason, end] of ENDS)
    it(`dies three deep with ${what}: by verify, introspection and every further exchange`, async () => {
      const root = given(await d.hand('a', 'b'));
      const second = given(await d.hand('b', 'c', root.token));
      const third = given(await d.hand('c', 'd', second.token));
      const { token } = given(await d.use('d', third.token));
      assert.equal((d.w.verify(token, LAST) as { active: boolean }).active, true);
      end(d, root);
      assert.equal((d.w.verify(token, LAST) as { reason?: string }).reason, 'revoked');
      assert.deepEqual(d.w.engine.introspect(token), { active: false });
      for (const [name, one] of [
        ['b', root],
        ['c', second],
        ['d', third],
      ] as const)
        assert.equal(d.why(await d.use(name, one.token)), `invalid_request ${reason}`);
      assert.equal(d.why(await d.hand('d', 'e', third.token)), `invalid_request ${reason}`);
    });

  it('is worth nothing while an ancestor’s agent or policy is not active', async () => {
    const own = RULES.slice(1);
    const rest = policy(own);
    const roots = (spec: object = {}) => policy([rule('type-a')], spec, 'roots');
    d.w.serve(API, OTHER, NOTES, roots(), rest);
    const { token } = given(await d.hand('a', 'b'));
    given(await d.use('b', token));
    d.w.serve(API, OTHER, NOTES, roots({ state: 'Suspended' }), rest);
    assert.equal(d.why(await d.use('b', token)), 'invalid_request ancestor_policy');
    d.w.serve(API, OTHER, NOTES, rest);
    assert.equal(d.why(await d.use('b', token)), 'invalid_request ancestor_policy');
    d.w.serve(API, OTHER, NOTES, roots(), rest);
    given(await d.use('b', token));
    const end = new Date(d.w.clock.now()).toISOString();
    for (const gone of [[], [agent('a', { state: 'Suspended' })], [agent('a', { expiresAt: end })]]) {
      d.w.register(agent('b'), ...gone);
      assert.equal(d.why(await d.use('b', token)), 'invalid_request ancestor_agent');
    }
  });
});
