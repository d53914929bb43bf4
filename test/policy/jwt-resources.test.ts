import assert from 'node:assert/strict';
import type { Issue } from '../../src/api/v1alpha1/index.ts';
import { compileIssue } from '../../src/policy/issue.ts';
import { Problems } from '../../src/policy/problems.ts';
import { compileResources } from '../../src/policy/resources.ts';
import { errorsOf, IDP, oidc, pres, rule, standalone, World } from './support.ts';

const x = { sub: 'x', team: 'data', odd: 'user:alice' };
const gives = (issue: Issue) => oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue })]);
const jwt = pres('a', { tokenType: 'JWT', scopes: ['a:read', 'a:write'] });
const plain = pres('plain', { tokenType: 'JWT' });
const macaroons = pres('m', { scopes: ['m:read'] });
const all = [jwt, plain, macaroons];

const world = (issue: Issue, protectedResources = all) =>
  new World({ clusterTrustPolicies: [gives(issue)], protectedResources });
const errors = (issue: Issue, protectedResources = all) =>
  errorsOf({ clusterTrustPolicies: [gives(issue)], protectedResources }, 'p');
const ofA = { resources: ['a'], scopes: ['a:read'] };

describe('a resource that takes JWTs', () => {
  it('is served with its own form of scope and algorithm; by default a string and ES256', () => {
    const shown = (spec: object) => {
      const { resource } = world(ofA, [pres('a', { tokenType: 'JWT', scopes: ['a:read'], ...spec })]).terms(IDP, x, {
        resource: 'a',
      });
      return [resource.tokenType, resource.scopeFormat, resource.signingAlgorithm];
    };
    assert.deepEqual(shown({}), ['JWT', 'String', 'ES256']);
    assert.deepEqual(shown({ scopeFormat: 'Array', signingAlgorithm: 'EdDSA' }), ['JWT', 'Array', 'EdDSA']);
    assert.equal(world({}).terms(IDP, x).resource.tokenType, 'Macaroon');
  });

  it('that no schema ever saw has the defaults too', () => {
    const { tokenType: _t, scopeFormat: _f, signingAlgorithm: _a, ...spec } = macaroons.spec;
    const { served } = compileResources([{ ...macaroons, spec: spec as never }], standalone);
    const { tokenType, scopeFormat, signingAlgorithm } = served.get('m')!;
    assert.deepEqual([tokenType, scopeFormat, signingAlgorithm], ['Macaroon', 'String', 'ES256']);
  });

  it('gives of its scopes only those that the rule names', () => {
    assert.deepEqual(world(ofA).terms(IDP, x, { resource: 'a' }).scopes, ['a:read']);
    assert.equal(world({ resources: ['a'] }).outcome(IDP, x, { resource: 'a' }), 'nothing_left');
    assert.equal(world({ resources: ['plain'] }).terms(IDP, x, { resource: 'plain' }).scopes, undefined);
  });

  it('owns its scopes: claimed twice, by whatever kind, neither is served', () => {
    const both = world(ofA, [jwt, pres('b', { scopes: ['a:read'] })]);
    assert.deepEqual(
      [both.condition('a', 'Accepted'), both.condition('b', 'Accepted')],
      ['False/Conflict', 'False/Conflict'],
    );
  });

  it('AT-5: is asked for alone: scopes of two resources are of none', () => {
    const two = world({ resources: ['a', 'm'], scopes: ['a:read', 'm:read'] });
    assert.equal(two.outcome(IDP, x, { scopes: ['a:read', 'm:read'] }), 'resource_mismatch');
    assert.equal(two.outcome(IDP, x, { scopes: ['a:read'] }), 'p/r');
  });

  it('cannot be listed with what a JWT would ignore', () => {
    assert.deepEqual(errors({ ...ofA, budgetCredits: 0 }), ['NotEnforceable']);
    assert.deepEqual(errors({ ...ofA, caveats: ['a = b'] }), ['NotEnforceable']);
    assert.deepEqual(errors({ ...ofA, resources: ['m', 'a'], budgetCredits: 1 }), ['NotEnforceable']);
    assert.deepEqual(errors(ofA), []);
    const limited = pres('a', { tokenType: 'JWT', limits: { maxBudgetCredits: 1 } });
    assert.deepEqual(errorsOf({ protectedResources: [limited] }, 'a'), ['NotEnforceable']);
  });

  it('cannot be meant by our own issuer, for that is the audience of what only we take', () => {
    const own = 'https://mint.example';
    for (const spec of [{ audience: own }, { resourceUris: [own] }] as const)
      assert.equal(
        errorsOf({ protectedResources: [pres('a', { ...JSON.parse(JSON.stringify(spec)) })] }, 'a').length,
        1,
      );
  });
});

describe('clientId', () => {
  const terms = (clientId: string) => world({ ...ofA, clientId }).decide(IDP, x, { resource: 'a' });

  it('is rendered for the identity, and what it reads is named in the record', () => {
    const decision = terms('ci-{{ .Claims.team }}');
    assert.ok(decision.allowed);
    assert.equal(decision.terms.clientId, 'ci-data');
    assert.deepEqual(decision.terms.used, ['sub', 'team']);
  });

  it('AT-10, BC-6: is refused where it would begin as a subject does, written or rendered', () => {
    for (const clientId of ['user:alice', 'trustmint:-/p/r', 'spiffe://x/{{ .Claims.team }}'])
      assert.deepEqual(errors({ ...ofA, clientId }), ['InvalidClientId'], clientId);
    for (const clientId of ['{{ .Claims.odd }}', '{{ .Claims.gone }}']) {
      const decision = terms(clientId);
      assert.ok(!decision.allowed);
      assert.equal(decision.reason, 'template_failed', clientId);
    }
    const split = terms('user{{ .Claims.team }}');
    assert.ok(split.allowed && split.terms.clientId === 'userdata');
  });

  it('that no token will say is named', () => {
    const report = world({ resources: ['m'], scopes: ['m:read'], clientId: 'c' }).report('p');
    assert.deepEqual(
      report.problems.map(({ code }) => code),
      ['NoClient'],
    );
    assert.ok(report.served);
    assert.deepEqual(errors({ ...ofA, clientId: 'a b' }), ['InvalidTemplate']);
  });
});

describe('acting for others, and handing on', () => {
  const compiled = (issue: Issue) => {
    const problems = new Problems();
    const resources = compileResources(all, standalone);
    const context = { provider: 'oidc', resources, maxTtl: 86_400, problems, refs: new Problems() } as const;
    const { actsFor, delegation } = compileIssue(issue, 'i', context);
    const codes = problems.list.map(({ code }) => code);
    return { actsFor, delegation, codes };
  };

  it('are compiled: whom it acts for, and how far it may be handed on', () => {
    const issue: Issue = { ...ofA, actsFor: 'RegisteredUser', delegation: { maxDepth: 3 } };
    assert.deepEqual(compiled(issue), { actsFor: 'RegisteredUser', delegation: { maxDepth: 3 }, codes: [] });
  });

  it('P32: delegation is of JWTs alone, one to four times, and of scopes', () => {
    const codes = (issue: Issue) => compiled({ delegation: { maxDepth: 1 }, ...issue }).codes;
    assert.deepEqual(codes({}), ['NotDelegable'], 'default takes macaroons');
    assert.deepEqual(codes({ resources: ['a', 'm'], scopes: ['a:read', 'm:read'] }), ['NotDelegable']);
    assert.deepEqual(codes({ ...ofA, budgetCredits: 1 }), ['NotEnforceable', 'NotEnforceable']);
    assert.deepEqual(codes({ resources: ['plain'] }), ['NoScopes']);
    for (const maxDepth of [0, 5, 1.5])
      assert.deepEqual(codes({ ...ofA, delegation: { maxDepth } }), ['InvalidDelegation']);
    assert.deepEqual(codes({ ...ofA, delegation: { maxDepth: 4 } }), []);
  });
});
