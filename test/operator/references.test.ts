import assert from 'node:assert/strict';
import { clusterTrustPolicy } from '../../src/api/v1alpha1/index.ts';
import type { RefFault } from '../../src/operator/config-maps.ts';
import { createReferences } from '../../src/operator/references.ts';
import { compile, type PolicyObjects } from '../../src/policy/index.ts';

const OPTIONS = {
  tenancy: { mode: 'Namespace' },
  defaultAudience: 'default',
  maxTtl: 3600,
  ownIssuer: 'https://mint.example',
  allowLoopbackHttp: false,
  cluster: { issuers: ['https://kubernetes.example'] },
} as const;

const policy = (name: string, keys: object | undefined, spec: object = {}) =>
  clusterTrustPolicy.parse({
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'ClusterTrustPolicy',
    metadata: { name, uid: `uid-${name}`, generation: 1 },
    spec: {
      provider: 'oidc',
      issuer: `https://${name}.example`,
      audience: 'satgate',
      tenant: 'acme',
      ...(keys && { keys }),
      trustRules: [{ name: 'r', match: { claims: { sub: 'robot' } }, issue: { ttl: '1h' } }],
      ...spec,
    },
  });

describe('References of policies to ConfigMaps', () => {
  const faults = new Map<string, RefFault>();
  const references = createReferences({ faultOf: (name, key) => faults.get(`${name}/${key}`) });
  const objects = (...clusterTrustPolicies: PolicyObjects['clusterTrustPolicies']): PolicyObjects => ({
    trustPolicies: [],
    clusterTrustPolicies,
    protectedResources: [],
  });
  const fault: RefFault = { code: 'ConfigMapNotFound', message: 'there is no ConfigMap ours/spoke' };
  beforeEach(() => faults.clear());

  const conditionsOf = (of: PolicyObjects, name: string) => {
    const report = references.merge(compile(of, OPTIONS), of).reports.find((one) => one.name === name)!;
    return Object.fromEntries(report.conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  };

  it('change nothing while they lead to keys', () => {
    const of = objects(policy('a', { configMapRef: { name: 'spoke' } }), policy('b', undefined));
    const snapshot = compile(of, OPTIONS);
    assert.equal(references.merge(snapshot, of), snapshot);
    assert.equal(references.changed(), false);
  });

  it('make ResolvedRefs and Ready false of who names what is not there, and of nobody else; the rules stay as they are', () => {
    const of = objects(
      policy('a', { configMapRef: { name: 'spoke', key: 'k' } }),
      policy('b', { configMapRef: { name: 'other' } }),
      policy('c', undefined),
    );
    const before = compile(of, OPTIONS);
    faults.set('spoke/k', fault);
    const after = references.merge(before, of);
    assert.equal(after.generation, before.generation);
    assert.equal(after.ruleCount, before.ruleCount);
    const [a] = after.reports;
    assert.deepEqual(a!.problems, [{ ...fault, severity: 'warning', path: 'spec.keys.configMapRef' }]);
    assert.equal(a!.served, true);
    const said = conditionsOf(of, 'a');
    assert.deepEqual(
      [said.Accepted, said.ResolvedRefs, said.Ready],
      ['True Accepted', 'False ConfigMapNotFound', 'False ConfigMapNotFound'],
    );
    for (const name of ['b', 'c']) assert.equal(conditionsOf(of, name).ResolvedRefs, 'True ResolvedRefs');
  });

  it('leave what another condition says: a state, an error, a deletion', () => {
    faults.set('spoke/jwks.json', fault);
    const keys = { configMapRef: { name: 'spoke' } };
    const suspended = objects(policy('a', keys, { state: 'Suspended' }));
    assert.match(conditionsOf(suspended, 'a').Ready!, /^False Suspended/);
    assert.equal(conditionsOf(suspended, 'a').ResolvedRefs, 'False ConfigMapNotFound');
    const broken = objects(policy('a', keys, { tenant: '{{ nonsense' }));
    assert.deepEqual(references.merge(compile(broken, OPTIONS), broken).reports, compile(broken, OPTIONS).reports);
  });

  it('tell that another merge would say something else, of the ConfigMaps that are named alone', () => {
    const of = objects(policy('a', { configMapRef: { name: 'spoke' } }));
    references.merge(compile(of, OPTIONS), of);
    faults.set('other/jwks.json', fault);
    assert.equal(references.changed(), false);
    faults.set('spoke/jwks.json', fault);
    assert.equal(references.changed(), true);
    references.merge(compile(of, OPTIONS), of);
    assert.equal(references.changed(), false);
    faults.set('spoke/jwks.json', { code: 'NotAJWKSet', message: 'x' });
    assert.equal(references.changed(), true);
    faults.clear();
    assert.equal(references.changed(), true);
  });
});
