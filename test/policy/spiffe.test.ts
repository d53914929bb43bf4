import assert from 'node:assert/strict';
import type { ClusterTrustPolicySpec } from '../../src/api/v1alpha1/index.ts';
import {
  codes,
  DOMAIN,
  deny,
  errorsOf,
  inCluster,
  oidc,
  pres,
  rule,
  spiffe,
  standalone,
  tpol,
  World,
} from './support.ts';

const AUDIENCES = ['https://mint.example'];
const agent = (path = 'agent/tenant-1/alice/global-worker/agent-1') => ({ sub: `${DOMAIN}/${path}` });
const worker = rule('worker', { path: { agentType: 'global-worker' } });

const world = (...policies: ReturnType<typeof spiffe>[]) => new World({ clusterTrustPolicies: policies });
const outcome = (of: World, claims: object, request = {}) =>
  of.outcome(DOMAIN, claims as Record<string, unknown>, request, AUDIENCES);
const problems = (policy: ReturnType<typeof spiffe>, options = standalone) =>
  errorsOf({ clusterTrustPolicies: [policy] }, policy.metadata.name, options);

describe('a policy of provider spiffe', () => {
  it('trusts its trust domain by one anchor, JWT-SVID algorithms and a proof age of an hour', () => {
    const { snapshot } = world(spiffe('agents', [worker]));
    const [anchor, ...others] = snapshot.anchorsOf(DOMAIN);
    assert.deepEqual(others, []);
    assert.deepEqual(anchor?.keys, { kind: 'bundleEndpoint', url: 'https://spire.example:8443', allowPrivate: false });
    assert.deepEqual([...anchor!.algorithms].sort(), [
      'ES256',
      'ES384',
      'ES512',
      'PS256',
      'PS384',
      'PS512',
      'RS256',
      'RS384',
      'RS512',
    ]);
    assert.equal(anchor?.proofCheck, 'Signature');
    const decision = world(spiffe('agents', [worker])).decide(DOMAIN, agent(), {}, AUDIENCES);
    assert.ok(decision.allowed);
    assert.equal(decision.terms.maxProofAge, 3600);
  });

  it('has an anchor for each bundle and path template, and one for two policies that agree on both', () => {
    const ids = (...changes: Parameters<typeof spiffe>[2][]) =>
      new Set(
        changes.flatMap((one, i) =>
          world(spiffe(`p${i}`, [rule('r', { id: `${DOMAIN}/**` })], one))
            .snapshot.anchorsOf(DOMAIN)
            .map(({ id }) => id),
        ),
      ).size;
    assert.equal(ids({}, {}), 1);
    assert.equal(ids({}, { pathTemplate: '/agent/{a}' }), 2);
    assert.equal(ids({ pathTemplate: '/{a}' }, { pathTemplate: '/{b}' }), 2);
    assert.equal(ids({}, { bundle: { jwksUrl: 'https://spire.example/keys' } }), 2);
    const url = 'https://spire.example/keys';
    assert.equal(ids({ bundle: { jwksUrl: url } }, { bundle: { endpoint: { url } } }), 2);
  });

  it('takes its bundle from an endpoint, a JWK Set, a ConfigMap or the policy itself', () => {
    const keysOf = (bundle: NonNullable<ClusterTrustPolicySpec['spiffe']>['bundle'], options = standalone) => {
      const policy = spiffe('agents', [worker], { bundle });
      return new World({ clusterTrustPolicies: [policy] }, options).snapshot.anchorsOf(DOMAIN)[0]?.keys;
    };
    const url = 'https://spire.example/keys';
    const caBundle = '-----BEGIN CERTIFICATE-----\n';
    assert.deepEqual(keysOf({ endpoint: { url }, caBundle, allowPrivate: true }), {
      kind: 'bundleEndpoint',
      url,
      caBundle,
      allowPrivate: true,
    });
    assert.deepEqual(keysOf({ jwksUrl: url }), { kind: 'jwksUrl', url, allowPrivate: false });
    assert.deepEqual(keysOf({ inline: '{"keys":[]}' }), { kind: 'inline', jwks: '{"keys":[]}' });
    const configMapRef = { name: 'spire-bundle', key: 'bundle.spiffe' };
    assert.deepEqual(keysOf({ configMapRef }, inCluster), { kind: 'configMap', ...configMapRef });
  });

  it('is not served with none or two of them, over http, or with what has no place in it', () => {
    const url = 'https://spire.example/keys';
    const withBundle = (bundle: object) => problems(spiffe('p', [worker], { bundle: bundle as never }));
    assert.deepEqual(withBundle({}), ['InvalidKeys']);
    assert.deepEqual(withBundle({ endpoint: { url }, jwksUrl: url }), ['InvalidKeys']);
    assert.deepEqual(withBundle({ endpoint: { url: 'http://spire.example' } }), ['InvalidKeys']);
    assert.deepEqual(withBundle({ endpoint: { url: 'https://u:p@spire.example' } }), ['InvalidKeys']);
    const faulty = world(spiffe('p', [worker], { bundle: { endpoint: { url: 'http://spire.example' } } }));
    assert.equal(faulty.report('p').problems[0]?.path, 'spec.spiffe.bundle.endpoint.url');
    assert.deepEqual(withBundle({ endpoint: { url }, caBundle: 'x' }), ['InvalidKeys']);
    assert.deepEqual(withBundle({ inline: '{}' }), ['InvalidKeys']);
    assert.deepEqual(withBundle({ inline: '{"keys":[{"kty":"EC","d":"x"}]}' }), ['PrivateKey']);
    assert.deepEqual(withBundle({ configMapRef: { name: 'n', key: 'k' } }), ['NoCluster']);
    assert.deepEqual(problems(spiffe('p', [worker], { bundle: { endpoint: { url: 'http://127.0.0.1:1' } } })), []);
    assert.deepEqual(
      problems(spiffe('p', [worker], { bundle: { endpoint: { url: 'http://127.0.0.1:1' } } }), inCluster),
      ['InvalidKeys'],
    );

    const wrong = (spec: Partial<ClusterTrustPolicySpec>) => problems(spiffe('p', [worker], {}, spec));
    assert.deepEqual(wrong({ issuer: 'https://spire.example' }), ['NotForSpiffe']);
    assert.deepEqual(wrong({ keys: { jwksUrl: url } }), ['NotForSpiffe']);
    assert.deepEqual(wrong({ algorithms: ['ES256', 'EdDSA'] }), ['InvalidAlgorithm']);
    assert.deepEqual(wrong({ algorithms: ['ES256'] }), []);
    assert.deepEqual(wrong({ proofCheck: 'TokenReview' }), ['NoTokenReview']);
    for (const trustDomain of ['', 'Cluster.local', 'spiffe://cluster.local', 'cluster.local/x', 'a'.repeat(256)])
      assert.deepEqual(problems(spiffe('p', [worker], { trustDomain })), ['InvalidTrustDomain'], trustDomain);
    assert.ok(problems(spiffe('p', [worker], { pathTemplate: '/{id}' })).includes('InvalidPathTemplate'));

    const { spiffe: trust, ...others } = spiffe('p', [rule('r', { claims: { a: 'b' } })]).spec;
    assert.deepEqual(problems({ ...spiffe('p', []), spec: others }), ['SpiffeRequired']);
    const elsewhere = oidc('p', [rule('r', { claims: { a: 'b' } })], { spiffe: trust });
    assert.deepEqual(problems(elsewhere), ['SpiffeRequired']);
  });

  it('matches the ID, and fields of the path by name, in match and in expressions', () => {
    const of = (match: Parameters<typeof rule>[1]) => outcome(world(spiffe('p', [rule('r', match)])), agent());
    const granted: Parameters<typeof rule>[1][] = [
      { id: `${DOMAIN}/agent/tenant-1/alice/global-worker/agent-1` },
      { id: `${DOMAIN}/agent/**` },
      { id: `${DOMAIN}/agent/*/alice/*/agent-*` },
      { path: { agentType: 'global-worker' } },
      { path: { agentType: 'global-*', userId: 'alice' } },
      { expressions: [{ key: 'userId', operator: 'In', values: ['bob', 'alice'] }] },
      { path: { tenantId: '*' }, expressions: [{ key: 'agentType', operator: 'NotIn', values: ['admin'] }] },
      { expressions: [{ key: 'id', operator: 'Exists' }] },
      { claims: { sub: `${DOMAIN}/agent/**` } },
    ];
    for (const match of granted) assert.equal(of(match), 'p/r', JSON.stringify(match));
    const refused: Parameters<typeof rule>[1][] = [
      { id: `${DOMAIN}/agent/*` },
      { id: `${DOMAIN}/AGENT/**` },
      { path: { agentType: 'global' } },
      { path: { agentType: 'global-worker', userId: 'bob' } },
      {
        expressions: [
          { key: 'userId', operator: 'NotIn', values: ['alice'] },
          { key: 'id', operator: 'Exists' },
        ],
      },
    ];
    for (const match of refused) assert.equal(of(match), 'no_rule', JSON.stringify(match));
  });

  it('reads a field from the path alone: a claim of that name is another thing', () => {
    const one = world(spiffe('p', [worker, rule('claimed', { claims: { agentType: 'global-worker' } })]));
    const other = agent('agent/t/u/other/a');
    assert.equal(outcome(one, { ...other, agentType: 'global-worker' }), 'p/claimed');
    assert.equal(outcome(one, other), 'no_rule');
    const decision = one.decide(DOMAIN, { ...other, agentType: 'global-worker' }, {}, AUDIENCES);
    assert.ok(decision.allowed);
    assert.deepEqual(decision.terms.used, ['/agentType']);
  });

  it('finds no field in a path of another shape: neither a value nor a NotIn holds, while the ID still does', () => {
    const of = (...rules: Parameters<typeof spiffe>[1]) => outcome(world(spiffe('p', rules)), agent('job/nightly'));
    assert.equal(of(rule('r', { path: { agentType: '**' } })), 'no_rule');
    assert.equal(
      of(rule('r', { id: '**', expressions: [{ key: 'agentType', operator: 'NotIn', values: ['admin'] }] })),
      'no_rule',
    );
    assert.equal(of(rule('r', { id: `${DOMAIN}/job/*` })), 'p/r');
    assert.equal(of(deny('no', { id: '**' }), rule('r', { id: `${DOMAIN}/job/*` })), 'denied_by_rule');
  });

  it('must narrow, may not name fields that are not there, and no other provider has its fields', () => {
    assert.deepEqual(problems(spiffe('p', [rule('r', {})])), ['MustNarrow']);
    assert.deepEqual(problems(spiffe('p', [rule('r', { path: { kind: 'x' } })])), ['FieldNotForProvider']);
    assert.deepEqual(problems(spiffe('p', [rule('r', { path: { 'userId}/{agentType': 'x' } })])), [
      'FieldNotForProvider',
    ]);
    const bare = { ...spiffe('p', [worker]) };
    const { pathTemplate: _, ...trust } = bare.spec.spiffe!;
    assert.deepEqual(problems({ ...bare, spec: { ...bare.spec, spiffe: trust } }), ['FieldNotForProvider']);
    assert.deepEqual(problems(spiffe('p', [rule('r', { namespace: 'n' })])), ['FieldNotForProvider']);
    for (const match of [{ id: 'x' }, { path: { a: 'x' } }])
      assert.deepEqual(problems(oidc('p', [rule('r', { claims: { sub: 's' }, ...match })])), ['FieldNotForProvider']);
  });

  it('gives fields to templates: tenant, label and caveats', () => {
    const issue = { labelTemplate: '{{ .Attributes.agentId }}', caveats: ['user = {{ .Attributes.userId }}'] };
    const policy = spiffe('p', [rule('r', worker.match, { issue })], {}, { tenant: '{{ .Attributes.tenantId }}' });
    const decision = world(policy).decide(DOMAIN, agent(), {}, AUDIENCES);
    assert.ok(decision.allowed);
    const { tenant, label, caveats } = decision.terms;
    assert.deepEqual([tenant, label, caveats], ['tenant-1', 'agent-1', [{ key: 'user', value: 'alice' }]]);
    const elsewhere = spiffe('p', [rule('r', { id: '**' }, { issue })], {}, { tenant: '{{ .Attributes.tenantId }}' });
    assert.equal(outcome(world(elsewhere), agent('job/nightly')), 'template_failed');
  });

  it('is the platform team’s in a cluster, and writes its tenant', () => {
    const { spec } = spiffe('p', [worker]);
    const { tenant: _, priority: _p, ...namespaced } = spec;
    assert.deepEqual(errorsOf({ trustPolicies: [tpol('p', spec.trustRules, namespaced)] }, 'p', inCluster), [
      'ProviderNotAllowed',
    ]);
    const { tenant: _t, ...without } = spec;
    assert.deepEqual(problems({ ...spiffe('p', []), spec: without }, inCluster), ['TenantRequired']);
    assert.deepEqual(problems(spiffe('p', [worker]), inCluster), []);
  });

  it('P14: of two trust domains sees only the identities of its own', () => {
    const theirs = spiffe('theirs', [worker], { trustDomain: 'other.example' });
    const both = world(spiffe('ours', [worker]), theirs);
    assert.equal(outcome(both, agent()), 'ours/worker');
    const claims = { sub: 'spiffe://other.example/agent/tenant-1/alice/global-worker/agent-1' };
    assert.equal(both.outcome('spiffe://other.example', claims, {}, AUDIENCES), 'theirs/worker');
  });

  it('compiles as the agents of the worked example do', () => {
    const issue = { ttl: '1h', resources: ['sample-api-a'], scopes: ['sample-api-a:write'] };
    const api = pres('sample-api-a', { scopes: issue.scopes, tokenType: 'JWT', scopeFormat: 'Array' });
    const compiled = (more: object, options: typeof standalone) => {
      const policy = spiffe(
        'agents',
        [rule('global-worker', worker.match, { issue: { ...issue, ...more } })],
        { bundle: { endpoint: { url: 'https://spire-server.spire:8443' } } },
        { audience: 'http://identity-server:8080/connect/token', tenant: '{{ .Attributes.tenantId }}' },
      );
      return new World({ clusterTrustPolicies: [policy], protectedResources: [api] }, options);
    };
    for (const options of [standalone, inCluster]) {
      const one = compiled({}, options);
      assert.deepEqual(codes(one.report('agents').problems), []);
      assert.equal(one.condition('agents', 'Ready'), 'True/Ready');
      const registered = codes(compiled({ actsFor: 'RegisteredUser' }, options).report('agents').problems);
      assert.deepEqual(registered, []);
    }
  });
});
