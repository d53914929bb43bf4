import assert from 'node:assert/strict';
import type { Issue } from '../../src/api/v1alpha1/index.ts';
import { CLUSTER, ctpol, errorsOf, GITHUB, IDP, oidc, pres, rule, serviceAccount, tpol, World } from './support.ts';

const x = { sub: 'x' };
const gives = (issue: Issue) => oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue })]);
const api = pres('api', {
  audience: 'api-aud',
  resourceUris: ['https://api.example/v1'],
  scopes: ['api:read', 'api:write'],
});
const files = pres('files', { scopes: ['files:read'] });

const world = (issue: Issue, protectedResources = [api, files]) =>
  new World({ clusterTrustPolicies: [gives(issue)], protectedResources });
const every: Issue = { resources: ['default', 'api', 'files'], scopes: ['api:read', 'files:read'] };

describe('the resource of a request', () => {
  const asked = (request: object, issue = every) => {
    const decision = world(issue).decide(IDP, x, request);
    return decision.allowed ? decision.terms.resource.name : decision.reason;
  };

  it('is the one that it names by name, URI or audience', () => {
    assert.equal(asked({ resource: 'api' }), 'api');
    assert.equal(asked({ resource: 'https://api.example/v1' }), 'api');
    assert.equal(asked({ audience: 'api-aud' }), 'api');
    assert.equal(asked({ resource: 'api', audience: 'api-aud', scopes: ['api:read'] }), 'api');
  });

  it('is else the owner of its scopes, else default', () => {
    assert.equal(asked({ scopes: ['files:read'] }), 'files');
    assert.equal(asked({ scopes: [] }), 'default');
    assert.equal(asked({}), 'default');
    assert.equal(asked({ scopes: ['nobody:knows'] }), 'default');
  });

  it('must be one: names, audiences and scopes of two are refused', () => {
    assert.equal(asked({ resource: 'api', audience: 'files' }), 'resource_mismatch');
    assert.equal(asked({ scopes: ['api:read', 'files:read'] }), 'resource_mismatch');
    assert.equal(asked({ resource: 'api', scopes: ['files:read'] }), 'resource_mismatch');
  });

  it('must exist, and is compared exactly', () => {
    for (const request of [
      { resource: 'API' },
      { resource: 'https://api.example/v1/' },
      { audience: 'api' },
      { resource: 'api-aud' },
      { resource: '__proto__' },
    ])
      assert.equal(asked(request), 'unknown_resource', JSON.stringify(request));
  });

  it('must be listed by the rule; a rule that lists none gives default', () => {
    assert.equal(asked({ resource: 'api' }, {}), 'no_rule');
    assert.equal(asked({}, {}), 'default');
    assert.equal(asked({}, { resources: ['api'], scopes: ['api:read'] }), 'no_rule');
  });

  it('is found for verifiers by name, URI and audience', () => {
    const { snapshot } = world({});
    assert.deepEqual(
      ['api', 'https://api.example/v1', 'api-aud', 'default', 'nope'].map((name) => snapshot.findResource(name)?.name),
      ['api', 'api', 'api', 'default', undefined],
    );
  });
});

describe('default', () => {
  it('is built in, with the audience of the installation, and grantable from everywhere', () => {
    const policies = new World({ trustPolicies: [tpol('t', [rule('r', {})], { issuer: CLUSTER })] });
    assert.equal(policies.terms(CLUSTER, serviceAccount('ai-agents', 'a')).resource.audience, 'default');
  });

  it('gives way to an object of its name', () => {
    const own = pres('default', { audience: 'own', limits: { maxTtl: '10m' } });
    const terms = world({}, [own]).terms(IDP, x);
    assert.deepEqual([terms.resource.audience, terms.ttl], ['own', 600]);
  });

  it('keeps its audience from others', () => {
    const other = world({}, [pres('other', { audience: 'default' })]);
    assert.equal(other.condition('other', 'Accepted'), 'False/Conflict');
    assert.equal(other.outcome(IDP, x), 'p/r');
  });
});

describe('ownership', () => {
  for (const [what, one, two] of [
    ['a scope', { scopes: ['s'] }, { scopes: ['t', 's'] }],
    ['an audience', { audience: 'same' }, { audience: 'same' }],
    ['a URI', { resourceUris: ['https://x.example/'] }, { resourceUris: ['https://x.example/'] }],
    ['a URI that is the audience of another', { resourceUris: ['urn:x'] }, { audience: 'urn:x' }],
  ] as const) {
    it(`of ${what} claimed twice is nobody's; third parties are untouched`, () => {
      const copy = (spec: typeof one | typeof two) => JSON.parse(JSON.stringify(spec));
      const both = world(every, [pres('a', copy(one)), pres('b', copy(two)), files]);
      assert.equal(both.condition('a', 'Accepted'), 'False/Conflict');
      assert.equal(both.condition('b', 'Accepted'), 'False/Conflict');
      assert.equal(both.condition('files', 'Accepted'), 'True/Accepted');
      assert.equal(both.snapshot.findResource('a'), undefined);
    });
  }

  it('of its own URI as audience is no conflict', () => {
    assert.deepEqual(
      errorsOf({ protectedResources: [pres('a', { audience: 'urn:a', resourceUris: ['urn:a'] })] }, 'a'),
      [],
    );
  });
});

describe('a resource', () => {
  const errors = (spec: Parameters<typeof pres>[1]) => errorsOf({ protectedResources: [pres('a', spec)] }, 'a');

  it('must have an audience and URIs that can stand in a token', () => {
    for (const audience of ['a\nb', ' a', 'é', 'https://mint.example'])
      assert.deepEqual(errors({ audience }), ['InvalidAudience'], audience);
    for (const uri of ['a', '/a', 'https://x.example/#f', 'https://x .example/'])
      assert.deepEqual(errors({ resourceUris: [uri] }), ['InvalidUri'], uri);
    assert.deepEqual(errors({ limits: { maxTtl: '59s' } }), ['InvalidDuration']);
  });
});

describe('limits', () => {
  it('cap every grant, whoever wrote it', () => {
    const limited = [pres('api', { limits: { maxTtl: '2h', maxBudgetCredits: 50 } })];
    const terms = (issue: Issue) => world({ resources: ['api'], ...issue }, limited).terms(IDP, x, { resource: 'api' });
    assert.deepEqual(
      [terms({ ttl: '8h', budgetCredits: 1000 }).ttl, terms({ ttl: '8h', budgetCredits: 1000 }).budgetCredits],
      [7200, 50],
    );
    assert.deepEqual(
      [terms({ ttl: '1h', budgetCredits: 10 }).ttl, terms({ budgetCredits: 10 }).budgetCredits],
      [3600, 10],
    );
    assert.equal(terms({}).budgetCredits, 50);
    assert.equal(terms({ budgetCredits: 0 }).budgetCredits, 0);
    assert.equal(world({}).terms(IDP, x).budgetCredits, undefined);
  });

  it('of the installation cap the ttl; the default is an hour', () => {
    const options = {
      tenancy: { mode: 'Single', tenant: 't' },
      defaultAudience: 'd',
      maxTtl: 1800,
      ownIssuer: 'https://mint.example',
      allowLoopbackHttp: false,
    } as const;
    assert.equal(new World({ clusterTrustPolicies: [gives({ ttl: '8h' })] }, options).terms(IDP, x).ttl, 1800);
    assert.equal(world({}).terms(IDP, x).ttl, 3600);
    assert.equal(world({ ttlFromProof: true }).terms(IDP, x).ttlFromProof, true);
  });
});

describe('scopes', () => {
  it('are those of the resource that the rule names', () => {
    const terms = (request: object) => world(every).terms(IDP, x, request);
    assert.deepEqual(terms({ resource: 'api' }).scopes, ['api:read']);
    assert.deepEqual(terms({ resource: 'files' }).scopes, ['files:read']);
    assert.equal(terms({}).scopes, undefined);
  });

  it('of which nothing is left deny, rather than give all or fall through', () => {
    const none = new World({
      clusterTrustPolicies: [
        oidc('p', [
          rule('r', { claims: { sub: 'x' } }, { issue: { resources: ['api'], scopes: ['api:gone'] } }),
          rule('s', { claims: { sub: 'x' } }, { issue: { resources: ['api'], scopes: ['api:read'] } }),
        ]),
      ],
      protectedResources: [api],
    });
    assert.equal(none.outcome(IDP, x, { resource: 'api' }), 'nothing_left');
    assert.equal(none.condition('p', 'ResolvedRefs'), 'False/ScopeNotFound');
    assert.equal(none.condition('p', 'Ready'), 'False/PartlyServed');
    assert.equal(none.report('p').served, true);
  });

  it('and resources that do not exist leave the rest of the rule in force', () => {
    const some = world({ resources: ['ghost', 'default'] });
    assert.equal(some.condition('p', 'ResolvedRefs'), 'False/ResourceNotFound');
    assert.equal(some.outcome(IDP, x), 'p/r');
    assert.equal(some.outcome(IDP, x, { resource: 'ghost' }), 'nothing_left');
  });
});

describe('budgets', () => {
  const github = (issue: Issue) => {
    const { budgetPer, budgetWindow } = new World({
      clusterTrustPolicies: [ctpol('p', [rule('r', { owner: 'a' }, { issue })])],
    }).terms(GITHUB, { repository_owner: 'a' });
    return [budgetPer, budgetWindow];
  };

  it('are per subject and as long as the rule says a token lives, not as long as a limit makes it', () => {
    const { budgetPer, budgetWindow } = world({ ttl: '8h', resources: ['api'] }, [
      pres('api', { limits: { maxTtl: '1h' } }),
    ]).terms(IDP, x, { resource: 'api' });
    assert.deepEqual([budgetPer, budgetWindow], ['Subject', 28_800]);
    assert.equal(world({ budgetWindow: 'Lifetime' }).terms(IDP, x).budgetWindow, 'Lifetime');
    assert.equal(world({ budgetWindow: '24h', budgetPer: 'Rule' }).terms(IDP, x).budgetWindow, 86_400);
  });

  it('of a GitHub run are one for the whole run', () => {
    assert.deepEqual(github({ ttl: '1h' }), ['Instance', 'Lifetime']);
    assert.deepEqual(github({ budgetWindow: '1h' }), ['Instance', 3600]);
    assert.deepEqual(github({ budgetPer: 'Subject', ttl: '2h' }), ['Subject', 7200]);
  });
});

describe('the age of a proof', () => {
  it('is at most what the policy says, else what suits the provider', () => {
    const age = (spec: object) =>
      new World({ clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } })], spec)] }).terms(IDP, x)
        .maxProofAge;
    assert.deepEqual([age({}), age({ maxProofAge: '90s' })], [3600, 90]);
    const ci = new World({ clusterTrustPolicies: [ctpol('p', [rule('r', { owner: 'a' })])] });
    assert.equal(ci.terms(GITHUB, { repository_owner: 'a' }).maxProofAge, 600);
    const pods = new World({ trustPolicies: [tpol('t', [rule('r', {})], { issuer: CLUSTER })] });
    assert.equal(pods.terms(CLUSTER, serviceAccount('ai-agents', 'a')).maxProofAge, 86_400);
  });
});
