import assert from 'node:assert/strict';
import type { ClusterTrustPolicySpec } from '../../src/api/v1alpha1/index.ts';
import { sharedIssuer } from '../../src/policy/shared-issuers.ts';
import { ctpol, errorsOf, GITHUB, IDP, inCluster, oidc, rule, standalone, World } from './support.ts';

const SUB = [rule('r', { claims: { sub: 'x' } })];
const errors = (spec: Partial<ClusterTrustPolicySpec>, options = standalone) =>
  errorsOf({ clusterTrustPolicies: [oidc('p', SUB, spec)] }, 'p', options);
const anchorsOf = (spec: Partial<ClusterTrustPolicySpec>, options = standalone) => [
  ...new World({ clusterTrustPolicies: [oidc('p', SUB, spec)] }, options).snapshot.anchors.values(),
];

const _jwks = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}';

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
