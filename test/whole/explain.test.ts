import assert from 'node:assert/strict';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { post } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, serve } from './support.ts';

describe('POST /explain beside an exchange', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE], { maxProofAge: '5m' }) });
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });
  const explain = async (body: object) => (await post(`${mint.ops}/explain`, body)).json;

  it('tells the operator what the caller was not told: which predicate failed, on what value', async () => {
    const credentials = await issuer.sign(account('agent', { namespace: 'elsewhere' }));
    const refused = await mint.exchange(credentials);
    assert.ok(!refused.text.includes('ai-agents'));
    const { granted, decision, rules } = await explain({ credentials });
    assert.deepEqual([granted, decision.reason], [false, 'no_rule']);
    const failed = rules[0].predicates.filter(({ holds }: { holds: boolean }) => !holds);
    assert.deepEqual(failed, [
      { predicate: 'namespace', expected: '"ai-agents"', actual: '"elsewhere"', holds: false },
    ]);
  });

  it('agrees that a proof is too old, though a rule matches', async () => {
    const iat = Math.floor(Date.now() / 1000) - 400;
    const credentials = await issuer.sign(account('agent', { claims: { iat, nbf: iat, exp: iat + 3600 } }));
    assert.equal((await mint.exchange(credentials)).json.error, 'invalid_proof');
    const said = await explain({ credentials });
    assert.deepEqual([said.granted, said.decision.allowed, said.refused.reason], [false, true, 'proof_too_old']);
  });

  it('explains claims that nobody signed, issues nothing and records nothing', async () => {
    const before = mint.audit().length;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      sub: 'system:serviceaccount:ai-agents:x',
      aud: 'satgate',
      iat: now,
      exp: now + 60,
      'kubernetes.io': { namespace: 'ai-agents', serviceaccount: { name: 'x', uid: 'u' } },
    };
    const said = await explain({ issuer: issuer.url, claims });
    assert.deepEqual([said.granted, said.verified, 'token' in said], [true, false, false]);
    assert.equal(mint.audit().length, before);
  });
});
