import assert from 'node:assert/strict';
import type { ClusterTrustPolicySpec } from '../../src/api/v1alpha1/index.ts';
import {
  CLUSTER,
  ctpol,
  errorsOf,
  IDP,
  inCluster,
  oidc,
  rule,
  serviceAccount,
  standalone,
  tpol,
  World,
} from './support.ts';

const SUB = [rule('r', { claims: { sub: 'x' } })];
const errors = (spec: Partial<ClusterTrustPolicySpec>, options = standalone) =>
  errorsOf({ clusterTrustPolicies: [oidc('p', SUB, spec)] }, 'p', options);
const anchorsOf = (spec: Partial<ClusterTrustPolicySpec>, options = standalone) => [
  ...new World({ clusterTrustPolicies: [oidc('p', SUB, spec)] }, options).snapshot.anchors.values(),
];

const jwks = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}';

describe('anchors', () => {
  it('P15: of two policies with one issuer and other keys stay two, and each rule sees its own alone', () => {
    const other = 'https://kubernetes.default.svc.cluster.local';
    const world = new World({
      clusterTrustPolicies: [
        ctpol('east', [rule('r', { namespace: 'a' })], {
          provider: 'kubernetes',
          issuer: other,
          keys: { inline: jwks },
        }),
        ctpol('west', [rule('r', { namespace: 'a' })], {
          provider: 'kubernetes',
          issuer: other,
          keys: { inline: `${jwks} ` },
        }),
      ],
    });
    const anchors = world.snapshot.anchorsOf(other);
    assert.equal(anchors.length, 2);
    const [west] = anchors.filter(({ keys }) => keys.kind === 'inline' && keys.jwks.endsWith(' '));
    const identities = world.identities(other, serviceAccount('a', 'x')).filter(({ anchor }) => anchor === west?.id);
    const decision = world.snapshot.decide(identities, {});
    assert.equal(decision.allowed && decision.terms.policy.name, 'west');
  });

  it("P15: of a cluster that bears this one's name, with keys of its own, are not this cluster's", () => {
    const spec = { provider: 'kubernetes', issuer: CLUSTER, keys: { inline: jwks } } as const;
    const namesake = ctpol('far', [rule('r', { namespace: 'ai-agents' })], { ...spec, tenant: 'far' });
    const world = new World(
      { clusterTrustPolicies: [namesake], trustPolicies: [tpol('near', [rule('r', {})])] },
      inCluster,
    );
    const checks = world.snapshot.anchorsOf(CLUSTER).map(({ keys, proofCheck }) => `${keys.kind} ${proofCheck}`);
    assert.deepEqual(checks.sort(), ['cluster TokenReview', 'inline Signature']);
  });

  it('P15: the default issuer of clusters is refused without keys that say which one is meant (K8-8)', () => {
    const spec = { provider: 'kubernetes', issuer: 'https://kubernetes.default.svc.cluster.local' } as const;
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [ctpol('p', [rule('r', { namespace: 'a' })], spec)] }, 'p'), [
      'AmbiguousIssuer',
    ]);
  });

  it('P14: a subject of one issuer is nobody at another', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('a', SUB),
        oidc('b', [rule('r', { claims: { sub: 'y' } })], { issuer: 'https://other.example' }),
      ],
    });
    assert.equal(world.outcome(IDP, { sub: 'x' }), 'a/r');
    assert.equal(world.outcome('https://other.example', { sub: 'x' }), 'no_rule');
  });

  it('of equal policies are one, with an id derived from what they are', () => {
    const world = new World({
      clusterTrustPolicies: [oidc('a', SUB), oidc('b', SUB), oidc('c', SUB, { algorithms: ['ES256'] })],
    });
    assert.equal(world.snapshot.anchors.size, 2);
    const alone = anchorsOf({});
    assert.ok(world.snapshot.anchors.has(alone[0]!.id));
  });

  it('of one issuer are at most 8; the ninth policy is told so, the others stay', () => {
    const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;
    const policies = algorithms.map((one, i) => oidc(`p${i}`, SUB, { algorithms: [one] }));
    const world = new World({ clusterTrustPolicies: policies });
    assert.equal(world.snapshot.anchorsOf(IDP).length, 8);
    assert.equal(world.condition('p8', 'Accepted'), 'False/TooManyAnchors');
    assert.equal(world.report('p8').served, false);
    assert.equal(world.condition('p7', 'Accepted'), 'True/Accepted');
  });

  it('K8-8: of this cluster are one per issuer it signs or signed with, asked with TokenReview', () => {
    const options = { ...inCluster, cluster: { issuers: [CLUSTER, 'https://old.example'] } };
    const world = new World({ trustPolicies: [tpol('p', [rule('r', {})])] }, options);
    const anchors = [...world.snapshot.anchors.values()];
    assert.deepEqual(
      anchors.map(({ issuer }) => issuer),
      [CLUSTER, 'https://old.example'],
    );
    assert.ok(anchors.every(({ proofCheck, keys }) => proofCheck === 'TokenReview' && keys.kind === 'cluster'));
    const opted = new World(
      {
        clusterTrustPolicies: [
          ctpol('p', [rule('r', { namespace: 'a' })], {
            provider: 'kubernetes',
            issuer: CLUSTER,
            proofCheck: 'Signature',
          }),
        ],
      },
      inCluster,
    );
    assert.deepEqual(
      [...opted.snapshot.anchors.values()].map(({ proofCheck }) => proofCheck),
      ['Signature'],
    );
  });

  it('of another cluster are checked by signature alone', () => {
    const spec = { provider: 'kubernetes', issuer: 'https://oidc.eks.example/id/1' } as const;
    const world = new World({ clusterTrustPolicies: [ctpol('p', [rule('r', { namespace: 'a' })], spec)] }, inCluster);
    const [anchor] = world.snapshot.anchors.values();
    assert.equal(anchor?.proofCheck, 'Signature');
    assert.deepEqual(anchor?.keys, { kind: 'discovery', allowPrivate: false });
    const asked = ctpol('p', [rule('r', { namespace: 'a' })], { ...spec, proofCheck: 'TokenReview' });
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [asked] }, 'p', inCluster), ['NoTokenReview']);
  });

  it('of this cluster do not exist where there is none', () => {
    assert.deepEqual(errorsOf({ trustPolicies: [tpol('p', [rule('r', {})])] }, 'p'), ['NoCluster']);
    assert.deepEqual(errors({ keys: { configMapRef: { name: 'x', key: 'jwks.json' } } }), ['NoCluster']);
    assert.deepEqual(errors({ proofCheck: 'TokenReview' }), ['NoTokenReview']);
  });

  it('take their keys from one safe source', () => {
    assert.deepEqual(anchorsOf({ keys: { jwksUrl: 'https://keys.example/jwks', allowPrivate: true } })[0]?.keys, {
      kind: 'jwksUrl',
      url: 'https://keys.example/jwks',
      allowPrivate: true,
    });
    assert.deepEqual(anchorsOf({ keys: { inline: jwks } })[0]?.keys, { kind: 'inline', jwks });
    assert.deepEqual(anchorsOf({ keys: { configMapRef: { name: 'x', key: 'k' } } }, inCluster)[0]?.keys, {
      kind: 'configMap',
      name: 'x',
      key: 'k',
    });
    for (const url of [
      'http://keys.example/jwks',
      'https://u@keys.example/',
      'https://keys.example/#x',
      'file:///etc/passwd',
      'https:///x',
    ])
      assert.deepEqual(errors({ keys: { jwksUrl: url } }), ['InvalidKeys'], url);
    for (const inline of ['', '[]', '{"keys": 1}', '{"keys": [1]}'])
      assert.deepEqual(errors({ keys: { inline } }), ['InvalidKeys'], inline);
    assert.deepEqual(errors({ keys: { inline: '{"keys": [{"kty": "RSA", "d": "AA"}]}' } }), ['PrivateKey']);
    assert.deepEqual(errors({ keys: { inline: '{"keys": [{"kty": "oct", "k": "AA"}]}' } }), ['PrivateKey']);
    assert.deepEqual(errors({ keys: { inline: jwks, jwksUrl: 'https://keys.example/' } }), ['InvalidKeys']);
    assert.deepEqual(errors({ keys: { caBundle: 'not PEM' } }), ['InvalidKeys']);
  });
});
