import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { attenuateMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import type { RevocationEntry } from '../../src/revocation/index.ts';
import { delegating, given } from './delegation-support.ts';
import { ISSUER, OBJECTS } from './jwt-support.ts';
import { resource, type World, world } from './support.ts';

const active = (answer: object) => 'active' in answer && answer.active === true;

describe('introspection', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([...OBJECTS]);
  });

  it('says of a JWT what it says of itself', async () => {
    const { token, expiresAt, jti, grantId } = await w.granted({ scopes: ['a:r'] });
    const said = w.engine.introspect(token);
    assert.ok('active' in said && said.active);
    const { resource, audience, tokenType, scopes, clientId, subject, issuedAt, tenant, unchecked } = said;
    assert.deepEqual(
      { resource, audience, tokenType, scopes, subject, tenant, unchecked },
      {
        ...{ resource: 'api', audience: 'api-audience', tokenType: 'access_token', scopes: ['a:r'], tenant: 'acme' },
        subject: decodeJwt(token).sub,
        unchecked: [],
      },
    );
    assert.deepEqual(
      [said.jti, said.grantId, said.expiresAt, issuedAt, clientId],
      [jti, grantId, expiresAt, decodeJwt(token).iat, decodeJwt(token).client_id],
    );
  });

  it('says who acts, and for whom', async () => {
    const d = await delegating();
    const { token } = given(await d.use('b', given(await d.hand('a', 'b')).token));
    const said = d.w.engine.introspect(token);
    assert.ok('active' in said && said.active);
    assert.deepEqual([said.subject, said.act], ['user:alice', decodeJwt(token).act]);
  });

  it('judges a macaroon but for what only a call could answer, which it lists', async () => {
    const caveats = ['tool in search,fetch', 'budget_credits <= 3', 'method = GET', 'path = /v1', 'note = mine'];
    const { token } = await w.granted({ resource: 'files', caveats });
    const said = w.engine.introspect(token);
    assert.ok('active' in said && said.active);
    assert.deepEqual(said.unchecked, ['scope in f:r', ...caveats.slice(0, 4)]);
    assert.deepEqual(said.notes, ['mine']);
    assert.equal(active(w.engine.introspect(attenuateMacaroon(token, ['time >= 2026-01-01T01:00:00Z']))), false);
  });

  it('P33: knows a token by its audience, though that be the name of another resource', async () => {
    const named = resource('api-audience', { audience: 'elsewhere', tokenType: 'JWT' });
    w.serve(...OBJECTS, named);
    const { token } = await w.granted({ scopes: ['a:r'] });
    assert.ok(active(w.verify(token, { resource: 'api', call: { scope: 'a:r' } })));
    const said = w.engine.introspect(token);
    assert.ok('active' in said && said.active);
    assert.equal(said.resource, 'api');
  });

  it('IN-2: says nothing of why a token is not active', async () => {
    const { token } = await w.granted({ scopes: ['a:r'] });
    const macaroon = (await w.granted({ resource: 'files' })).token;
    const nothing = { active: false };
    for (const bad of ['', 'x', 'a.b.c', `${token}x`, token.slice(0, -3), macaroon.slice(0, -4), await w.proof()])
      assert.deepEqual(w.engine.introspect(bad), nothing, bad);
    await w.clock.advance(9 * 3_600_000);
    for (const over of [token, macaroon]) assert.deepEqual(w.engine.introspect(over), nothing);
  });

  it('goes on while the view is stale, says so, and stops with verifying', async () => {
    const { token } = await w.granted({ scopes: ['a:r'] });
    w.view.stale = 900.5;
    const said = w.engine.introspect(token);
    assert.ok('active' in said && said.active);
    assert.equal(said.staleSeconds, 900);
    w.view.stale = 1801;
    assert.ok('code' in w.engine.introspect(token));
  });

  it('P33: agrees with verify, and with an API that verifies by our keys, of any token after any revocations', async () => {
    const BY = ['token', 'derivedFrom', 'grant', 'agent', 'policy'] as const;
    const CALLS = [
      { scope: 'a:r', tool: 'search' },
      { scope: 'f:r', tool: 'search' },
    ];
    const jwks = w.engine.jwks();
    assert.ok('keys' in jwks);
    const keys = createLocalJWKSet({ keys: jwks.keys.map((key) => ({ ...key })) });
    const made = await Promise.all(
      [
        { scopes: ['a:r'] },
        { scopes: ['a:r', 'a:w'], ttl: 60 },
        { resource: 'files' },
        { resource: 'files', ttl: 90 },
      ].map((request) => w.granted(request)),
    );
    const tokens = made.flatMap((grant) =>
      grant.tokenType === 'access_token'
        ? [grant, { ...grant, token: `${grant.token.slice(0, -8)}AAAAAAAA` }]
        : [
            grant,
            ...['tool = search', 'time >= 2026-01-01T00:01:30Z', 'tenant = acme'].map((one) => ({
              ...grant,
              token: attenuateMacaroon(grant.token, [one]),
            })),
          ],
    );
    const entry = fc.record({
      by: fc.constantFrom(...BY),
      grant: fc.constantFrom(...made),
      tenant: fc.constantFrom(null, 'acme', 'other'),
      issuedBefore: fc.constantFrom(null, -1, 0, 1),
      expiresAt: fc.constantFrom(null, -1, 1000),
    });
    type Made = typeof entry extends fc.Arbitrary<infer T> ? T : never;
    const seconds = () => Math.floor(w.clock.now() / 1000);
    const named = (by: (typeof BY)[number], grant: (typeof made)[number]) =>
      ({
        token: grant.jti,
        derivedFrom: grant.tokenType === 'macaroon' ? describeMacaroon(grant.token).derivedFrom : 'none',
        grant: grant.grantId,
        agent: 'uid-a',
        policy: 'uid-research',
      })[by];
    const check = async (entries: readonly Made[]) => {
      const all = entries.map(({ by, grant, tenant, issuedBefore, expiresAt }): Parameters<World['revoke']>[0] => ({
        by,
        value: named(by, grant),
        tenant,
        issuedBefore: issuedBefore === null ? null : started + issuedBefore,
        expiresAt: expiresAt === null ? null : started + expiresAt,
      }));
      w.revoke(...all);
      for (const { token, resource, tokenType, jti } of tokens) {
        const byCall = CALLS.some((call) => active(w.verify(token, { resource, call })));
        assert.equal(active(w.engine.introspect(token)), byCall);
        if (tokenType !== 'access_token') continue;
        const options = {
          issuer: ISSUER,
          audience: 'api-audience',
          typ: 'at+jwt',
          currentDate: new Date(w.clock.now()),
        };
        const atApi = await jwtVerify(token, keys, options).then(
          () => true,
          () => false,
        );
        if (byCall) assert.ok(atApi, 'what we take, an API takes');
        else if (atApi)
          assert.ok(
            all.some((one) => hits(one, jti)),
            'an API knows no revocation, and nothing else less',
          );
      }
    };
    const started = seconds();
    const hits = ({ by, value }: Pick<RevocationEntry, 'by' | 'value'>, jti: string) => by !== 'token' || value === jti;
    await fc.assert(fc.asyncProperty(fc.array(entry, { maxLength: 3 }), check), { numRuns: 60 });
    for (const after of [61, 91, 1801]) {
      await w.clock.advance(after * 1000);
      await check([]);
    }
  });
});
