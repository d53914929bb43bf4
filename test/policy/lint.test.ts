import assert from 'node:assert/strict';
import type { Match, TrustRule } from '../../src/api/v1alpha1/index.ts';
import { lint } from '../../src/policy/index.ts';
import type { CompileOptions, PolicyObjects } from '../../src/policy/types.ts';
import {
  CLUSTER,
  codes,
  ctpol,
  deny,
  GITHUB,
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

function found(some: Partial<PolicyObjects>, name: string, options: CompileOptions = standalone): string[] {
  return codes(lint(objects(some), options).find((report) => report.name === name)?.problems ?? []);
}

const github = (match: Match, rest?: Partial<TrustRule>) =>
  found({ clusterTrustPolicies: [ctpol('p', [rule('r', match, rest)])] }, 'p');
const pods = (...rules: TrustRule[]) => found({ trustPolicies: [tpol('p', rules)] }, 'p', inCluster);
const at = (issuer: string, match: Match) =>
  found({ clusterTrustPolicies: [oidc('p', [rule('r', match)], { issuer })] }, 'p');

/** Says nothing by itself. */
const pinned = { repositoryId: '1', ownerId: '2', eventName: 'push' };

describe('lint', () => {
  it('is silent on a policy that is pinned well', () => {
    assert.deepEqual(github({ ...pinned, repository: 'acme/app', owner: 'acme', ref: 'refs/heads/main' }), []);
    assert.deepEqual(pods(rule('r', { serviceAccount: 'agent' })), []);
    assert.deepEqual(at(IDP, { claims: { sub: 'x' } }), []);
    assert.deepEqual(found({ protectedResources: [pres('api')] }, 'api'), []);
  });

  it('says what compile says', () => {
    assert.deepEqual(github({ ref: 'main' }), ['MustNarrow']);
    const both = { tokenType: 'JWT', limits: { maxBudgetCredits: 1 } } as const;
    assert.deepEqual(found({ protectedResources: [pres('api', both)] }, 'api'), ['NotEnforceable']);
    assert.deepEqual(github({ ...pinned }, { issue: { resources: ['ghost'] } }), ['ResourceNotFound']);
  });

  it('P18: * alone is named, for it is not "there is one"', () => {
    assert.deepEqual(pods(rule('r', { serviceAccount: '*' })), ['MatchesAnything']);
    assert.deepEqual(at(IDP, { claims: { preferred_username: '**', sub: 'x' } }), ['MatchesAnything']);
    assert.deepEqual(pods(deny('r', { serviceAccount: '*' })), []);
  });

  it('P20: names that can pass to another are named, with the id to pin', () => {
    assert.deepEqual(github({ repository: 'acme/app', eventName: 'push' }), ['MutableIdentifier']);
    assert.deepEqual(github({ owner: 'acme', eventName: 'push' }), ['MutableIdentifier']);
    assert.deepEqual(github({ owner: 'acme', ownerId: '2', eventName: 'push' }), []);
    assert.deepEqual(at('https://gitlab.com', { claims: { project_path: 'acme/app' } }), ['MutableIdentifier']);
    assert.deepEqual(at('https://gitlab.com', { claims: { project_path: 'acme/app', project_id: '1' } }), []);
    assert.deepEqual(at(IDP, { claims: { preferred_username: 'bob' } }), ['MutableIdentifier']);
    assert.deepEqual(at(IDP, { claims: { email: 'bob@example.com' } }), ['MutableIdentifier', 'EmailUnverified']);
  });

  it('GH-6: what GitHub lets outsiders do', () => {
    const { eventName: _, ...unpinned } = pinned;
    assert.deepEqual(github({ ...unpinned, ref: 'refs/heads/main' }), ['EventNotPinned']);
    assert.deepEqual(github({ ...unpinned, eventName: 'pull_request_target' }), ['OutsidersEvent']);
    assert.deepEqual(
      github({ ...unpinned, expressions: [{ key: 'eventName', operator: 'In', values: ['push', 'workflow_run'] }] }),
      ['OutsidersEvent'],
    );
    assert.deepEqual(github({ ...pinned, ref: 'main' }), ['RefNotFull']);
    assert.deepEqual(github({ ...pinned, jobWorkflowRef: 'acme/app/.github/workflows/x.yml@*' }), [
      'WorkflowNotPinned',
    ]);
    assert.deepEqual(github({ ...pinned, jobWorkflowRef: 'acme/app/.github/workflows/x.yml@refs/heads/main' }), []);
    assert.deepEqual(github({ ...pinned, claims: { actor: 'alice' } }), ['ActorIsNoAuthority']);
    assert.deepEqual(github(pinned, { issue: { ttl: '8h' } }), ['OutlivesJob']);
  });

  it('GH-5: a subject without ids does not match repositories of today', () => {
    const sub = (text: string) => github({ claims: { sub: text }, eventName: 'push' });
    assert.deepEqual(sub('repo:acme/app:ref:refs/heads/main'), ['FragileSubject']);
    assert.deepEqual(sub('repo:acme@2/app@1:ref:refs/heads/main'), []);
    const old = new World({
      clusterTrustPolicies: [ctpol('p', [rule('r', { claims: { sub: 'repo:acme/app:ref:refs/heads/main' } })])],
    });
    assert.equal(old.outcome(GITHUB, { sub: 'repo:acme@2/app@1:ref:refs/heads/main' }), 'no_rule');
    const ids = new World({ clusterTrustPolicies: [ctpol('p', [rule('r', { repositoryId: '1' })])] });
    for (const sub of ['repo:acme/app:ref:refs/heads/main', 'repo:acme@2/app@1:ref:refs/heads/main'])
      assert.equal(ids.outcome(GITHUB, { sub, repository_id: '1' }), 'p/r');
  });

  it('the default service account, and one of a name in any namespace', () => {
    assert.deepEqual(pods(rule('r', { serviceAccount: 'default' })), ['DefaultServiceAccount']);
    const clusterwide = (match: Match) =>
      found({ clusterTrustPolicies: [ctpol('p', [rule('r', match)], { provider: 'kubernetes' })] }, 'p', inCluster);
    assert.deepEqual(clusterwide({ serviceAccount: 'ci' }), ['AnyNamespace']);
    assert.deepEqual(clusterwide({ namespace: 'ci', serviceAccount: 'ci' }), []);
  });

  it('audiences and issuers that others share', () => {
    const policy = (spec: object) =>
      found({ clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } })], spec)] }, 'p');
    assert.deepEqual(policy({ audience: 'https://github.com/acme' }), ['SharedAudience']);
    assert.deepEqual(policy({ issuer: GITHUB }), ['UseProviderGithub']);
    const spec = {
      provider: 'kubernetes',
      issuer: 'https://kubernetes.default.svc',
      keys: { jwksUrl: 'https://k.example/' },
    } as const;
    assert.deepEqual(found({ clusterTrustPolicies: [ctpol('p', [rule('r', { namespace: 'a' })], spec)] }, 'p'), [
      'DefaultClusterIssuer',
    ]);
    assert.deepEqual(
      found(
        { clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } })], { issuer: CLUSTER })] },
        'p',
        inCluster,
      ),
      ['ClusterIssuerAsOidc'],
    );
    const at = (issuer: string) => found({ clusterTrustPolicies: [ctpol('p', [rule('r', pinned)], { issuer })] }, 'p');
    for (const issuer of [
      GITHUB,
      `${GITHUB}/acme`,
      'https://token.actions.acme.ghe.com',
      'https://git.acme.example/_services/token',
      'http://127.0.0.1:4711',
    ])
      assert.deepEqual(at(issuer), [], issuer);
    for (const issuer of [
      'https://token.actions.evil.example',
      `${GITHUB}.evil.example`,
      'https://token.actions.x.ghe.com.evil.example',
    ])
      assert.deepEqual(at(issuer), ['UnknownGithubIssuer'], issuer);
  });

  it('what a rule gives and cannot', () => {
    assert.deepEqual(github(pinned, { issue: { labelTemplate: '{{ .Attributes.nope }}' } }), ['UnknownAttribute']);
    const some = {
      clusterTrustPolicies: [ctpol('p', [rule('r', pinned, { issue: { resources: ['api'] } })])],
      protectedResources: [pres('api', { scopes: ['s'] })],
    };
    assert.deepEqual(found(some, 'p'), ['NoScopes']);
    const long = { clusterTrustPolicies: [ctpol('p', [rule('r', pinned, { issue: { ttl: '2h' } })])] };
    assert.deepEqual(found(long, 'p', { ...standalone, maxTtl: 3600 }), ['TtlCapped']);
  });
});

describe('a rule that is unreachable', () => {
  const rules = (...list: TrustRule[]) =>
    found({ clusterTrustPolicies: [oidc('p', list)] }, 'p').filter((code) => code === 'Unreachable').length;
  const sub = (value: string, more: Match = {}) => ({ ...more, claims: { ...more.claims, sub: value } });

  it('is named if an earlier one matches all that it does', () => {
    assert.equal(rules(rule('a', sub('*')), rule('b', sub('x'))), 1);
    assert.equal(rules(rule('a', sub('x')), rule('b', sub('x', { claims: { team: 'a' } }))), 1);
    assert.equal(rules(rule('a', sub('x*')), rule('b', sub('xy'))), 1);
    assert.equal(rules(rule('a', sub('x**')), rule('b', sub('x**'))), 1);
    assert.equal(rules(deny('a', sub('x')), rule('b', sub('x'))), 1);
    const within = (...values: string[]): Match => ({ expressions: [{ key: 'sub', operator: 'In', values }] });
    assert.equal(rules(rule('a', within('x', 'y')), rule('b', within('y'))), 1);
    assert.equal(rules(rule('a', { expressions: [{ key: 'sub', operator: 'Exists' }] }), rule('b', sub('x'))), 1);
  });

  it('is none that can still win', () => {
    assert.equal(rules(rule('a', sub('x')), rule('b', sub('*'))), 0);
    assert.equal(rules(rule('a', sub('x')), rule('b', sub('y'))), 0);
    assert.equal(rules(rule('a', sub('*')), rule('b', sub('x/y'))), 0);
    assert.equal(rules(rule('a', sub('x')), deny('b', sub('x'))), 0);
    assert.deepEqual(pods(rule('a', { serviceAccount: 'x' }), deny('b', { serviceAccount: 'x' })), []);
    assert.equal(rules(rule('a', sub('x'), { issue: { resources: ['api'] } }), rule('b', sub('x'))), 0);
    assert.equal(rules(rule('a', sub('x', { claims: { team: 'a' } })), rule('b', sub('x'))), 0);
  });

  it('is found across policies that share an anchor, audience and tenant', () => {
    const pair = (spec: object, second = {}) => {
      const all = {
        clusterTrustPolicies: [
          oidc('a', [rule('r', { claims: { sub: '*' } })], spec),
          oidc('b', [rule('r', { claims: { sub: 'x' } })], second),
        ],
      };
      return found(all, 'b').includes('Unreachable');
    };
    assert.equal(pair({}), true);
    assert.equal(pair({ priority: -1 }), false);
    assert.equal(pair({ audience: 'other' }), false);
    assert.equal(pair({ tenant: 'globex' }), false);
    assert.equal(pair({ algorithms: ['ES256'] }), false);
    assert.equal(pair({ state: 'Suspended' }), true);
    assert.equal(pair({ tenant: '{{ .Claims.t }}' }, { tenant: '{{ .Claims.t }}' }), true);
  });

  it('is told to both policies, where they are of one kind', () => {
    const all = (priority: number) => ({
      trustPolicies: [
        tpol('a', [rule('all', { serviceAccount: '*' })]),
        tpol('b', [rule('r', { serviceAccount: 'agent' })]),
      ],
      clusterTrustPolicies: [
        ctpol('guard', [deny('none', { namespace: 'ai-agents' })], { provider: 'kubernetes', priority }),
      ],
    });
    const last = all(-1);
    assert.deepEqual(found(last, 'b', inCluster), ['Unreachable']);
    assert.ok(found(last, 'a', inCluster).includes('Overlap'));
    assert.deepEqual(found(all(1), 'guard', inCluster), [], 'that is what guardrails are for');
  });

  it('of hundreds of policies is told to the one that comes first a hundred times or so', () => {
    const all = Array.from({ length: 300 }, (_, n) => tpol(`p${n}`, [rule('r', { serviceAccount: 'agent' })]));
    const first = tpol('first', [rule('all', { serviceAccount: '*' })]);
    assert.equal(found({ trustPolicies: [first, ...all] }, 'first', inCluster).length, 128);
    assert.deepEqual(found({ trustPolicies: [first, ...all] }, 'p299', inCluster), ['Unreachable']);
  });

  it('never wins', () => {
    const all = {
      trustPolicies: [tpol('p', [rule('a', { serviceAccount: 'ag*' }), rule('b', { serviceAccount: 'agent' })])],
    };
    assert.ok(found(all, 'p', inCluster).includes('Unreachable'));
    assert.equal(new World(all, inCluster).outcome(CLUSTER, serviceAccount('ai-agents', 'agent')), 'p/a');
  });
});
