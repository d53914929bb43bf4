import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ExchangeRequest } from '../../src/exchange/index.ts';
import { narrow } from '../../src/exchange/narrow.ts';
import type { GrantTerms } from '../../src/policy/index.ts';
import { agents, RESEARCH, refusal, resource, type World, world } from './support.ts';

const API = resource('api', { audience: 'api', scopes: ['api:read', 'api:write', 'api:admin'] });
const OF_API = agents([
  { match: { serviceAccount: '*' }, issue: { resources: ['api'], scopes: ['api:read', 'api:write'], ttl: '1h' } },
]);

describe('a request can only ask for less', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([agents([RESEARCH])]);
  });

  it('a shorter ttl shortens the token', async () => {
    assert.equal((await w.granted({ ttl: 8 * 3600 })).expiresIn, 8 * 3600, 'the ceiling itself may be asked for');
    const grant = await w.granted({ ttl: 60 });
    assert.equal(grant.expiresIn, 60);
    assert.equal(grant.caveats[0], 'time < 2026-01-01T00:01:00Z');
  });

  it('a smaller budget and further caveats are appended as a holder would, behind the issuer’s', async () => {
    const grant = await w.granted({ budgetCredits: 10, caveats: ['tool = search', 'note = mine'] });
    assert.deepEqual(grant.caveats.slice(3), [
      'budget_credits <= 1000',
      'department = research',
      'cost_center = eng-ai',
      'budget_credits <= 10',
      'tool = search',
      'note = mine',
    ]);
    const verdict = w.verify(grant.token, { call: { tool: 'search', cost: 10 } });
    assert.ok('active' in verdict && verdict.active);
    assert.deepEqual(
      verdict.accounts.map(({ limit }) => limit),
      [1000, 10],
      'the call draws on the whole grant and on what this token keeps to itself',
    );
    const dear = w.verify(grant.token, { call: { tool: 'search', cost: 11 } });
    assert.ok('active' in dear && !dear.active);
    assert.equal(dear.reason, 'over_budget');
  });

  it('the very budget of the rule is no second account', async () => {
    const grant = await w.granted({ budgetCredits: 1000 });
    assert.equal(grant.caveats.filter((caveat) => caveat.startsWith('budget_credits')).length, 1);
  });

  it('a budget may be asked for where the rule states none', async () => {
    w.serve(agents([{ match: { serviceAccount: '*' }, issue: {} }]));
    const grant = await w.granted({ budgetCredits: 5 });
    assert.equal(grant.caveats.at(-1), 'budget_credits <= 5');
  });

  it('fewer scopes lower the issuer’s own caveat; none asked for means all that the rule gives', async () => {
    w.serve(API, OF_API);
    const all = await w.granted({ resource: 'api' });
    assert.deepEqual(all.scopes, ['api:read', 'api:write']);
    assert.ok(all.caveats.includes('scope in api:read,api:write'));
    const some = await w.granted({ scopes: ['api:read'] });
    assert.equal(some.resource, 'api', 'the owner of the scopes is the resource');
    assert.deepEqual(some.scopes, ['api:read']);
    assert.ok(some.caveats.includes('scope in api:read'));
  });

  it('the audience says which resource, and a tenant confirms', async () => {
    w.serve(API, OF_API);
    const grant = await w.granted({ audience: 'api', tenant: 'acme' });
    assert.equal(grant.resource, 'api');
    assert.ok(grant.caveats.includes('aud = api'));
  });

  const excesses: [string, Partial<ExchangeRequest>, RegExp][] = [
    ['a longer ttl', { resource: 'api', ttl: 3601 }, /^ttl: at most 3600 seconds$/],
    ['a scope that the rule does not give', { scopes: ['api:admin'] }, /^scopes: at most api:read api:write$/],
    ['a scope that there is not', { resource: 'api', scopes: ['x'] }, /^scopes: at most api:read api:write$/],
    ['one scope too many', { scopes: ['api:read', 'api:admin'] }, /^scopes: at most api:read api:write$/],
  ];
  for (const [what, request, says] of excesses) {
    it(`${what} is refused with exceeds_policy and the ceiling, nothing else`, async () => {
      w.serve(API, OF_API);
      const said = await refusal(w, await w.proof(), request);
      assert.deepEqual([said.code, said.stage, said.reason], ['exceeds_policy', 'request', 'exceeds_policy']);
      assert.match(said.message, says);
    });
  }

  it('a larger budget is refused with exceeds_policy and the ceiling', async () => {
    const said = await refusal(w, await w.proof(), { budgetCredits: 1001 });
    assert.deepEqual([said.code, said.message], ['exceeds_policy', 'budget_credits: at most 1000']);
  });

  it('scopes of a resource that has none are refused', async () => {
    const said = await refusal(w, await w.proof(), { scopes: ['anything'] });
    assert.deepEqual([said.code, said.message], ['exceeds_policy', 'scopes: none may be asked for']);
  });

  const caveats: [string, string[], string][] = [
    ['that is not of the language', ['all you want'], 'caveat'],
    ['that contradicts an attribute', ['department = sales'], 'never_holds'],
    ['about an attribute that the issuer does not state', ['region = eu'], 'never_holds'],
    ['for another audience', ['aud = other'], 'never_holds'],
    ['in non-ASCII', ['tool = ü'], 'caveat'],
    ['with a line break', ['tool = a\nbudget_credits <= 9'], 'caveat'],
    ['beyond the number that a macaroon takes', Array(64).fill('note = x'), 'too_large'],
  ];
  for (const [what, asked, reason] of caveats) {
    it(`a caveat ${what} is invalid_request, not a dead token`, async () => {
      const said = await refusal(w, await w.proof(), { caveats: asked });
      assert.deepEqual([said.code, said.stage, said.reason], ['invalid_request', 'request', reason]);
      assert.match(said.message, /^caveats: /);
    });
  }

  const words = ['a', 'b', 'c', 'd'];
  const request = fc.record(
    {
      ttl: fc.integer({ min: 1, max: 100_000 }),
      budgetCredits: fc.nat(2000),
      scopes: fc.subarray(words, { minLength: 1 }),
      caveats: fc.array(fc.constantFrom('budget_credits <= 9999', 'tool = x', 'scope = d', 'note = y'), {
        maxLength: 3,
      }),
    },
    { requiredKeys: [] },
  );
  const given = fc.record({
    ttl: fc.integer({ min: 60, max: 86_400 }),
    scopes: fc.option(fc.subarray(words, { minLength: 1 }), { nil: undefined }),
    budgetCredits: fc.option(fc.nat(2000), { nil: undefined }),
  });

  it('property: what is granted is never wider than the rule’s terms, nor than the request', () => {
    fc.assert(
      fc.property(request, given, (asked, terms) => {
        const got = narrow(asked as unknown as ExchangeRequest, terms as unknown as GrantTerms);
        const tooMuch =
          (asked.ttl ?? 0) > terms.ttl ||
          (asked.scopes ?? []).some((scope) => !(terms.scopes ?? []).includes(scope)) ||
          (terms.budgetCredits !== undefined && (asked.budgetCredits ?? 0) > terms.budgetCredits);
        assert.equal('excess' in got, tooMuch);
        if ('excess' in got) return;
        assert.ok(got.ttl <= terms.ttl && got.ttl <= (asked.ttl ?? terms.ttl));
        if (terms.scopes)
          assert.ok(got.scopes && got.scopes.length > 0, 'a resource with scopes never gives a token without');
        for (const scope of got.scopes ?? []) {
          assert.ok(terms.scopes?.includes(scope) && (asked.scopes ?? terms.scopes).includes(scope));
        }
        const budgets = [
          ...got.appended.map((text) => /^budget_credits <= (\d+)$/.exec(text)?.[1]),
          terms.budgetCredits,
        ];
        const least = Math.min(...budgets.filter((b) => b !== undefined).map(Number));
        assert.ok(least <= (asked.budgetCredits ?? Infinity) && least <= (terms.budgetCredits ?? Infinity));
      }),
      { numRuns: 1000 },
    );
  });

  it('property: no request gets a token that a call accepts and the bare token’s call does not', async () => {
    w.serve(API, OF_API);
    const bare = await w.granted({ resource: 'api' });
    const proof = await w.proof();
    const call = fc.record({
      scope: fc.constantFrom('api:read', 'api:write', 'api:admin'),
      tool: fc.constantFrom('x', 'y'),
    });
    const ask = fc.record({
      ttl: fc.integer({ min: 1, max: 4000 }),
      scopes: fc.subarray(['api:read', 'api:write', 'api:admin'], { minLength: 1 }),
      caveats: fc.subarray(['tool = x', 'scope = api:admin', 'note = y', 'scope in api:read,api:admin']),
    });
    await fc.assert(
      fc.asyncProperty(ask, call, async (asked, tried) => {
        const outcome = await w.exchange(proof, asked);
        await w.clock.advance(100);
        if (!outcome.granted) return;
        const [narrowed, plain] = [outcome.token, bare.token].map((token) =>
          w.verify(token, { resource: 'api', call: tried }),
        );
        if ('active' in narrowed! && narrowed.active) assert.ok('active' in plain! && plain.active);
      }),
      { numRuns: 200 },
    );
  });
});
