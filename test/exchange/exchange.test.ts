import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ProofError } from '../../src/proof/index.ts';
import { agents, cluster, PEER, RESEARCH, refusal, type World, world } from './support.ts';

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

  it('states the label, as a caveat, to the caller and in the record', async () => {
    w.serve(
      agents([{ match: { serviceAccount: '*' }, issue: { labelTemplate: 'pod-{{ .Attributes.serviceAccount }}' } }]),
    );
    const grant = await w.granted();
    assert.equal(grant.label, 'pod-research-agent');
    assert.equal(grant.caveats.at(-1), 'label = pod-research-agent');
    assert.equal(w.record().granted.label, 'pod-research-agent');
    w.serve(agents([RESEARCH]));
    assert.ok(!('label' in (await w.granted())) && !('label' in w.record().granted));
  });

  it('fails, rather than refuses, where something is wrong with the program itself', async () => {
    const fault = async () => {
      throw new TypeError('a fault of ours');
    };
    const one = await world([agents([RESEARCH])], { proofs: { verify: fault } });
    await assert.rejects(one.exchange('x'), TypeError);
    const record = one.record();
    assert.deepEqual(
      [record?.outcome, record?.refused],
      [
        'refused',
        {
          stage: 'internal',
          code: 'server_error',
          reason: 'server_error',
          detail: 'the log says where, under the correlation id',
        },
      ],
    );
    await assert.rejects(one.engine.explain({ credentials: 'x' }), TypeError);
    const two = await world([agents([RESEARCH])], {
      audit: { record: fault, status: () => [], close: async () => {} },
    });
    await assert.rejects(two.exchange('x'), TypeError);
  });

  it('names the generation that decided: another policy, another generation', async () => {
    await w.granted();
    const before = w.record().generation;
    w.serve(agents([{ ...RESEARCH, issue: { ttl: '1h' } }]));
    await w.granted();
    assert.notEqual(w.record().generation, before);
  });

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

  describe('by an old view', () => {
    it('is refused with 503 over --max-staleness, and before the first good read', async () => {
      w.view.stale = 600;
      await w.granted();
      w.view.stale = 600.1;
      const proof = await w.proof();
      const said = await refusal(w, proof);
      assert.deepEqual([said.code, said.stage, said.reason], ['temporarily_unavailable', 'view', 'stale']);
      const late = await w.exchange(proof);
      assert.equal(late.granted ? undefined : late.retryAfter, 5);
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
