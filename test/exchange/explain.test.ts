import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ExplainRequest } from '../../src/exchange/index.ts';
import { claimsOf, ISSUERS } from '../proof/support.ts';
import { agents, cluster, RESEARCH, resource, type World, world } from './support.ts';

/** What explain says an exchange would say. */
async function explained(w: World, request: ExplainRequest) {
  const outcome = await w.engine.explain(request);
  if (!('decision' in outcome)) return { granted: false, code: outcome.code, why: outcome.detail, rules: [] };
  const { decision, refused, rules } = outcome;
  const why = decision.allowed ? refused?.reason : decision.reason;
  return { granted: decision.allowed && !refused, why, rules, verified: outcome.verified };
}

describe('explain', () => {
  let w: World;
  beforeEach(async () => {
    const deny = { name: 'no-default', match: { serviceAccount: 'default' }, deny: true };
    w = await world([agents([deny, RESEARCH])]);
  });

  it('shows each rule, each predicate, expected and actual, and issues and records nothing', async () => {
    const said = await explained(w, { credentials: await w.proof() });
    assert.deepEqual([said.granted, said.verified], [true, true]);
    assert.deepEqual(
      said.rules.map(({ rule, verdict }) => [rule, verdict]),
      [
        ['no-default', 'no_match'],
        ['research', 'granted'],
      ],
    );
    const account = said.rules[0]?.predicates.find(({ predicate }) => predicate === 'serviceAccount');
    assert.deepEqual(account, {
      predicate: 'serviceAccount',
      expected: '"default"',
      actual: '"research-agent"',
      holds: false,
    });
    assert.ok(!('refused' in (await w.engine.explain({ credentials: await w.proof() }))));
    const denied = await w.engine.explain({ credentials: await w.proof('kubernetes', { aud: 'other' }) });
    assert.ok('decision' in denied && !denied.decision.allowed && !('refused' in denied));
    assert.deepEqual(w.sink.lines, []);
  });

  it('explains claims that nobody signed, and says that they are not verified', async () => {
    const now = Math.floor(w.clock.now() / 1000);
    const { iss: _, ...claims } = claimsOf('kubernetes', { iat: now, exp: now + 600 });
    const said = await explained(w, { issuer: ISSUERS.kubernetes, claims });
    assert.deepEqual([said.granted, said.verified], [true, false]);
    const { iat, exp, nbf, ...timeless } = claims;
    assert.equal((await explained(w, { issuer: ISSUERS.kubernetes, claims: timeless })).granted, true);
    const expired = { ...timeless, iat: now - 700, exp: now - 100 };
    assert.match((await explained(w, { issuer: ISSUERS.kubernetes, claims: expired })).why ?? '', /^expired: /);
  });

  it('explains claims that one provider of the issuer cannot read by those that can', async () => {
    const anyone = { match: { claims: { sub: 'someone' } }, issue: {} };
    w.serve(agents([RESEARCH]), cluster('oidc', [anyone], { issuer: ISSUERS.kubernetes, tenant: 'acme' }));
    const claims = { sub: 'someone', aud: 'satgate' };
    assert.equal((await explained(w, { issuer: ISSUERS.kubernetes, claims })).granted, true);
  });

  it('says why a proof was refused, which its caller never learns', async () => {
    const forged = `${(await w.proof()).slice(0, -8)}AAAAAAAA`;
    assert.deepEqual((await explained(w, { credentials: forged })).code, 'invalid_proof');
    assert.match((await explained(w, { credentials: forged })).why ?? '', /^signature: /);
    const unknown = await explained(w, { issuer: 'https://unknown.example', claims: {} });
    assert.match(unknown.why ?? '', /^unknown_issuer: /);
  });

  it('is 503 before the first good read', async () => {
    w.unserve();
    assert.equal((await explained(w, { credentials: 'x' })).code, 'temporarily_unavailable');
  });

  it('tells what an exchange would meet with after the policies: an old proof, no instance, a revocation', async () => {
    const now = Math.floor(w.clock.now() / 1000);
    const rule = { match: { serviceAccount: '*' }, issue: { budgetPer: 'Instance' } };
    w.serve(agents([rule], { maxProofAge: '5m' }));
    const old = await w.proof('kubernetes', { iat: now - 301 });
    assert.deepEqual(await explained(w, { credentials: old }).then(({ granted, why }) => [granted, why]), [
      false,
      'proof_too_old',
    ]);
    const unbound = { namespace: 'ai-agents', serviceaccount: { name: 'research-agent', uid: 'u' } };
    const loose = await w.proof('kubernetes', { 'kubernetes.io': unbound });
    assert.equal((await explained(w, { credentials: loose })).why, 'no_instance');
    w.revoke({ by: 'policy', value: 'uid-research' });
    assert.equal((await explained(w, { credentials: await w.proof() })).why, 'policy_revoked');
  });

  it('property: agrees with exchange on who gets a token, and why not', async () => {
    const field = fc.constantFrom('research-agent', 'default', '*', 'r*', 'other');
    const issue = fc.constantFrom<object>(
      {},
      { labelTemplate: '{{ .Claims.team }}' },
      { resources: ['api'], scopes: ['a:r'] },
      { budgetPer: 'Instance' },
    );
    const rule = fc.tuple(field, fc.option(issue, { nil: undefined })).map(([serviceAccount, given]) => ({
      match: { serviceAccount },
      ...(given ? { issue: given } : { deny: true }),
    }));
    const asked = fc.record(
      { resource: fc.constantFrom('api', 'default', 'nowhere'), tenant: fc.constantFrom('acme', 'umbrella') },
      { requiredKeys: [] },
    );
    const policies = fc.record({
      own: fc.array(rule, { minLength: 1, maxLength: 4 }),
      guard: fc.array(rule, { minLength: 1, maxLength: 2 }),
      state: fc.constantFrom('Active', 'Active', 'Suspended', 'Revoked'),
      audience: fc.constantFrom('satgate', 'satgate', 'other'),
    });
    const claims = fc.record(
      { team: fc.constantFrom('red', 'a b'), aud: fc.constantFrom('satgate', 'else') },
      { requiredKeys: [] },
    );
    const inNamespace = (one: { match: object }) => ({ ...one, match: { namespace: 'ai-agents', ...one.match } });
    const api = resource('api', { audience: 'api', scopes: ['a:r'] });
    await fc.assert(
      fc.asyncProperty(policies, asked, claims, async ({ own, guard, state, audience }, request, changes) => {
        const spec = { tenant: 'acme', priority: guard.length - 2, audience };
        w.serve(api, agents(own, { state }), cluster('kubernetes', guard.map(inNamespace), spec));
        const proof = await w.proof('kubernetes', { ...changes, jti: `${w.clock.now()}` });
        const said = await explained(w, { credentials: proof, ...request });
        const outcome = await w.exchange(proof, request);
        assert.equal(said.granted, outcome.granted, JSON.stringify([said.why, w.record()]));
        if (!outcome.granted) assert.equal(said.why, w.record().refused.reason);
        await w.clock.advance(1000);
      }),
      { numRuns: 150 },
    );
  });
});
