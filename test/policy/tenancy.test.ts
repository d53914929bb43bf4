import assert from 'node:assert/strict';
import type { TrustPolicySpec } from '../../src/api/v1alpha1/index.ts';
import type { CompileOptions } from '../../src/policy/types.ts';
import {
  CLUSTER,
  ctpol,
  deny,
  errorsOf,
  GITHUB,
  IDP,
  inCluster,
  oidc,
  pres,
  rule,
  serviceAccount,
  standalone,
  tpol,
  World,
} from './support.ts';

const labelled: CompileOptions = {
  ...inCluster,
  tenancy: {
    mode: 'NamespaceLabel',
    tenantOf: new Map([
      ['ai-agents', 'acme'],
      ['empty', ''],
    ]),
  },
};

const all = rule('all', {});
const tenantOf = (world: World, namespace: string, name = 'agent') =>
  world.terms(CLUSTER, serviceAccount(namespace, name)).tenant;

describe('tenancy', () => {
  it('Single: one tenant where no policy writes one', () => {
    const world = new World({
      trustPolicies: [tpol('t', [all], { issuer: CLUSTER })],
      clusterTrustPolicies: [oidc('c', [rule('r', { claims: { sub: 'x' } })], { tenant: 'globex' })],
    });
    assert.equal(tenantOf(world, 'ai-agents'), 'acme');
    assert.equal(world.terms(IDP, { sub: 'x' }).tenant, 'globex');
  });

  it('Namespace: the namespace of the policy', () => {
    assert.equal(tenantOf(new World({ trustPolicies: [tpol('t', [all])] }, inCluster), 'ai-agents'), 'ai-agents');
  });

  it("NamespaceLabel: the namespace's label; without it its policies are not served", () => {
    const world = new World(
      { trustPolicies: [tpol('t', [all]), tpol('u', [all], {}, 'other'), tpol('v', [all], {}, 'empty')] },
      labelled,
    );
    assert.equal(tenantOf(world, 'ai-agents'), 'acme');
    assert.equal(world.condition('u', 'Accepted'), 'False/NoTenant');
    assert.equal(world.condition('v', 'Accepted'), 'False/NoTenant');
    assert.equal(world.outcome(CLUSTER, serviceAccount('other', 'agent')), 'no_rule');
  });

  it("a ClusterTrustPolicy writes its tenant, save for this cluster's accounts: then it is their namespace's", () => {
    const { tenant: _, ...spec } = ctpol('c', []).spec;
    const untold = { ...ctpol('c', []), spec: { ...spec, trustRules: [rule('r', { owner: 'acme' })] } };
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [untold] }, 'c', inCluster), ['TenantRequired']);
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [untold] }, 'c', standalone), []);
    const own = {
      ...untold,
      spec: { ...untold.spec, provider: 'kubernetes' as const, trustRules: [rule('r', { namespace: '*-agents' })] },
    };
    assert.equal(tenantOf(new World({ clusterTrustPolicies: [own] }, inCluster), 'ai-agents'), 'ai-agents');
    const world = new World({ clusterTrustPolicies: [own] }, labelled);
    assert.equal(tenantOf(world, 'ai-agents'), 'acme');
    assert.equal(world.outcome(CLUSTER, serviceAccount('no-agents', 'agent')), 'template_failed');
  });

  it('a tenant that could be no caveat is refused', () => {
    assert.deepEqual(
      errorsOf({ clusterTrustPolicies: [ctpol('c', [rule('r', { owner: 'a' })], { tenant: 'a b' })] }, 'c'),
      ['InvalidTemplate'],
    );
    const options: CompileOptions = { ...standalone, tenancy: { mode: 'Single', tenant: 'a b' } };
    assert.deepEqual(errorsOf({ trustPolicies: [tpol('t', [all], { issuer: CLUSTER })] }, 't', options), [
      'InvalidTenant',
    ]);
  });
});

describe('a TrustPolicy outside Single', () => {
  const errors = (spec: Partial<TrustPolicySpec>, rules = [all]) =>
    errorsOf({ trustPolicies: [tpol('t', rules, spec)] }, 't', inCluster);

  it("P47: trusts this cluster's own accounts of its own namespace, and nothing else", () => {
    assert.deepEqual(errors({}), []);
    assert.deepEqual(errors({ issuer: CLUSTER }), []);
    assert.deepEqual(errors({ provider: 'github' }, [rule('r', { owner: 'acme' })]), ['ProviderNotAllowed']);
    assert.deepEqual(errors({ issuer: 'https://other.example' }), ['IssuerNotAllowed']);
    assert.deepEqual(errors({ keys: { jwksUrl: 'https://keys.example/' } }), ['KeysNotAllowed']);
    assert.deepEqual(errors({ proofCheck: 'Signature' }), ['ProofCheckNotAllowed']);
    assert.deepEqual(errors({ algorithms: ['RS256'] }), ['AlgorithmsNotAllowed']);
    assert.deepEqual(errors({ ...JSON.parse('{"tenant": "globex"}') }), ['TenantNotAllowed']);
    for (const namespace of ['other', '*', 'ai-*', 'ai-agents*'])
      assert.deepEqual(errors({}, [rule('r', { namespace })]), ['NamespaceNotAllowed'], namespace);
    assert.deepEqual(errors({}, [deny('r', { namespace: 'other' })]), ['NamespaceNotAllowed']);
    assert.deepEqual(errors({}, [rule('r', { namespace: 'ai-agents' })]), []);
  });

  it('P47: reaches no account of another namespace, whatever its rules say', () => {
    const rules = [
      rule('a', { claims: { sub: 'system:serviceaccount:other:agent' } }),
      rule('b', { expressions: [{ key: 'namespace', operator: 'In', values: ['other'] }] }),
      rule('c', { claims: { '/kubernetes.io/namespace': '**' } }),
      deny('d', { serviceAccount: '*' }),
    ];
    const world = new World(
      { trustPolicies: [tpol('t', rules), tpol('o', [rule('r', { serviceAccount: 'x' })], {}, 'other')] },
      inCluster,
    );
    assert.equal(world.outcome(CLUSTER, serviceAccount('other', 'agent')), 'no_rule');
    assert.equal(world.outcome(CLUSTER, serviceAccount('other', 'x')), 'o/r');
    assert.equal(world.outcome(CLUSTER, serviceAccount('ai-agents', 'agent')), 't/c');
  });

  it('P47: gives only resources that its namespace may give', () => {
    const resource = (namespaces?: string[]) => pres('api', namespaces ? { grantableFrom: { namespaces } } : {});
    const outcome = (namespaces?: string[]) => {
      const policy = tpol('t', [rule('r', {}, { issue: { resources: ['api'] } })]);
      const world = new World({ trustPolicies: [policy], protectedResources: [resource(namespaces)] }, inCluster);
      return world.condition('t', 'Accepted');
    };
    assert.equal(outcome(), 'False/ResourceNotGrantable');
    assert.equal(outcome([]), 'False/ResourceNotGrantable');
    assert.equal(outcome(['ai']), 'False/ResourceNotGrantable');
    assert.equal(outcome(['ai-agents']), 'True/Accepted');
    assert.equal(outcome(['ai-*']), 'True/Accepted');
    const clusterwide = ctpol('c', [rule('r', { owner: 'acme' }, { issue: { resources: ['api'] } })]);
    const world = new World({ clusterTrustPolicies: [clusterwide], protectedResources: [resource()] }, inCluster);
    assert.equal(world.outcome(GITHUB, { repository_owner: 'acme' }, { resource: 'api' }), 'c/r');
  });

  it('in Single may trust any issuer, and its namespace is implied where none is written', () => {
    const world = new World({
      trustPolicies: [
        tpol(
          't',
          [rule('own', { serviceAccount: 'agent' }), rule('named', { namespace: 'other', serviceAccount: 'agent' })],
          { issuer: CLUSTER },
        ),
        tpol('g', [rule('r', { owner: 'acme' })], { provider: 'github' }),
      ],
    });
    assert.equal(world.outcome(CLUSTER, serviceAccount('ai-agents', 'agent')), 't/own');
    assert.equal(world.outcome(CLUSTER, serviceAccount('other', 'agent')), 't/named');
    assert.equal(world.outcome(CLUSTER, serviceAccount('third', 'agent')), 'no_rule');
    assert.equal(world.outcome(GITHUB, { repository_owner: 'acme' }), 'g/r');
  });
});
