import assert from 'node:assert/strict';
import { lint } from '../../src/policy/index.ts';
import { DOMAIN, objects, oidc, rule, spiffe, standalone } from './support.ts';

const worker = rule('worker', { path: { agentType: 'global-worker' } });
const warnings = (policy: ReturnType<typeof oidc>, options = standalone) =>
  lint(objects({ clusterTrustPolicies: [policy] }), options)[0]!.problems.map(({ code, path }) => `${code} ${path}`);

describe('lint of a policy of provider spiffe', () => {
  const clean = spiffe('p', [rule('r', { id: `${DOMAIN}/agent/**`, path: { agentType: 'worker' } })]);

  it('has nothing to say of one that is as it should be', () => assert.deepEqual(warnings(clean), []));

  it('tells of an audience that is not our issuer, where that is known', () => {
    const policy = spiffe('p', [worker], {}, { audience: 'https://mint.example/oauth2/token' });
    assert.deepEqual(warnings(policy), ['AudienceNotIssuer spec.audience']);
    const { ownIssuer: _, ...unknown } = standalone;
    assert.deepEqual(warnings(policy, unknown), []);
  });

  it('tells of an ID or a field that can never match', () => {
    const of = (match: Parameters<typeof rule>[1]) => warnings(spiffe('p', [rule('r', match)]));
    for (const id of [
      'spiffe://other.example/x',
      'spiffe://cluster.local.evil/x',
      'spiffe://cluster.loca*l2/x',
      '/agent',
    ])
      if (id.includes('*')) assert.deepEqual(of({ id }), [], id);
      else assert.deepEqual(of({ id }), ['NeverMatches spec.trustRules[0].match'], id);
    for (const id of [`${DOMAIN}/x`, DOMAIN, 'spiffe://*/x', '**/x', `${DOMAIN}/a*`])
      assert.deepEqual(of({ id }), [], id);
    assert.deepEqual(of({ path: { userId: 'alice/worker' } }), ['NeverMatches spec.trustRules[0].match']);
  });

  it('tells of patterns of IDs that a path template would make plain, and of * alone', () => {
    const { pathTemplate: _, ...trust } = clean.spec.spiffe!;
    const bare = (id: string) => ({
      ...clean,
      spec: { ...clean.spec, spiffe: trust, trustRules: [rule('r', { id })] },
    });
    assert.deepEqual(warnings(bare(`${DOMAIN}/agent/**`)), ['NoPathTemplate spec.trustRules[0].match']);
    assert.deepEqual(warnings(bare(`${DOMAIN}/agent/one`)), []);
    assert.deepEqual(warnings(spiffe('p', [rule('r', { path: { userId: '*' } })])), [
      'MatchesAnything spec.trustRules[0].match',
    ]);
  });

  it('tells of attributes that no identity has, of budgets by instance, and of a bundle without a key for SVIDs', () => {
    const policy = spiffe(
      'p',
      [rule('r', worker.match, { issue: { labelTemplate: '{{ .Attributes.pod }}', budgetPer: 'Instance' } })],
      { bundle: { inline: '{"keys":[{"kty":"EC","use":"sig","kid":"one"}]}' } },
      { tenant: '{{ .Attributes.tenant }}' },
    );
    assert.deepEqual(warnings(policy).sort(), [
      'NoInstance spec.trustRules[0].issue.budgetPer',
      'NoSvidKey spec.spiffe.bundle.inline',
      'UnknownAttribute spec.tenant',
      'UnknownAttribute spec.trustRules[0].issue',
    ]);
    const known = spiffe('p', [worker], {}, { tenant: '{{ .Attributes.trustDomain }}' });
    assert.deepEqual(warnings(known), []);
  });

  it('tells a policy of provider oidc that SPIFFE IDs are never its subjects', () => {
    const policy = oidc('p', [rule('r', { claims: { sub: `${DOMAIN}/agent/one` } })]);
    assert.deepEqual(warnings(policy), ['UseProviderSpiffe spec.trustRules[0].match']);
  });
});
