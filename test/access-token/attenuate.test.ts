import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  AccessTokenError,
  actorsOf,
  attenuateDelegation,
  type Child,
  type DelegationClaims,
  lineageOf,
  mintAccessToken,
  mintDelegation,
  nextDepth,
} from '../../src/access-token/index.ts';
import {
  AUDIENCE,
  access,
  accessRequest,
  claimsOf,
  delegation,
  delegationRequest,
  ISSUER,
  KEY,
  NOW,
  refused,
  WORKER,
} from './support.ts';

const B = 'spiffe://cluster.local/b';
const parent = (more = {}) =>
  claimsOf(delegation(mintDelegation(delegationRequest({ may_act: { sub: B }, ...more }), KEY)));
const child = (more: Partial<Child> = {}): Child => ({
  sub: B,
  scopes: ['sample-api-a:read'],
  exp: NOW + 3600,
  ...more,
});

describe('what a child gets of a delegation', () => {
  it("is the parent's subject, both actors, the scopes that both have, and the earlier end", () => {
    assert.deepEqual(attenuateDelegation(parent(), child()), {
      sub: 'user:alice',
      act: { sub: B, act: { sub: WORKER } },
      scopes: ['sample-api-a:read'],
      exp: NOW + 600,
      parents: [{ jti: 'd-1', grant: 'g-1', policy: 'uid-policy', agent: 'uid-agent', iat: NOW }],
    });
    const both = child({ scopes: ['sample-api-a:write', 'sample-api-a:read', 'other'] });
    assert.deepEqual(attenuateDelegation(parent(), both).scopes, ['sample-api-a:read', 'sample-api-a:write']);
  });

  it('P30: is what was delegated, what its own rule gives, and what it asked for, all at once', () => {
    const scopes = ['sample-api-a:write', 'sample-api-a:read', 'more'];
    const asked = (...list: string[]) => attenuateDelegation(parent(), child({ scopes, asked: list })).scopes;
    assert.deepEqual(asked('sample-api-a:write'), ['sample-api-a:write']);
    for (const more of [['more'], ['sample-api-a:read', 'more'], ['nobody'], []])
      assert.throws(() => asked(...more), refused('scope'), more.join());
    assert.throws(() => attenuateDelegation(parent(), child({ scopes: ['other'] })), refused('scope'));
  });

  it('P32: is nothing where another was meant', () => {
    const other = 'spiffe://cluster.local/c';
    assert.throws(() => attenuateDelegation(parent(), child({ sub: other })), refused('may_act'));
    const typed = parent({ may_act: { agent_type: 'worker' } });
    assert.equal(attenuateDelegation(typed, child({ sub: other, agentType: 'worker' })).act.sub, other);
    assert.throws(() => attenuateDelegation(typed, child({ agentType: 'boss' })), refused('may_act'));
    assert.throws(() => attenuateDelegation(typed, child()), refused('may_act'));
  });

  it('P35: ends with the delegation, and with its own grant', () => {
    assert.equal(attenuateDelegation(parent(), child({ exp: NOW + 5 })).exp, NOW + 5);
    assert.equal(attenuateDelegation(parent({ exp: NOW + 30 }), child()).exp, NOW + 30);
  });

  it('goes four times from hand to hand, and not a fifth', () => {
    const agents = ['b', 'c', 'd', 'e'].map((name) => `spiffe://cluster.local/${name}`);
    let held = parent();
    agents.forEach((sub, i) => {
      const got = attenuateDelegation(held, child({ sub }));
      const token = mintAccessToken({ ...accessRequest(got), iat: NOW, exp: got.exp }, KEY);
      assert.equal(claimsOf(access(token)).parents?.length, i + 1);
      if (i === 3) {
        assert.throws(() => nextDepth(4, held.depth), refused('too_deep'));
        return;
      }
      const passed = {
        ...delegationRequest({ ...got, may_act: { sub: agents[i + 1]! } }),
        depth: nextDepth(4, held.depth),
      };
      held = claimsOf(delegation(mintDelegation({ ...passed, jti: `d-${i + 2}` }, KEY)));
    });
    assert.equal(held.depth, 1);
  });

  it('property: over any chain scope, expiry and depth never grow, the subject stays and every ancestor is named', () => {
    const scope = fc.subarray(['a', 'b', 'c', 'd', 'e'], { minLength: 3 });
    const step = fc.record({
      sub: fc.constantFrom('A', 'B', 'C', 'D', 'E', 'user:alice'),
      scopes: scope,
      asked: fc.option(fc.subarray(['a', 'b', 'c'], { minLength: 1 }), { nil: undefined, freq: 1 }),
      life: fc.integer({ min: 1, max: 2000 }),
      maxDepth: fc.integer({ min: 1, max: 4 }),
    });
    let handed = 0;
    fc.assert(
      fc.property(
        scope,
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        (scopes, depth, steps) => {
          const first = delegationRequest({ scopes, depth, act: { sub: 'root' }, may_act: { sub: steps[0]!.sub } });
          let held: DelegationClaims = claimsOf(delegation(mintDelegation(first, KEY)));
          const jtis = ['d-1'];
          for (const [i, { asked, life, maxDepth, ...one }] of steps.entries()) {
            let next: DelegationClaims;
            try {
              const got = attenuateDelegation(held, { ...one, ...(asked && { asked }), exp: NOW + life });
              const issued = { ...accessRequest(got), aud: AUDIENCE, iss: ISSUER, iat: NOW };
              const leaf = claimsOf(access(mintAccessToken(issued, KEY)));
              handed += 1;
              for (const claims of [got, leaf]) {
                assert.equal(claims.sub, held.sub);
                assert.ok(claims.scopes!.every((s) => held.scopes.includes(s) && one.scopes.includes(s)));
                assert.ok(claims.scopes!.every((s) => !asked || asked.includes(s)));
                assert.ok(claims.exp <= held.exp && claims.exp <= NOW + life);
                assert.deepEqual(actorsOf(claims.act), [one.sub, ...actorsOf(held.act)]);
                assert.deepEqual(
                  claims.parents!.map(({ jti }) => jti),
                  jtis,
                );
              }
              assert.equal(lineageOf(leaf).length, jtis.length + 1);
              const jti = `d-${i + 2}`;
              const deeper = nextDepth(maxDepth, held.depth);
              assert.ok(deeper < held.depth && deeper <= maxDepth);
              const may = { sub: steps[i + 1]?.sub ?? 'nobody' };
              next = claimsOf(
                delegation(mintDelegation({ ...delegationRequest(got), jti, depth: deeper, may_act: may }, KEY)),
              );
              jtis.push(jti);
            } catch (error) {
              assert.ok(
                error instanceof AccessTokenError && ['scope', 'cycle', 'too_deep'].includes(error.code),
                String(error),
              );
              return;
            }
            held = next;
          }
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(handed > 150, 'many of them could hand something on');
  });
});
