import assert from 'node:assert/strict';
import type { ClusterTrustPolicySpec } from '../../src/api/v1alpha1/index.ts';
import { sharedIssuer } from '../../src/policy/shared-issuers.ts';
import {
  CLUSTER,
  ctpol,
  errorsOf,
  GITHUB,
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

describe('issuers', () => {
  const bad = [
    'http://idp.example',
    'https://idp.example@evil.host',
    'https://user:pass@idp.example',
    'https://@idp.example',
    'https://idp.example?x',
    'https://idp.example/?',
    'https://idp.example#x',
    'https://idp.example:443',
    'https://IDP.example',
    'HTTPS://idp.example',
    'https://idp.example.',
    'https://ıdp.example',
    'https://idp.example/a/../b',
    'https://idp.example\\evil',
    'https:/idp.example',
    'https:idp.example',
    'https://',
    'idp.example',
    'ftp://idp.example',
    'https://idp.example/ x',
    'https://0x7f000001',
    'javascript:alert(1)',
    'https://*.example',
  ];
  for (const issuer of bad) {
    it(`P3: ${issuer} is refused`, () => {
      assert.deepEqual(errors({ issuer }), ['InvalidIssuer']);
    });
  }

  it('P3: are compared byte for byte: no prefix, no suffix, no slash more or less (ID-1)', () => {
    const world = new World({ clusterTrustPolicies: [oidc('p', SUB, { issuer: 'https://tenant.auth0.example/' })] });
    assert.equal(world.snapshot.anchorsOf('https://tenant.auth0.example/').length, 1);
    for (const other of [
      'https://tenant.auth0.example',
      'https://tenant.auth0.example//',
      'https://tenant.auth0.example/x',
      'https://TENANT.auth0.example/',
      '',
      '__proto__',
    ])
      assert.deepEqual(world.snapshot.anchorsOf(other), [], other);
  });

  it('may be http on loopback, and only where there is no cluster', () => {
    for (const issuer of ['http://127.0.0.1:4711', 'http://localhost/x', 'http://[::1]:4711/'])
      assert.equal(anchorsOf({ issuer })[0]?.issuer, issuer);
    assert.deepEqual(errors({ issuer: 'http://127.0.0.1:4711' }, inCluster), ['InvalidIssuer']);
    for (const issuer of ['http://127.0.0.1.evil.example', 'http://localhost.evil.example', 'http://10.0.0.1'])
      assert.deepEqual(errors({ issuer }), ['InvalidIssuer'], issuer);
  });

  it('our own is never an anchor', () => {
    assert.deepEqual(errors({ issuer: 'https://mint.example' }), ['OwnIssuer']);
  });

  it('P24: must be named: without one nothing is trusted', () => {
    assert.deepEqual(errorsOf({ clusterTrustPolicies: [ctpol('p', SUB, { provider: 'oidc' })] }, 'p'), [
      'IssuerRequired',
    ]);
    assert.equal(new World({}).snapshot.anchors.size, 0);
    assert.equal(new World({}).outcome(IDP, { sub: 'x' }), 'no_rule');
  });

  it('of Entra stand for one exact issuer per tenant', () => {
    const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0';
    const anchors = anchorsOf({ issuer, issuerTenants: ['aaaa-1', 'bbbb-2'] });
    assert.deepEqual(
      anchors.map((one) => one.issuer),
      ['https://login.microsoftonline.com/aaaa-1/v2.0', 'https://login.microsoftonline.com/bbbb-2/v2.0'],
    );
    assert.deepEqual(errors({ issuer }), ['IssuerTenants']);
    assert.deepEqual(errors({ issuer: IDP, issuerTenants: ['a'] }), ['IssuerTenants']);
    assert.deepEqual(errors({ issuer: 'https://{tenantid}.example/', issuerTenants: ['evil.example/x#'] }), [
      'IssuerTenants',
    ]);
    assert.deepEqual(errors({ issuer, issuerTenants: ['../common'] }), ['IssuerTenants']);
    assert.deepEqual(errors({ issuer: `${issuer}/{tenantid}`, issuerTenants: ['a'] }), ['IssuerTenants']);
  });

  it('GH-1: of GitHub is github.com unless another is named', () => {
    const github = (issuer?: string) => {
      const world = new World({
        clusterTrustPolicies: [ctpol('p', [rule('r', { repositoryId: '1' })], issuer === undefined ? {} : { issuer })],
      });
      return [...world.snapshot.anchors.values()].map((one) => one.issuer);
    };
    assert.deepEqual(github(), [GITHUB]);
    assert.deepEqual(github(`${GITHUB}/acme`), [`${GITHUB}/acme`]);
    assert.deepEqual(github('https://token.actions.acme.ghe.com'), ['https://token.actions.acme.ghe.com']);
    assert.deepEqual(github('https://github.acme.example/_services/token'), [
      'https://github.acme.example/_services/token',
    ]);
  });

  it('that many share are known with and without a path', () => {
    assert.equal(sharedIssuer('https://gitlab.com')?.name, 'GitLab.com');
    assert.equal(sharedIssuer(`${GITHUB}/acme`)?.name, 'GitHub');
    assert.equal(sharedIssuer('https://gitlab.com.evil.example'), undefined);
    assert.equal(sharedIssuer('https://gitlab.example'), undefined);
  });
});

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

describe('the audience of proofs', () => {
  it('P2: is compared exactly: no prefix, pattern or case', () => {
    const world = new World({ clusterTrustPolicies: [oidc('p', SUB)] });
    assert.equal(world.outcome(IDP, { sub: 'x' }, {}, ['other', 'satgate']), 'p/r');
    for (const audience of ['satgate2', 'sat', 'SATGATE', 'satgate/', ' satgate', '*', ''])
      assert.equal(world.outcome(IDP, { sub: 'x' }, {}, [audience]), 'wrong_audience', audience);
    assert.equal(world.outcome(IDP, { sub: 'x' }, {}, []), 'wrong_audience');
    for (const audience of ['*', 'sat*', '']) assert.deepEqual(errors({ audience }), ['InvalidAudience'], audience);
    assert.deepEqual(errors({ audience: 'sts.amazonaws.com' }), ['ForeignAudience']);
  });

  it('P2: of another policy of the same issuer opens only that policy', () => {
    const world = new World({
      clusterTrustPolicies: [
        oidc('a', SUB, { audience: 'one' }),
        oidc('b', [rule('r', { claims: { sub: '*' } })], { audience: 'two' }),
      ],
    });
    assert.equal(world.outcome(IDP, { sub: 'x' }, {}, ['two']), 'b/r');
    assert.equal(world.outcome(IDP, { sub: 'y' }, {}, ['one']), 'no_rule');
  });
});
