import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { post } from '../server/support.ts';
import {
  AGENTS,
  agentWorld,
  BY_JWT,
  form,
  GRANTS,
  idOf,
  JWT,
  pathOf,
  refusal,
  registration,
  SCOPE,
  tokenOf,
  typeOf,
} from './oauth-support.ts';
import { cleanUp, type Mint, trustmint, until } from './support.ts';

const [A, B, C, D] = AGENTS;

describe('delegation, standalone', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  before(async () => {
    issuer = await createDevIssuer();
  });
  beforeEach(async () => {
    mint = await agentWorld(issuer, 'String');
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const svid = (name: string) => issuer.sign({ kind: 'spiffe', path: pathOf(name), audience: mint.url });
  const clientOf = async (name: string) => ({ client_assertion_type: BY_JWT, client_assertion: await svid(name) });
  const acting = async (name: string, delegation: string) => ({
    ...{ grant_type: GRANTS.exchange, subject_token: delegation, subject_token_type: JWT },
    ...{ actor_token: await svid(name), actor_token_type: JWT },
  });
  const handing = (to: string) => ({ audience: mint.url, may_act: JSON.stringify({ sub: idOf(to) }) });
  /** As a sidecar does it: the parent by client_credentials, the children by exchange, each with its SVID as client. */
  const chain = async () => {
    const root = await tokenOf(mint, { grant_type: GRANTS.cc, ...(await clientOf(A)), scope: SCOPE, ...handing(B) });
    const second = await tokenOf(mint, { ...(await acting(B, root)), ...handing(C), ...(await clientOf(B)) });
    const third = await tokenOf(mint, { ...(await acting(C, second)), ...handing(D), client_id: typeOf(C) });
    const access = await tokenOf(mint, await acting(D, third));
    return { root, second, third, access };
  };
  const introspect = async (token: string) => (await form(`${mint.url}/oauth2/introspect`, { token })).json;
  const verify = async (token: string) =>
    (await post(`${mint.url}/api/mint/verify`, { token, resource: 'sample-api-a', call: { scope: SCOPE } })).json;

  it('shows everybody who handed it on, the last one outermost, and the user all the way', async () => {
    const { access, root } = await chain();
    const { sub, act, client_id, scope, parents } = decodeJwt(access);
    const acted = { sub: idOf(D), act: { sub: idOf(C), act: { sub: idOf(B), act: { sub: idOf(A) } } } };
    assert.deepEqual([sub, act, client_id, scope], ['user:alice', acted, typeOf(D), SCOPE]);
    const said = await introspect(access);
    assert.deepEqual([said.active, said.sub, said.act], [true, 'user:alice', acted]);
    assert.equal((parents as { jti: string }[])[0]?.jti, decodeJwt(root).jti);
    assert.equal((parents as unknown[]).length, 3);
    const { json } = await form(`${mint.url}/oauth2/token`, { ...(await acting(D, (await chain()).third)) });
    assert.equal(json.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
  });

  const ENDS: readonly [string, string, (root: string) => Promise<unknown>][] = [
    ['its root is given up', 'token_revoked', (token) => form(`${mint.url}/oauth2/revoke`, { token })],
    [
      'the command line revokes its root',
      'token_revoked',
      (token) =>
        trustmint(['revoke', '--data-dir', mint.dataDir, '--token', decodeJwt(token).jti!, '--reason', 'leaked']),
    ],
    [
      'the first agent is revoked',
      'agent_revoked',
      async () => mint.write(`agent-${A}.json`, registration(A, { state: 'Revoked' })),
    ],
  ];
  for (const [what, reason, end] of ENDS)
    it(`three deep dies when ${what}: by introspection, verify, and every new exchange below`, async () => {
      const { root, second, third, access } = await chain();
      assert.equal((await verify(access)).active, true);
      await end(root);
      await until('it is dead', async () => !(await verify(access)).active, 2000);
      assert.equal((await verify(access)).reason, 'revoked');
      assert.deepEqual(await introspect(access), { active: false });
      for (const [name, token] of [
        [B, root],
        [C, second],
        [D, third],
      ] as const)
        assert.equal(await refusal(mint, await acting(name, token)), `400 invalid_request ${reason}`);
      assert.equal(
        await refusal(mint, { ...(await acting(B, root)), ...handing(D) }),
        `400 invalid_request ${reason}`,
        'nor is it passed on',
      );
    });

  it('P31, P32: a delegation token is no access token, an access token is none of it, and neither is another’s', async () => {
    const { root, access } = await chain();
    assert.equal((await verify(root)).active, false);
    assert.deepEqual(await introspect(root), { active: false });
    assert.equal(await refusal(mint, await acting(C, root)), '400 invalid_request may_act');
    const asSubject = { ...(await acting(B, access)), subject_token_type: JWT };
    assert.match(await refusal(mint, asSubject), /^400 invalid_request/);
    const asAssertion = { grant_type: GRANTS.bearer, assertion: root, scope: SCOPE };
    assert.equal(await refusal(mint, asAssertion), '400 invalid_grant token_type');
    const wide = { ...(await acting(B, root)), scope: 'sample-api-a:read' };
    assert.equal(await refusal(mint, wide), '400 invalid_scope exceeds_delegation');
    const stolen = { ...(await acting(B, root)), ...(await clientOf(C)) };
    assert.equal(await refusal(mint, stolen), '400 invalid_request not_the_client');
  });
});
