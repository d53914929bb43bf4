import assert from 'node:assert/strict';
import type { Match } from '../../src/api/v1alpha1/index.ts';
import { CLUSTER, ctpol, deny, errorsOf, GITHUB, IDP, inCluster, oidc, rule, tpol, World } from './support.ts';

const github = (match: Match) => errorsOf({ clusterTrustPolicies: [ctpol('p', [rule('r', match)])] }, 'p');
const at = (issuer: string, match: Match) =>
  errorsOf({ clusterTrustPolicies: [oidc('p', [rule('r', match)], { issuer })] }, 'p');
const kubernetes = (match: Match) =>
  errorsOf({ clusterTrustPolicies: [ctpol('p', [rule('r', match)], { provider: 'kubernetes' })] }, 'p', inCluster);

describe('a rule must narrow', () => {
  it('P19: one that says nothing does not compile, at any provider', () => {
    assert.deepEqual(github({}), ['MustNarrow']);
    assert.deepEqual(at(IDP, {}), ['MustNarrow']);
    assert.deepEqual(kubernetes({}), ['MustNarrow']);
    assert.deepEqual(at(IDP, { expressions: [{ key: 'x', operator: 'DoesNotExist' }] }), ['MustNarrow']);
    assert.deepEqual(at(IDP, { expressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] }), ['MustNarrow']);
    assert.deepEqual(at(IDP, { claims: { sub: '*' } }), []);
  });

  it('P17: GitHub by an owner, or a repository whose owner is literal', () => {
    const good: Match[] = [
      { owner: 'acme' },
      { ownerId: '1' },
      { repositoryId: '2' },
      { repository: 'acme/app' },
      { repository: 'acme/*' },
      { repository: 'acme/**' },
      { claims: { repository_owner: 'acme' } },
      { claims: { sub: 'repo:acme/app:ref:refs/heads/main' } },
      { expressions: [{ key: 'repository', operator: 'In', values: ['acme/a', 'acme/b*'] }] },
      { expressions: [{ key: 'repository_id', operator: 'In', values: ['1', '2'] }] },
    ];
    for (const match of good) assert.deepEqual(github(match), [], JSON.stringify(match));
    const bad: Match[] = [
      { ref: 'refs/heads/main' },
      { eventName: 'push', environment: 'production' },
      { owner: '*' },
      { owner: 'acme*' },
      { repository: '*' },
      { repository: '**' },
      { repository: 'acme*/app' },
      { repository: '*/app' },
      { repository: '/app' },
      { jobWorkflowRef: 'acme/app/.github/workflows/x.yml@refs/heads/main' },
      { claims: { sub: 'repo:acme/app:**' } },
      { claims: { actor: 'alice' } },
      { expressions: [{ key: 'repository', operator: 'In', values: ['acme/a', '*/b'] }] },
      { expressions: [{ key: 'owner', operator: 'NotIn', values: ['evil'] }] },
      { expressions: [{ key: 'owner', operator: 'Exists' }] },
    ];
    for (const match of bad) assert.deepEqual(github(match), ['MustNarrow'], JSON.stringify(match));
  });

  it('P17: other issuers that many share, by what says whose it is; GitHub also as plain oidc', () => {
    assert.deepEqual(at('https://gitlab.com', { claims: { ref: 'main' } }), ['MustNarrow']);
    assert.deepEqual(at('https://gitlab.com', { claims: { project_path: 'acme/app' } }), []);
    assert.deepEqual(at('https://gitlab.com/', { claims: { project_path: '**' } }), ['MustNarrow']);
    assert.deepEqual(at('https://accounts.google.com', { claims: { aud: 'x' } }), ['MustNarrow']);
    assert.deepEqual(at('https://accounts.google.com', { claims: { sub: '1234' } }), []);
    assert.deepEqual(at('https://agent.buildkite.com', { claims: { sub: 'organization:*' } }), ['MustNarrow']);
    assert.deepEqual(at('https://agent.buildkite.com', { claims: { organization_id: 'x' } }), []);
    assert.deepEqual(at(GITHUB, { claims: { ref: 'refs/heads/main' } }), ['MustNarrow']);
    assert.deepEqual(at(`${GITHUB}/acme`, { claims: { ref: 'refs/heads/main' } }), ['MustNarrow']);
    assert.deepEqual(at(GITHUB, { claims: { '/repository_owner': 'acme' } }), []);
  });

  it('P19: Kubernetes by a namespace or a service account; K8-3 by the uid of one', () => {
    const good: Match[] = [
      { namespace: 'a' },
      { namespace: 'team-*' },
      { serviceAccount: 'ci' },
      { namespace: 'a', serviceAccount: '*' },
      { claims: { '/kubernetes.io/serviceaccount/uid': 'u' } },
      { claims: { sub: 'system:serviceaccount:a:b' } },
      { claims: { sub: 'system:serviceaccount:a:*' } },
      { claims: { sub: 'system:serviceaccount:*:ci' } },
    ];
    for (const match of good) assert.deepEqual(kubernetes(match), [], JSON.stringify(match));
    const bad: Match[] = [
      { serviceAccount: '*' },
      { namespace: '**', serviceAccount: '*' },
      { expressions: [{ key: 'namespace', operator: 'NotIn', values: ['kube-system'] }] },
      { claims: { '/kubernetes.io/pod/name': 'x' } },
      { claims: { sub: 'system:serviceaccount:*:*' } },
      { claims: { sub: 'system:serviceaccount:**' } },
      { claims: { '/sub': 'sys**' } },
      { expressions: [{ key: 'sub', operator: 'In', values: ['system:serviceaccount:a:b', '**:*'] }] },
    ];
    for (const match of bad) assert.deepEqual(kubernetes(match), ['MustNarrow'], JSON.stringify(match));
  });

  it('in a TrustPolicy its own namespace is enough', () => {
    assert.deepEqual(
      errorsOf({ trustPolicies: [tpol('p', [rule('r', {}), rule('s', { serviceAccount: '*' })])] }, 'p', inCluster),
      [],
    );
  });

  it('but a deny trusts nobody, and may be as broad as a guardrail is', () => {
    const policies = [
      ctpol('guard', [deny('no-outsiders', { eventName: 'pull_request_target' })], { priority: 1 }),
      ctpol('ci', [rule('r', { owner: 'acme' })]),
    ];
    const world = new World({ clusterTrustPolicies: policies });
    const claims = { repository_owner: 'acme', event_name: 'pull_request_target' };
    assert.equal(world.outcome(GITHUB, claims), 'denied_by_rule');
    assert.equal(world.outcome(GITHUB, { ...claims, event_name: 'push' }), 'ci/r');
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [ctpol('p', [deny('r', {})])] }, 'p'), ['MustNarrow']);
  });
});

describe('what one object says of itself', () => {
  it('P21: names of GitHub, Kubernetes and claims are compared case by case', () => {
    const world = new World({ clusterTrustPolicies: [ctpol('p', [rule('r', { owner: 'Acme' })])] });
    assert.equal(world.outcome(GITHUB, { repository_owner: 'acme' }), 'no_rule');
    assert.equal(world.outcome(GITHUB, { repository_owner: 'Acme' }), 'p/r');
  });

  it('is held to the rules that an API server would hold it to', () => {
    const rules = (...list: Parameters<typeof tpol>[1]) =>
      errorsOf({ trustPolicies: [tpol('p', list)] }, 'p', inCluster);
    assert.deepEqual(rules(rule('r', {}), rule('r', {})), ['DuplicateName']);
    assert.deepEqual(rules({ name: 'r', match: {} }), ['IssueOrDeny']);
    assert.deepEqual(rules({ name: 'r', match: {}, deny: true, issue: {} }), ['IssueOrDeny']);
    assert.deepEqual(rules(rule('r', { owner: 'acme' })), ['FieldNotForProvider']);
    assert.deepEqual(github({ owner: 'acme', namespace: 'a' }), ['FieldNotForProvider']);
    assert.deepEqual(rules(rule('r', { expressions: [{ key: 'a', operator: 'In' }] })), ['InvalidExpression']);
    assert.deepEqual(rules(rule('r', { expressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] })), [
      'InvalidExpression',
    ]);
    assert.deepEqual(rules(rule('r', { claims: { '/a~': 'x' } })), ['InvalidPointer']);
    assert.deepEqual(rules(rule('r', {}, { issue: { ttl: '59s' } })), ['InvalidDuration']);
    assert.deepEqual(rules(rule('r', {}, { issue: { ttl: '25h' } })), ['InvalidDuration']);
    assert.deepEqual(rules(rule('r', {}, { issue: { budgetWindow: '1s' } })), ['InvalidDuration']);
    assert.deepEqual(
      errorsOf(
        { clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } })], { maxProofAge: '25h' })] },
        'p',
      ),
      ['InvalidDuration'],
    );
  });

  it('names the path of what is wrong, and of everything that is', () => {
    const world = new World(
      {
        trustPolicies: [
          tpol('p', [rule('a', {}), rule('b', { namespace: 'other' }), rule('c', { namespace: 'third' })]),
        ],
      },
      inCluster,
    );
    const accepted = world.report('p').conditions.find(({ type }) => type === 'Accepted');
    assert.match(accepted?.message ?? '', /^spec\.trustRules\[1\]\.match\.namespace: .*; spec\.trustRules\[2\]/);
    assert.equal(world.snapshot.anchorsOf(CLUSTER).length, 0);
  });
});
