import assert from 'node:assert/strict';
import {
  CLUSTER,
  ctpol,
  deny,
  GITHUB,
  IDP,
  inCluster,
  oidc,
  pres,
  rule,
  serviceAccount,
  tpol,
  World,
} from './support.ts';

describe('an explanation', () => {
  const match = {
    repository: 'acme/*',
    ref: 'refs/heads/main',
    claims: { actor: 'alice' },
    expressions: [
      { key: 'eventName', operator: 'In' as const, values: ['push', 'workflow_dispatch'] },
      { key: 'environment', operator: 'DoesNotExist' as const },
    ],
  };
  const claims = { repository: 'acme/app', ref: 'refs/heads/main', actor: 'alice', event_name: 'push' };
  const world = new World({
    clusterTrustPolicies: [ctpol('ci', [rule('main', match), rule('rest', { repository: 'acme/*' })])],
  });
  const explain = (some: object, request = {}, audiences?: string[]) =>
    world.snapshot.explain(world.identities(GITHUB, { ...claims, ...some }, audiences), request);

  it('says of each predicate what was expected, what was found and whether it holds', () => {
    const { rules, decision, generation } = explain({ event_name: 'pull_request' });
    assert.equal(generation, world.snapshot.generation);
    assert.ok(decision.allowed);
    assert.deepEqual(rules[0], {
      policy: { kind: 'ClusterTrustPolicy', uid: 'ctp-ci', name: 'ci' },
      rule: 'main',
      verdict: 'no_match',
      predicates: [
        { predicate: 'repository', expected: '"acme/*"', actual: '"acme/app"', holds: true },
        { predicate: 'ref', expected: '"refs/heads/main"', actual: '"refs/heads/main"', holds: true },
        { predicate: 'claims.actor', expected: '"alice"', actual: '"alice"', holds: true },
        {
          predicate: 'expressions[0] eventName',
          expected: 'one of ["push","workflow_dispatch"]',
          actual: '"pull_request"',
          holds: false,
        },
        { predicate: 'expressions[1] environment', expected: 'no value', holds: true },
        { predicate: 'audience', expected: '"satgate"', actual: '["satgate"]', holds: true },
        { predicate: 'resource', expected: 'one of ["default"]', actual: '"default"', holds: true },
      ],
    });
    assert.equal(rules[1]?.verdict, 'granted');
  });

  const mutations: [string, object, object, string[]?][] = [
    ['repository', { repository: 'evil/app' }, {}],
    ['ref', { ref: 'refs/tags/main' }, {}],
    ['claims.actor', { actor: undefined }, {}],
    ['expressions[0] eventName', { event_name: 'issues' }, {}],
    ['expressions[1] environment', { environment: 'production' }, {}],
    ['audience', {}, {}, ['other']],
    ['resource', {}, { resource: 'other' }],
    ['tenant', {}, { tenant: 'globex' }],
  ];
  for (const [name, some, request, audiences] of mutations) {
    it(`names ${name} as what fails when that alone is wrong`, () => {
      const [first] = explain(some, request, audiences).rules;
      assert.deepEqual(
        first?.predicates.filter(({ holds }) => !holds).map(({ predicate }) => predicate),
        [name],
      );
    });
  }

  it('shows the rules in the order in which they are tried, and which were not reached', () => {
    const denied = new World(
      {
        trustPolicies: [
          tpol('t', [deny('no', { serviceAccount: 'bad' }), rule('r', {})]),
          tpol('o', [rule('r', {})], {}, 'other'),
        ],
        clusterTrustPolicies: [
          ctpol('guard', [deny('no', { namespace: 'kube-*' })], { provider: 'kubernetes' }),
          oidc('elsewhere', [rule('r', { claims: { sub: '*' } })]),
        ],
      },
      inCluster,
    );
    const { rules } = denied.snapshot.explain(denied.identities(CLUSTER, serviceAccount('ai-agents', 'bad')), {});
    assert.deepEqual(
      rules.map(({ policy, rule: name, verdict }) => `${policy.name}/${name} ${verdict}`),
      ['guard/no no_match', 't/no denied', 't/r not_reached', 'o/r not_reached'],
    );
  });

  it('shows the text of a proof capped, and nothing that a terminal could obey', () => {
    const evil = explain({ actor: `\u001b[2J\u009b\u202e${'x'.repeat(5000)}` }).rules[0]?.predicates[2]?.actual ?? '';
    assert.ok(evil.length < 400);
    assert.match(evil, /^[ -~…]*$/);
  });

  it('of a refusal names the same refusal', () => {
    const none = new World({
      clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue: { resources: ['ghost'] } })])],
      protectedResources: [pres('api')],
    });
    for (const [request, reason] of [
      [{}, 'no_rule'],
      [{ resource: 'ghost' }, 'nothing_left'],
      [{ audience: 'no' }, 'unknown_resource'],
    ] as const) {
      const { decision } = none.snapshot.explain(none.identities(IDP, { sub: 'x' }), request);
      assert.equal(!decision.allowed && decision.reason, reason);
    }
  });
});
