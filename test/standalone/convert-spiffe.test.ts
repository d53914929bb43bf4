import assert from 'node:assert/strict';
import { readText } from '../../src/standalone/index.ts';

describe('the short form of a policy', () => {
  it('of a trust domain is a ClusterTrustPolicy, and the fields of its path keep their names', () => {
    const text = `provider: spiffe
audience: mint
tenant: t
spiffe: { trust_domain: a.example, path_template: "/{agent_type}/{tenantId}", bundle: { jwks_url: "https://a.example" } }
trust_rules: [{ match: { id: "**", path: { agent_type: worker, tenantId: t } }, issue: {} }]
`;
    const { objects, problems } = readText(text, 'p.yaml', 'p');
    assert.deepEqual(problems, []);
    const { resource } = objects[0]!;
    assert.ok(resource.kind === 'ClusterTrustPolicy');
    assert.deepEqual(resource.spec.spiffe, {
      trustDomain: 'a.example',
      pathTemplate: '/{agent_type}/{tenantId}',
      bundle: { jwksUrl: 'https://a.example' },
    });
    assert.deepEqual(resource.spec.trustRules[0]?.match, { id: '**', path: { agent_type: 'worker', tenantId: 't' } });
    const { problems: wrong } = readText(text.replace('trust_domain', 'trustDomain'), 'p.yaml', 'p');
    assert.deepEqual([wrong[0]?.code, wrong[0]?.path], ['unknown_field', 'spiffe.trustDomain']);
  });
});
