import assert from 'node:assert/strict';
import { fingerprint } from '../../src/audit/index.ts';
import type { ExchangeRequest } from '../../src/exchange/index.ts';
import { API, Delegating, delegating, idOf, NOTES, policy, READ, rule } from './delegation-support.ts';
import { OBJECTS } from './jwt-support.ts';
import { world } from './support.ts';

const DOORS = ['client_credentials', 'jwt_bearer', 'token_exchange'] as const;
type OAuthDoor = (typeof DOORS)[number];

/** What each grant answers where the proof is bad, and where it is good and granted nothing. */
const CODES: Record<OAuthDoor, [proof: string, policy: string]> = {
  client_credentials: ['invalid_client', 'unauthorized_client'],
  jwt_bearer: ['invalid_grant', 'invalid_grant'],
  token_exchange: ['invalid_request', 'invalid_request'],
};

describe('OAuth’s grants', () => {
  let d: Delegating;
  beforeEach(async () => {
    d = await delegating();
  });

  const ask = async (door: OAuthDoor, proof: string, more: Partial<ExchangeRequest> = {}) => {
    const client = door === 'client_credentials' ? { client: { assertion: proof, isSvid: false } } : {};
    return d.w.exchange(proof, { door, scopes: [READ], ...client, ...more });
  };
  const why = async (door: OAuthDoor, proof: string, more: Partial<ExchangeRequest> = {}) => {
    await d.w.clock.advance(1000);
    return d.why(await ask(door, proof, more));
  };

  for (const door of DOORS) {
    const [bad, nothing] = CODES[door];
    it(`${door}: each refusal has its error, the reason in the record, and tells no more than the stage`, async () => {
      const a = await d.proof('a');
      const proof = (claims: object) => d.w.proof('spiffe', { sub: idOf('a'), ...claims });
      const rows: [string, string, Partial<ExchangeRequest>?][] = [
        [`${bad} malformed`, 'no token'],
        [`${bad} signature`, `${a.slice(0, -6)}AAAAAA`],
        [`${bad} unknown_issuer`, await proof({ sub: 'spiffe://elsewhere/agent/tenant-1/alice/type-a/a' })],
        [`${bad} wrong_audience`, await proof({ aud: 'elsewhere' })],
        [`${bad} expired`, await proof({ iat: 1_767_220_000, exp: 1_767_220_100 })],
        [`${nothing} no_rule`, await proof({ sub: idOf('a').replace('type-a', 'type-z') })],
        [`${nothing} agent_mismatch`, await proof({ sub: idOf('a').replace('alice', 'mallory') })],
        ['invalid_scope no_rule', a, { scopes: ['nobody:knows'] }],
        ['invalid_target unknown_resource', a, { resource: 'https://elsewhere.example' }],
        ['invalid_target unknown_resource', a, { audience: 'elsewhere' }],
        ['invalid_target resource_mismatch', a, { scopes: [READ, 'other:read'] }],
        ['invalid_target resource_mismatch', a, { audience: 'other' }],
        ['invalid_request exceeds_policy', a, { ttl: 7200 }],
        ['invalid_request not_enforceable', a, { budgetCredits: 3 }],
        ['invalid_request token_type', a, { requestedTokenType: 'macaroon' }],
        ['invalid_client client_id', a, { clientId: 'type-b' }],
      ];
      for (const [expected, token, more] of rows) assert.equal(await why(door, token, more), expected);
      d.w.view.stale = 601;
      assert.equal(await why(door, a), 'temporarily_unavailable stale');
    });

    it(`${door}: the client_id may be the agent’s type or the proof’s sub, and the token says the type`, async () => {
      for (const clientId of [undefined, 'type-a', idOf('a')]) {
        const grant = await ask(door, await d.proof('a'), { clientId });
        assert.ok(grant.granted);
        assert.equal(grant.clientId, 'type-a');
      }
    });

    it(`P28: ${door}: a proof may be shown again, and buys the same grant`, async () => {
      const proof = await d.proof('a');
      const [one, two] = [await ask(door, proof), await ask(door, proof)];
      assert.ok(one.granted && two.granted);
      assert.equal(one.grantId, two.grantId);
      assert.notEqual(one.jti, two.jti);
    });
  }

  it('P30: without a scope a token has the rule’s, by every grant, and never more', async () => {
    for (const door of DOORS) {
      const grant = await ask(door, await d.proof('a'), { scopes: undefined, audience: 'api' });
      assert.ok(grant.granted);
      assert.deepEqual(grant.scopes, ['api:read', 'api:write']);
    }
    const narrow = await delegating([rule('type-a', { scopes: [READ] })]);
    const wide = await narrow.w.exchange(await narrow.proof('a'), { door: 'jwt_bearer', scopes: ['api:write', READ] });
    assert.equal(narrow.why(wide), 'invalid_scope exceeds_policy');
  });

  it('a rule whose policy is suspended or revoked refuses, and so does a deny', async () => {
    const proof = await d.proof('a');
    for (const state of ['Suspended', 'Revoked']) {
      d.w.serve(API, policy([rule('type-a', { resources: ['api'] })], { state }));
      for (const door of DOORS) assert.equal(await why(door, proof), `${CODES[door][1]} policy_${state.toLowerCase()}`);
    }
    d.w.serve(API, policy([{ name: 'no', match: { path: { agentType: '*' } }, deny: true }]));
    for (const door of DOORS) assert.equal(await why(door, proof), `${CODES[door][1]} denied_by_rule`);
  });

  it('SC-2: a client’s assertion has the policy’s audience alone; a proof by another grant may have more', async () => {
    const two = await d.w.proof('spiffe', { sub: idOf('a'), aud: ['satgate', 'elsewhere'] });
    assert.equal(await why('client_credentials', two), 'invalid_client several_audiences');
    assert.ok((await ask('jwt_bearer', two)).granted);
    const one = await d.w.proof('spiffe', { sub: idOf('a'), aud: ['satgate'] });
    assert.ok((await ask('client_credentials', one)).granted);
  });

  it('SC-1: what is said to be a JWT-SVID must be one', async () => {
    d = new Delegating(await world([...OBJECTS]));
    const proof = await d.w.proof();
    const client = (isSvid: boolean) => ({ client: { assertion: proof, isSvid }, scopes: ['a:r'] });
    assert.equal(await why('client_credentials', proof, client(true)), 'invalid_client no_svid');
    assert.ok((await ask('client_credentials', proof, client(false))).granted);
  });

  it('P29: a client that authenticates must be who the proof is of, whatever the grant', async () => {
    const proof = await d.proof('a');
    for (const door of ['jwt_bearer', 'token_exchange'] as const) {
      const as = (assertion: string) => ({ client: { assertion, isSvid: false } });
      assert.ok((await ask(door, proof, as(proof))).granted);
      assert.ok((await ask(door, proof, as(await d.w.proof('spiffe', { sub: idOf('a'), jti: 'x' })))).granted);
      assert.equal(await why(door, proof, as('none')), 'invalid_client malformed');
      const { refused, client_sha256, proof_sha256 } = d.w.record();
      assert.deepEqual(
        [refused.stage, client_sha256, proof_sha256],
        ['client', fingerprint('none'), fingerprint(proof)],
      );
      assert.equal(await why(door, 'none', as('none')), 'invalid_client malformed');
      assert.deepEqual([d.w.record().refused.stage, d.w.record().client_sha256], ['proof', undefined]);
      assert.equal(await why(door, proof, as(await d.proof('b'))), 'invalid_request not_the_client');
      const elsewhere = await d.w.proof('spiffe', { sub: idOf('a'), aud: 'elsewhere' });
      assert.equal(await why(door, proof, as(elsewhere)), 'invalid_client wrong_audience');
    }
  });

  it('a macaroon is given where the resource takes one, with what the request appends', async () => {
    const spec = { resources: ['notes'], scopes: ['notes:read'], actsFor: undefined, delegation: undefined };
    d.w.serve(API, NOTES, policy([rule('type-a', spec)]));
    for (const door of DOORS) {
      const grant = await ask(door, await d.proof('a'), { scopes: ['notes:read'], caveats: ['tool = search'] });
      assert.ok(grant.granted);
      assert.equal(grant.tokenType, 'macaroon');
      assert.ok(grant.caveats.includes('tool = search'));
    }
    assert.equal(
      await why('jwt_bearer', await d.proof('a'), { scopes: ['notes:read'], clientId: 'x' }),
      'invalid_client client_id',
    );
  });

  it('an outage of the issuer’s keys is nobody’s fault', async () => {
    const { ProofError } = await import('../../src/proof/index.ts');
    const verify = () => Promise.reject(new ProofError('keys_unavailable', 'no keys', { outage: true, retryAfter: 7 }));
    const w = await world([API, policy([rule('type-a', { resources: ['api'] })])], { proofs: { verify } });
    d = new Delegating(w);
    for (const door of DOORS) {
      const outcome = await ask(door, 'proof');
      assert.ok(!outcome.granted);
      assert.deepEqual([outcome.code, outcome.retryAfter], ['temporarily_unavailable', 7]);
    }
  });
});
