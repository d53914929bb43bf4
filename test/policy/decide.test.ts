import assert from 'node:assert/strict';
import { comparePolicies } from '../../src/policy/order.ts';
import {
  CLUSTER,
  ctpol,
  deny,
  GITHUB,
  IDP,
  identityOf,
  inCluster,
  oidc,
  pres,
  rule,
  serviceAccount,
  tpol,
  World,
} from './support.ts';

const alice = { sub: 'alice' };
const anyone = { claims: { sub: '*' } };

describe('the order of rules', () => {
  it('P25: is guardrails, namespaces, defaults; then priority, namespace, name; then the list', () => {
    const match = { namespace: 'ai-agents' };
    const kubernetes = { provider: 'kubernetes' } as const;
    const policies = {
      clusterTrustPolicies: [
        ctpol('z-guard', [rule('r', match)], { ...kubernetes, priority: 5 }),
        ctpol('b', [rule('r', match)], kubernetes),
        ctpol('a', [rule('r', match)], kubernetes),
        ctpol('last', [rule('r', match)], { ...kubernetes, priority: -9 }),
        ctpol('late', [rule('r', match)], { ...kubernetes, priority: -1 }),
      ],
      trustPolicies: [tpol('n', [rule('r', {}), rule('s', {})]), tpol('m', [rule('r', {})])],
    };
    const order: string[] = [];
    for (;;) {
      const world = new World(policies, inCluster);
      const decision = world.decide(CLUSTER, serviceAccount('ai-agents', 'x'));
      if (!decision.allowed) break;
      const { name } = decision.terms.policy;
      order.push(name);
      policies.clusterTrustPolicies = policies.clusterTrustPolicies.filter(({ metadata }) => metadata.name !== name);
      policies.trustPolicies = policies.trustPolicies.filter(({ metadata }) => metadata.name !== name);
    }
    assert.deepEqual(order, ['z-guard', 'a', 'b', 'm', 'n', 'late', 'last']);
  });

  it('P25: sorts namespaces before names, by code unit', () => {
    const of = (namespace: string, name: string) => ({
      ref: { kind: 'TrustPolicy', namespace, name, uid: '' },
      priority: 0,
    });
    const compare = (a: object, b: object) => comparePolicies(a as never, b as never);
    assert.ok(compare(of('a', 'z'), of('a-b', 'a')) < 0);
    assert.ok(compare(of('a', 'B'), of('a', 'a')) < 0);
  });

  it('inside a policy the first rule that matches and lists the resource wins', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('p', [rule('api', anyone, { issue: { resources: ['api'] } }), rule('one', anyone), rule('two', anyone)]),
      ],
      protectedResources: [pres('api')],
    });
    assert.equal(world.outcome(IDP, alice), 'p/one');
    assert.equal(world.outcome(IDP, alice, { resource: 'api' }), 'p/api');
  });
});

describe('a deny', () => {
  it('ends the search whatever the resource, and in a ClusterTrustPolicy whatever the audience', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('guard', [deny('no', { claims: { sub: 'mallory' } })], { audience: 'elsewhere', priority: 1 }),
        oidc('p', [rule('api', anyone, { issue: { resources: ['api'] } }), rule('r', anyone)]),
      ],
      protectedResources: [pres('api')],
    });
    assert.equal(world.outcome(IDP, alice), 'p/r');
    for (const request of [
      {},
      { resource: 'api' },
      { resource: 'ghost' },
      { tenant: 'globex' },
      { resource: 'api', audience: 'default' },
    ])
      assert.equal(world.outcome(IDP, { sub: 'mallory' }, request), 'denied_by_rule');
  });

  it('of a TrustPolicy is for proofs of its own audience', () => {
    const world = new World(
      { trustPolicies: [tpol('a', [deny('no', {})], { audience: 'elsewhere' }), tpol('b', [rule('r', {})])] },
      inCluster,
    );
    const account = serviceAccount('ai-agents', 'x');
    assert.equal(world.outcome(CLUSTER, account), 'b/r');
    assert.equal(world.outcome(CLUSTER, account, {}, ['satgate', 'elsewhere']), 'denied_by_rule');
  });

  it('comes no earlier than it stands', () => {
    const world = new World({
      clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'alice' } }), deny('no', anyone)])],
    });
    assert.equal(world.outcome(IDP, alice), 'p/r');
    assert.equal(world.outcome(IDP, { sub: 'bob' }), 'denied_by_rule');
  });
});

describe('a policy that is suspended or revoked', () => {
  for (const [state, reason] of [
    ['Suspended', 'policy_suspended'],
    ['Revoked', 'policy_revoked'],
  ] as const) {
    it(`${state}: keeps its place and refuses what it matches, rather than let a broader rule give it`, () => {
      const world = new World({
        clusterTrustPolicies: [
          oidc(
            'a',
            [
              rule('r', { claims: { sub: 'alice' } }),
              rule('api', { claims: { sub: 'bob' } }, { issue: { resources: ['api'] } }),
              deny('no', { claims: { sub: 'mallory' } }),
            ],
            { state },
          ),
          oidc('b', [rule('r', anyone, { issue: { resources: ['default', 'api'] } })]),
        ],
        protectedResources: [pres('api')],
      });
      assert.equal(world.outcome(IDP, alice), reason);
      assert.equal(world.outcome(IDP, { sub: 'bob' }), 'b/r');
      assert.equal(world.outcome(IDP, { sub: 'bob' }, { resource: 'api' }), reason);
      assert.equal(world.outcome(IDP, { sub: 'mallory' }), 'denied_by_rule');
      assert.equal(world.outcome(IDP, { sub: 'carol' }), 'b/r');
      assert.equal(world.report('a').phase, state);
      assert.equal(world.condition('a', 'Ready'), `False/${state}`);
      assert.equal(world.condition('a', 'Accepted'), 'True/Accepted');
      assert.equal(world.condition('a', 'Revoked'), state === 'Revoked' ? 'True/StateRevoked' : 'False/NotRevoked');
    });
  }

  it('that is being deleted is not served, whatever its finalizers', () => {
    const policy = oidc('a', [rule('r', anyone)]);
    const world = new World({
      clusterTrustPolicies: [
        { ...policy, metadata: { ...policy.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      ],
    });
    assert.equal(world.snapshot.anchors.size, 0);
    assert.equal(world.report('a').served, false);
    assert.equal(world.condition('a', 'Ready'), 'False/Deleting');
  });
});

describe('a tenant in the request', () => {
  const world = new World({
    clusterTrustPolicies: [
      oidc('a', [rule('r', anyone), deny('no', { claims: { team: 'red' } })], { tenant: 'acme' }),
      oidc('b', [rule('r', anyone)], { tenant: '{{ .Claims.team }}' }),
    ],
  });

  it('passes over rules of other tenants', () => {
    assert.equal(world.outcome(IDP, { sub: 'x', team: 'blue' }), 'a/r');
    assert.equal(world.outcome(IDP, { sub: 'x', team: 'blue' }, { tenant: 'blue' }), 'b/r');
    assert.equal(world.outcome(IDP, { sub: 'x', team: 'blue' }, { tenant: 'green' }), 'no_rule');
  });

  it('never passes over a deny', () => {
    assert.equal(world.outcome(IDP, { sub: 'x', team: 'red' }, { tenant: 'red' }), 'denied_by_rule');
  });
});

describe('a decision', () => {
  it('takes the first rule over all identities of the proof', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('a', [rule('r', { claims: { sub: 'bob' } })]),
        oidc('b', [rule('r', anyone)], { algorithms: ['ES256'] }),
        oidc('c', [rule('r', anyone)]),
      ],
    });
    assert.equal(world.identities(IDP, alice).length, 2);
    const decision = world.decide(IDP, alice);
    assert.ok(decision.allowed && decision.terms.policy.name === 'b');
    assert.equal(world.snapshot.anchors.get(decision.terms.identity.anchor)?.algorithms.join(), 'ES256');
    assert.equal(world.outcome(IDP, { sub: 'bob' }), 'a/r');
  });

  it('P14: shows a rule only identities of its own anchors', () => {
    const world = new World({
      clusterTrustPolicies: [oidc('a', [rule('r', anyone)]), oidc('b', [rule('r', anyone)], { algorithms: ['ES256'] })],
    });
    for (const anchor of world.snapshot.anchorsOf(IDP)) {
      const decision = world.snapshot.decide([identityOf(anchor, alice)], {});
      assert.equal(decision.allowed && decision.terms.policy.name, anchor.algorithms.length === 1 ? 'b' : 'a');
    }
    const stranger = { ...identityOf(world.snapshot.anchorsOf(IDP)[0]!, alice), anchor: 'unknown' };
    assert.equal(world.snapshot.decide([stranger], {}).allowed, false);
  });

  it('finds rules under many claims, and proofs with many values', () => {
    const names = Array.from({ length: 20 }, (_, i) => `claim-${i}`);
    const world = new World({
      clusterTrustPolicies: names.map((name, i) =>
        oidc(`p${i}`, [
          rule('r', { claims: { [name]: 'x' }, expressions: [{ key: '/nested/deep', operator: 'In', values: ['y'] }] }),
        ]),
      ),
    });
    for (const [i, name] of names.entries()) {
      const claims = { nested: { deep: ['z', 'y'] }, [name]: ['w', 'x', 'x'] };
      assert.equal(world.outcome(IDP, claims), `p${i}/r`);
      assert.equal(world.outcome(IDP, { ...claims, nested: {} }), 'no_rule');
    }
  });

  it('is not misled by separators in field values', () => {
    const world = new World({
      clusterTrustPolicies: [
        ctpol('p', [
          rule('r', { owner: 'a', repository: 'b\u0000c' }),
          rule('s', { owner: 'a', ownerId: 'b', repository: 'c' }),
        ]),
      ],
    });
    assert.equal(world.outcome(GITHUB, { repository_owner: 'a', repository: 'b\u0000c' }), 'p/r');
    assert.equal(world.outcome(GITHUB, { repository_owner: 'a\u0000b', repository: 'c' }), 'no_rule');
    assert.equal(world.outcome(GITHUB, { repository_owner: 'a', repository_owner_id: 'b', repository: 'c' }), 'p/s');
    assert.equal(world.outcome(GITHUB, { repository_owner: 'a\u0000b\u0000c' }), 'no_rule');
  });

  it('P48: is the same after the objects were changed behind the snapshot', () => {
    const policy = oidc('a', [rule('r', { claims: { sub: 'alice' } })]);
    const world = new World({ clusterTrustPolicies: [policy] });
    policy.spec.trustRules.length = 0;
    policy.spec.audience = 'other';
    assert.equal(world.outcome(IDP, alice), 'a/r');
    assert.ok(Object.isFrozen(world.snapshot));
  });

  it('names the policy and rule of a refusal for the audit record', () => {
    const world = new World({ clusterTrustPolicies: [oidc('a', [deny('no', { claims: { sub: 'x' } })])] });
    const decision = world.decide(IDP, { sub: 'x' });
    assert.ok(!decision.allowed);
    assert.deepEqual(decision.policy, { kind: 'ClusterTrustPolicy', uid: 'ctp-a', name: 'a' });
    assert.deepEqual([decision.rule, decision.used], ['no', ['sub']]);
  });
});
