import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ProofError } from '../../src/proof/index.ts';
import { agents, cluster, PEER, RESEARCH, refusal, resource, signer, type World, world } from './support.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

describe('an exchange', () => {
  let w: World;
  beforeEach(async () => {
    w = await world([agents([RESEARCH])]);
  });

  it('turns a proof into a macaroon that says all that the rule gives', async () => {
    const grant = await w.granted();
    assert.deepEqual(grant.caveats, [
      'time < 2026-01-01T08:00:00Z',
      'aud = default',
      'tenant = acme',
      'budget_credits <= 1000',
      'department = research',
      'cost_center = eng-ai',
    ]);
    assert.equal(grant.expiresIn, 8 * 3600);
    assert.equal(grant.policy, 'ai-agents/research');
    const verdict = w.verify(grant.token);
    assert.ok('active' in verdict && verdict.active);
    assert.equal(verdict.subject, 'k8s:ai-agents/research:ai-agents:research-agent');
    assert.deepEqual(verdict.attributes, { tenant: 'acme', department: 'research', cost_center: 'eng-ai' });
    assert.deepEqual(verdict.accounts, [{ id: grant.grantId, limit: 1000 }]);
  });

  it('leaves one audit record of a grant: who, by which rule, what; never the proof or the token', async () => {
    const proof = await w.proof();
    const outcome = await w.exchange(proof, { callerId: 'theirs' });
    assert.ok(outcome.granted);
    assert.equal(w.sink.lines.length, 1);
    const { time, v, identity, generation, ...record } = w.record();
    assert.deepEqual([time, v], ['2026-01-01T00:00:00.000Z', 1]);
    assert.equal(identity.subject, 'system:serviceaccount:ai-agents:research-agent');
    assert.equal(identity.instance, 'pod-uid');
    assert.deepEqual(identity.claims, { namespace: 'ai-agents', serviceAccount: 'research-agent' });
    assert.equal(typeof generation, 'string');
    assert.deepEqual(record, {
      kind: 'exchange',
      id: 'id-1',
      caller_id: 'theirs',
      door: 'native',
      peer: PEER,
      proof_sha256: sha256(proof),
      policy: { kind: 'TrustPolicy', namespace: 'ai-agents', name: 'research', uid: 'uid-research' },
      rule: 'research',
      outcome: 'granted',
      granted: {
        jti: outcome.jti,
        grant_id: outcome.grantId,
        resource: 'default',
        tenant: 'acme',
        caveats: outcome.caveats,
        ttl: 28_800,
        budget_credits: 1000,
        token_sha256: sha256(outcome.token),
        expires_at: outcome.expiresAt,
      },
    });
    for (const secret of [proof, proof.split('.')[2]!, outcome.token]) assert.ok(!w.sink.lines[0]!.includes(secret));
  });

  it('gives every token its own jti', async () => {
    const proof = await w.proof();
    const jtis = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const outcome = await w.exchange(proof);
      assert.ok(outcome.granted);
      jtis.add(outcome.jti);
    }
    assert.equal(jtis.size, 5);
  });

  it('names the generation that decided: another policy, another generation', async () => {
    await w.granted();
    const before = w.record().generation;
    w.serve(agents([{ ...RESEARCH, issue: { ttl: '1h' } }]));
    await w.granted();
    assert.notEqual(w.record().generation, before);
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

  it('P33: an outage is 503 with a time to come back, never invalid_proof', async () => {
    const failing = await world([agents([RESEARCH])], {
      proofs: {
        verify: async () => {
          throw new ProofError('keys_unavailable', 'the keys cannot be had', { outage: true, retryAfter: 7 });
        },
      },
    });
    const outcome = await failing.exchange(await failing.proof());
    assert.ok(!outcome.granted);
    assert.deepEqual([outcome.code, outcome.retryAfter], ['temporarily_unavailable', 7]);
    assert.deepEqual(failing.record().refused.reason, 'keys_unavailable');
  });

  describe('is refused by the policies with no_matching_policy and no word about them', () => {
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

  it('P23: a claim cannot bring a caveat of its own, however it is written', async () => {
    w.serve(
      cluster('oidc', [{ match: { claims: { azp: 'client' } }, issue: { caveats: ['team = {{ .Claims.team }}'] } }], {
        tenant: 'acme',
      }),
    );
    for (const team of ['x\nbudget_credits = 999999', 'a,b', 'a b', ' a', 'ü', 'x'.repeat(129)]) {
      const said = await refusal(w, await w.proof('oidc', { team }));
      assert.deepEqual([said.code, said.reason], ['no_matching_policy', 'template_failed']);
    }
    const good = await w.granted({}, 'oidc', { team: 'red' });
    assert.ok(good.caveats.includes('team = red'));
  });

  it('P26: claims called __proto__ and constructor are claims like any other', async () => {
    const rule = {
      match: { claims: { azp: 'client' } },
      issue: { labelTemplate: '{{ index .Claims "constructor" }}' },
    };
    w.serve(cluster('oidc', [rule], { tenant: 'acme' }));
    const said = await refusal(w, await w.proof('oidc'));
    assert.equal(said.reason, 'template_failed', 'what every object inherits is no claim');
    const own = await w.granted({}, 'oidc', { constructor: 'mine' });
    assert.equal(own.label, 'mine');
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

  describe('by an old view', () => {
    it('is refused with 503 over --max-staleness, and before the first good read', async () => {
      w.view.stale = 600;
      await w.granted();
      w.view.stale = 600.1;
      const proof = await w.proof();
      const said = await refusal(w, proof);
      assert.deepEqual([said.code, said.stage, said.reason], ['temporarily_unavailable', 'view', 'stale']);
      w.view.stale = 0;
      w.unserve();
      assert.equal((await refusal(w, proof)).reason, 'stale');
    });
  });

  describe('and its audit record', () => {
    it('is answered 503 and no token where the record cannot be written', async () => {
      w.sink.failing = 'ENOSPC';
      const outcome = await w.exchange(await w.proof());
      assert.ok(!outcome.granted);
      assert.equal(outcome.code, 'temporarily_unavailable');
      assert.ok(!JSON.stringify(outcome).includes('ENOSPC'));
      w.sink.failing = undefined;
      await w.clock.advance(1000);
      await w.granted();
    });

    it('is written before the answer leaves: a blocked sink means no answer, then 503', async () => {
      const write = w.sink.write.bind(w.sink);
      const reached = new Promise<void>((resolve) => {
        w.sink.write = (lines) => {
          resolve();
          return write(lines);
        };
      });
      w.sink.block();
      let answered = false;
      const pending = w.exchange(await w.proof()).then((outcome) => {
        answered = true;
        return outcome;
      });
      await reached;
      await w.clock.advance(900);
      assert.equal(answered, false);
      await w.clock.advance(200);
      const outcome = await pending;
      assert.ok(!outcome.granted);
      assert.equal(outcome.code, 'temporarily_unavailable');
      w.sink.unblock();
    });

    it('also states what a door refused by itself, and never throws', async () => {
      const refused = {
        door: 'native',
        correlationId: 'd-1',
        peer: PEER,
        code: 'invalid_request',
        reason: 'no JSON',
      } as const;
      await w.engine.doorRefused({ ...refused, callerId: 'theirs' });
      const { kind, id, caller_id, outcome, refused: why } = w.record();
      assert.deepEqual([kind, id, caller_id, outcome], ['exchange', 'd-1', 'theirs', 'refused']);
      assert.deepEqual(why, {
        stage: 'request',
        code: 'invalid_request',
        reason: 'invalid_request',
        detail: 'no JSON',
      });
      w.sink.failing = 'EIO';
      await w.engine.doorRefused(refused);
    });
  });
});
