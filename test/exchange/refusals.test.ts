import assert from 'node:assert/strict';
import { agents, cluster, RESEARCH, refusal, resource, signer, type World, world } from './support.ts';

describe('an exchange that is refused', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([agents([RESEARCH])]);
  });

  const proofs: [string, string, (w: World) => Promise<string>][] = [
    ['no JWT at all', 'malformed', async () => 'nonsense'],
    ['another signature', 'signature', async (w) => `${(await w.proof()).slice(0, -8)}AAAAAAAA`],
    ['an expired proof', 'expired', (w) => w.proof('kubernetes', { exp: Math.floor(w.clock.now() / 1000) })],
    ['an unknown issuer', 'unknown_issuer', (w) => w.proof('kubernetes', { iss: 'https://evil.example' })],
    ['an audience of another service', 'wrong_audience', (w) => w.proof('kubernetes', { aud: 'other' })],
    [
      'a claim that contradicts sub',
      'subject_mismatch',
      (w) => w.proof('kubernetes', { sub: 'system:serviceaccount:a:b' }),
    ],
    ['a token of our own kind', 'token_type', async (w) => signer.token({ iss: 'x', iat: w.clock.now() }, 'at+jwt')],
  ];
  for (const [what, reason, make] of proofs) {
    it(`answers ${what} with invalid_proof and one sentence; the record says ${reason}`, async () => {
      const said = await refusal(w, await make(w));
      assert.deepEqual([said.code, said.stage, said.reason], ['invalid_proof', 'proof', reason]);
      assert.match(said.message, /^the proof was rejected; the reason is in the audit log/);
    });
  }

  describe('by the policies is told no_matching_policy and no word about them', () => {
    const deny = { name: 'no', match: { serviceAccount: 'research-agent' }, deny: true };
    const cases: [string, string, Parameters<typeof world>[0], Parameters<World['exchange']>[1]?][] = [
      ['no rule matches', 'no_rule', [agents([{ match: { serviceAccount: 'other' }, issue: {} }])]],
      ['a rule denies', 'denied_by_rule', [agents([deny, RESEARCH])]],
      ['the policy is suspended', 'policy_suspended', [agents([RESEARCH], { state: 'Suspended' })]],
      ['the policy is revoked', 'policy_revoked', [agents([RESEARCH], { state: 'Revoked' })]],
      ['the resource is unknown', 'unknown_resource', [agents([RESEARCH])], { resource: 'nowhere' }],
      ['another tenant was asked for', 'no_rule', [agents([RESEARCH])], { tenant: 'umbrella' }],
      [
        'a claim that the template needs is missing',
        'template_failed',
        [agents([{ match: { serviceAccount: '*' }, issue: { labelTemplate: 'x-{{ .Claims.absent }}' } }])],
      ],
      [
        'the rule names none of the scopes of its resource',
        'nothing_left',
        [
          resource('api', { audience: 'api', scopes: ['api:read'] }),
          agents([{ match: { serviceAccount: '*' }, issue: { resources: ['api'] } }]),
        ],
        { resource: 'api' },
      ],
      [
        'resource and scopes are of two resources',
        'resource_mismatch',
        [
          resource('api', { audience: 'api', scopes: ['api:read'] }),
          agents([{ match: { serviceAccount: '*' }, issue: { resources: ['default'] } }]),
        ],
        { resource: 'default', scopes: ['api:read'] },
      ],
    ];
    for (const [what, reason, objects, request] of cases) {
      it(`where ${what}: the record says ${reason}`, async () => {
        w.serve(...objects);
        const said = await refusal(w, await w.proof(), request);
        assert.deepEqual([said.code, said.stage, said.reason], ['no_matching_policy', 'policy', reason]);
        assert.doesNotMatch(said.message, /research|suspend|revoked|tenant|rule/i);
      });
    }

    it('and the record names the policy and the rule that refused, where one did', async () => {
      w.serve(agents([deny, RESEARCH]));
      const outcome = await w.exchange(await w.proof());
      assert.ok(!outcome.granted && outcome.retryAfter === undefined);
      assert.deepEqual([w.record().policy.name, w.record().rule], ['research', 'no']);
      w.serve(agents([{ match: { serviceAccount: 'other' }, issue: {} }]));
      await refusal(w, await w.proof());
      assert.ok(!('policy' in w.record()) && !('rule' in w.record()));
    });

    it('where the proof is bound to no instance and the budget is per instance', async () => {
      w.serve(agents([{ match: { serviceAccount: '*' }, issue: { budgetPer: 'Instance' } }]));
      const unbound = { namespace: 'ai-agents', serviceaccount: { name: 'research-agent', uid: 'sa-uid' } };
      const said = await refusal(w, await w.proof('kubernetes', { 'kubernetes.io': unbound }));
      assert.deepEqual([said.code, said.stage, said.reason], ['no_matching_policy', 'policy', 'no_instance']);
    });

    it('where the policy or the grant that it would be of is revoked', async () => {
      const { grantId } = await w.granted();
      for (const [by, value] of [
        ['policy', 'uid-research'],
        ['grant', grantId],
      ] as const) {
        w.revoke({ by, value });
        const said = await refusal(w, await w.proof());
        assert.deepEqual([said.code, said.stage, said.reason], ['no_matching_policy', 'revocation', `${by}_revoked`]);
      }
      w.revoke({ by: 'grant', value: grantId, issuedBefore: Math.floor(w.clock.now() / 1000) - 1 });
      await w.granted();
    });
  });

  describe('what cannot be minted is refused, recorded, and no failure of the server', () => {
    it('where the subject is longer than an identifier holds', async () => {
      w.serve(cluster('oidc', [{ match: { claims: { azp: 'client' } }, issue: {} }], { tenant: 'acme' }));
      const said = await refusal(w, await w.proof('oidc', { sub: '漢'.repeat(1000) }));
      assert.deepEqual([said.code, said.stage, said.reason], ['no_matching_policy', 'mint', 'identifier']);
    });

    it('where the scopes are longer than a caveat holds, also if the request appends something', async () => {
      const scopes = Array.from({ length: 40 }, (_, i) => `api:${String(i).padStart(2, '0')}:${'x'.repeat(100)}`);
      w.serve(
        resource('api', { audience: 'api', scopes }),
        agents([{ match: { serviceAccount: '*' }, issue: { resources: ['api'], scopes } }]),
      );
      for (const request of [{ resource: 'api' }, { resource: 'api', caveats: ['tool = x'] }]) {
        const said = await refusal(w, await w.proof(), request);
        assert.deepEqual([said.code, said.stage], ['no_matching_policy', 'mint']);
      }
      await w.granted({ resource: 'api', scopes: scopes.slice(0, 2) });
    });
  });
});
