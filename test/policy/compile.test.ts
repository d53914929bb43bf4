import assert from 'node:assert/strict';
import { compile } from '../../src/policy/index.ts';
import type { PolicyObjects } from '../../src/policy/types.ts';
import {
  CLUSTER,
  ctpol,
  IDP,
  inCluster,
  objects,
  oidc,
  pres,
  rule,
  serviceAccount,
  standalone,
  tpol,
  World,
} from './support.ts';

const anyone = { claims: { sub: '*' } };

describe('compile', () => {
  it('gives the published policies what they say', () => {
    const world = new World(
      {
        trustPolicies: [
          tpol('research', [
            rule('no-default-sa', { serviceAccount: 'default' }, { deny: true }),
            rule(
              'research',
              { serviceAccount: 'research-agent' },
              { issue: { budgetCredits: 1000, ttl: '8h', caveats: ['department = research', 'cost_center = eng-ai'] } },
            ),
            rule(
              'everyone-else',
              { serviceAccount: '*' },
              { issue: { budgetCredits: 200, ttl: '4h', caveats: ['department = general'] } },
            ),
          ]),
        ],
        clusterTrustPolicies: [
          ctpol('ci', [
            rule(
              'main',
              {
                repository: 'acme-corp/ai-pipeline',
                ref: 'refs/heads/main',
                expressions: [{ key: 'eventName', operator: 'In', values: ['push', 'workflow_dispatch'] }],
              },
              {
                issue: {
                  budgetCredits: 500,
                  ttl: '1h',
                  labelTemplate: 'ci-{{ .Claims.run_id }}',
                  caveats: ['department = ci-cd', 'repo = {{ .Claims.repository }}'],
                },
              },
            ),
          ]),
        ],
      },
      inCluster,
    );
    const research = world.terms(CLUSTER, serviceAccount('ai-agents', 'research-agent'));
    assert.deepEqual(
      [research.rule, research.budgetCredits, research.ttl, research.caveats],
      [
        'research',
        1000,
        28_800,
        [
          { key: 'department', value: 'research' },
          { key: 'cost_center', value: 'eng-ai' },
        ],
      ],
    );
    const other = world.terms(CLUSTER, serviceAccount('ai-agents', 'other'));
    assert.deepEqual([other.rule, other.budgetCredits, other.ttl], ['everyone-else', 200, 14_400]);
    assert.equal(world.outcome(CLUSTER, serviceAccount('ai-agents', 'default')), 'denied_by_rule');
    assert.equal(world.outcome(CLUSTER, serviceAccount('elsewhere', 'research-agent')), 'no_rule');
    const run = world.terms('https://token.actions.githubusercontent.com', {
      repository: 'acme-corp/ai-pipeline',
      ref: 'refs/heads/main',
      event_name: 'push',
      run_id: '99',
    });
    assert.deepEqual(
      [run.label, run.tenant, run.caveats[1]],
      ['ci-99', 'acme', { key: 'repo', value: 'acme-corp/ai-pipeline' }],
    );
    assert.deepEqual(run.used, ['repository', 'ref', 'eventName', '/repository', 'run_id']);
  });

  it('P48: one bad policy takes no other down, whatever is wrong with it', () => {
    const broken = JSON.parse(
      '[null, {}, {"trustRules": null}, {"provider": "oidc", "audience": 5, "trustRules": [null]}]',
    );
    for (const spec of broken) {
      const bad = { ...oidc('bad', []), spec };
      const world = new World({ clusterTrustPolicies: [bad, oidc('good', [rule('r', anyone)])] });
      assert.equal(world.outcome(IDP, { sub: 'x' }), 'good/r');
      assert.equal(world.report('bad').served, false);
      assert.equal(world.report('bad').phase, 'Invalid');
    }
  });

  it('P48: one bad resource takes no other down', () => {
    for (const spec of [null, {}, JSON.parse('{"audience": 5}')]) {
      const bad = { ...pres('bad'), spec };
      const world = new World({
        protectedResources: [bad, pres('api')],
        clusterTrustPolicies: [oidc('p', [rule('r', anyone, { issue: { resources: ['api'] } })])],
      });
      assert.equal(world.report('bad').served, false);
      assert.equal(world.outcome(IDP, { sub: 'x' }, { resource: 'api' }), 'p/r');
    }
  });

  it('refuses two objects of one name, both', () => {
    const world = new World({ clusterTrustPolicies: [oidc('p', [rule('a', anyone)]), oidc('p', [rule('b', anyone)])] });
    assert.equal(world.snapshot.ruleCount, 0);
    assert.deepEqual(
      world.snapshot.reports.map(({ served }) => served),
      [false, false],
    );
    assert.equal(world.condition('p', 'Accepted'), 'False/DuplicateObject');
  });

  it('reports every object, served or not, with conditions that name path and reason', () => {
    const world = new World({
      trustPolicies: [tpol('bad', [rule('r', {}, { issue: { ttl: '5s' } })], { issuer: CLUSTER })],
      clusterTrustPolicies: [oidc('good', [rule('r', anyone), rule('s', anyone)])],
      protectedResources: [pres('api')],
    });
    assert.deepEqual(
      world.snapshot.reports.map(({ kind, name, served, phase, rules }) => [kind, name, served, phase, rules]),
      [
        ['ClusterTrustPolicy', 'good', true, 'Active', 2],
        ['ProtectedResource', 'api', true, 'Active', 0],
        ['TrustPolicy', 'bad', false, 'Invalid', 0],
      ],
    );
    const bad = world.report('bad');
    assert.deepEqual(bad.problems, [
      {
        code: 'InvalidDuration',
        severity: 'error',
        path: 'spec.trustRules[0].issue.ttl',
        message: 'must be a duration from 1m to 24h',
      },
    ]);
    assert.equal(bad.conditions[0]?.message, 'spec.trustRules[0].issue.ttl: must be a duration from 1m to 24h');
    assert.deepEqual(
      bad.conditions.map(({ type, status }) => `${type} ${status}`),
      ['Accepted False', 'ResolvedRefs True', 'Ready False', 'Revoked False'],
    );
    assert.deepEqual([bad.namespace, bad.uid], ['ai-agents', 'tp-ai-agents-bad']);
  });

  it('derives the generation from the content alone', () => {
    const base = (): PolicyObjects =>
      objects({
        clusterTrustPolicies: [oidc('p', [rule('r', { claims: { a: '1', b: '2' } })])],
        protectedResources: [pres('api')],
      });
    const generation = compile(base(), standalone).generation;
    assert.equal(compile(base(), standalone).generation, generation);
    assert.match(generation, /^[A-Za-z0-9_-]{22}$/);
    const turned = objects({
      ...base(),
      clusterTrustPolicies: [oidc('p', [rule('r', { claims: { b: '2', a: '1' } })])],
    });
    assert.equal(compile(turned, standalone).generation, generation);
    const [policy] = base().clusterTrustPolicies;
    const others: PolicyObjects[] = [
      objects({ ...base(), clusterTrustPolicies: [oidc('q', [rule('r', { claims: { a: '1', b: '2' } })])] }),
      objects({
        ...base(),
        clusterTrustPolicies: [oidc('p', [rule('r', { claims: { a: '1', b: '2' } })], { state: 'Suspended' })],
      }),
      objects({
        ...base(),
        clusterTrustPolicies: [
          { ...policy!, metadata: { ...policy!.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
        ],
      }),
      objects({ ...base(), protectedResources: [] }),
    ];
    for (const other of others) assert.notEqual(compile(other, standalone).generation, generation);
    assert.notEqual(compile(base(), { ...standalone, maxTtl: 60 }).generation, generation);
    const labelled = (tenant: string) =>
      compile(base(), { ...inCluster, tenancy: { mode: 'NamespaceLabel', tenantOf: new Map([['a', tenant]]) } })
        .generation;
    assert.notEqual(labelled('x'), labelled('y'));
  });

  it('gives equal content equal reports, even of rules that share what they issue', () => {
    const issue = { caveats: ['a = b'], resources: ['ghost'] };
    const world = new World({
      clusterTrustPolicies: [oidc('p', [rule('r', anyone, { issue }), rule('s', anyone, { issue })])],
    });
    assert.deepEqual(
      world.report('p').problems.map(({ path }) => path),
      ['spec.trustRules[0].issue.resources[0]', 'spec.trustRules[1].issue.resources[0]'],
    );
  });

  it('says of resources that thousands claim alike who they are in a few words', () => {
    const resources = Array.from({ length: 2000 }, (_, i) => pres(`r${1000 + i}`, { scopes: ['x'] }));
    const { reports } = compile(objects({ protectedResources: resources }), inCluster);
    const messages = reports.map(({ problems }) => problems.map(({ message }) => message).join());
    assert.equal(messages[0], 'is also claimed by r1001, r1002, r1003 and 1996 more');
    assert.equal(messages[1999], 'is also claimed by r1000, r1001, r1002 and 1996 more');
    const [two] = compile(objects({ protectedResources: resources.slice(0, 2) }), inCluster).reports;
    assert.equal(two?.problems[0]?.message, 'is also claimed by r1001');
  });

  it('takes 20,000 rules in a moment, and finds each', () => {
    const policies = Array.from({ length: 400 }, (_, p) =>
      tpol(
        `p${p}`,
        Array.from({ length: 50 }, (_, r) => rule(`r${r}`, { serviceAccount: `agent-${r}` })),
        {},
        `ns-${p}`,
      ),
    );
    const start = performance.now();
    const world = new World({ trustPolicies: policies }, inCluster);
    assert.ok(performance.now() - start < 5000);
    assert.equal(world.snapshot.ruleCount, 20_000);
    assert.equal(world.outcome(CLUSTER, serviceAccount('ns-399', 'agent-49')), 'p399/r49');
    assert.equal(world.outcome(CLUSTER, serviceAccount('ns-399', 'agent-50')), 'no_rule');
  });
});
