/** Three agents, each with an SVID of its own: the first hands on what it may, the second passes it on, the third acts. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Answer } from '../server/support.ts';
import { until } from '../whole/support.ts';
import { clientOf, refusalOf } from './agents-client.ts';
import type { World } from './agents-world.ts';
import { ISSUER, published, SCOPE } from './spire/agents.ts';

const idOf = (type: string, name: string) => `spiffe://cluster.local/agent/tenant-1/alice/${type}/${name}`;
const RESEARCHER = idOf('researcher', 'agent-5c017a20');
const SUMMARIZER = idOf('summarizer', 'agent-77aa0b31');
const SOON = 15_000;

const rule = (agentType: string, more: object) => ({
  name: agentType,
  match: { path: { agentType } },
  issue: { actsFor: 'RegisteredUser', resources: ['sample-api-a'], scopes: [SCOPE], ttl: '1h', ...more },
});

const registrationOf = (agentType: string, name: string, spec: object = {}) => {
  const manifest = published()['registration.yaml'];
  return {
    ...manifest,
    metadata: { ...manifest.metadata, name },
    spec: { ...manifest.spec, agentType, ...spec },
  };
};

/** The `sub`s of an `act`, the current actor first. */
const actors = (act: unknown): string[] =>
  act === undefined ? [] : [(act as { sub: string }).sub, ...actors((act as { act?: unknown }).act)];

/** Tests for a suite that has a world, which serves examples/agents. */
export function delegationTests(worldOf: () => World) {
  describe('delegation', () => {
    let world: World;
    let agent: ReturnType<typeof clientOf>;
    before(async function () {
      this.timeout(120_000);
      world = worldOf();
      agent = clientOf(world);
      const { policy } = world;
      const trustRules = [
        rule('global-worker', { delegation: { maxDepth: 3 } }),
        rule('researcher', { delegation: { maxDepth: 2 } }),
        rule('summarizer', {}),
      ];
      await world.apply({ ...policy, spec: { ...policy.spec, trustRules } });
      for (const id of [RESEARCHER, SUMMARIZER]) {
        const [type = '', name = ''] = id.split('/').slice(-2);
        await world.apply(registrationOf(type, name));
        await world.spire.register(id);
        await until(`${type} is known`, async () => (await own(id, type)).status === 200, SOON);
      }
    });
    after(() => world.apply(world.policy));

    const svid = (id: string) => world.spire.svid(id, ISSUER);
    const own = async (id: string, type: string) => agent.mint(await svid(id), { client_id: type });
    const given = (answer: Answer): string => {
      assert.equal(answer.status, 200, answer.text);
      return answer.json.access_token;
    };
    /** The error of a refusal, and why, as the audit record has it. */
    const why = async (request: () => Promise<Answer>) => (await refusalOf(world, request)).slice(1);

    /** A new agent of alice's, whose authority is handed on to the researcher and by it to any summarizer. */
    const chain = async () => {
      const name = `agent-${randomUUID().slice(0, 8)}`;
      const root = idOf('global-worker', name);
      const registration = registrationOf('global-worker', name);
      await world.apply(registration);
      const proof = await world.spire.mint(root, ISSUER, 300);
      const ask = () => agent.delegate(proof, { sub: RESEARCHER });
      await until('the root is known', async () => (await ask()).status === 200, SOON);
      const first = given(await ask());
      const second = given(await agent.passOn(first, await svid(RESEARCHER), { agent_type: 'summarizer' }));
      const asResearcher = async () => agent.exchange(first, await svid(RESEARCHER));
      const asSummarizer = async () => agent.exchange(second, await svid(SUMMARIZER));
      return { root, proof, registration, first, second, asResearcher, asSummarizer };
    };
    type Chain = Awaited<ReturnType<typeof chain>>;

    /** Nothing below the root is good any more: by introspection, by verify, for a new exchange. */
    const isDead = async ({ asResearcher, asSummarizer, first }: Chain, held: readonly string[], sooner = SOON) => {
      const isActive = async (token: string) => (await agent.introspect(token)).json.active;
      for (const token of held) {
        await until('introspection', async () => (await isActive(token)) === false, sooner);
        const { json } = await agent.verify(token);
        assert.deepEqual([json.active, json.reason], [false, 'revoked']);
      }
      for (const answer of [
        await asResearcher(),
        await asSummarizer(),
        await agent.passOn(first, await svid(RESEARCHER), { agent_type: 'summarizer' }),
      ]) {
        assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request']);
      }
    };

    it('three deep: who acts, for whom, and by whom it was handed on', async () => {
      const { root, first, second, asSummarizer } = await chain();
      assert.equal(decodeProtectedHeader(second).typ, 'trustmint-delegation+jwt');
      const deep = given(await asSummarizer());
      const { sub, act, scope, client_id, tenant, aud, exp, parents } = decodeJwt(deep);
      assert.deepEqual(
        [sub, actors(act), scope, client_id, tenant, aud],
        ['user:alice', [SUMMARIZER, RESEARCHER, root], [SCOPE], 'summarizer', 'tenant-1', 'sample-api-a'],
      );
      assert.deepEqual(
        (parents as { jti: string }[]).map(({ jti }) => jti),
        [first, second].map((token) => decodeJwt(token).jti),
      );
      assert.ok(exp! <= Math.min(decodeJwt(first).exp!, decodeJwt(second).exp!));
      const { json } = await agent.whoami(deep);
      assert.deepEqual([json.who, json.onBehalfOf], [SUMMARIZER, 'user:alice']);
      const { json: said } = await agent.introspect(deep);
      assert.deepEqual([said.active, actors(said.act)], [true, [SUMMARIZER, RESEARCHER, root]]);
    });

    it('P32: what is handed on is for whom it names, and for no API', async () => {
      const { proof, first, second, asResearcher } = await chain();
      const access = given(await asResearcher());
      const bySummarizer = async () => agent.exchange(first, await svid(SUMMARIZER));
      assert.deepEqual(await why(bySummarizer), ['invalid_request', 'may_act']);
      assert.deepEqual(await why(() => agent.exchange(second, proof)), ['invalid_request', 'may_act']);
      for (const token of [first, second]) assert.equal((await agent.whoami(token)).status, 401);
      const again = await agent.exchange(access, await svid(RESEARCHER));
      assert.deepEqual([again.status, again.json.error], [400, 'invalid_request'], 'an access token is not exchanged');
      const last = async () => agent.passOn(second, await svid(SUMMARIZER), { sub: RESEARCHER });
      assert.deepEqual(await why(last), ['invalid_request', 'not_delegable']);
      const wider = async () => agent.exchange(first, await svid(RESEARCHER), { scope: 'sample-api-a:delete' });
      assert.deepEqual(await why(wider), ['invalid_scope', 'exceeds_delegation']);
    });

    it('ends with the delegation token at its root, which whoever holds it may give up', async () => {
      const links = await chain();
      const held = [given(await links.asResearcher()), given(await links.asSummarizer())];
      assert.equal((await agent.revoke(links.first)).status, 200);
      await isDead(links, held);
      assert.equal((await agent.delegate(links.proof, { sub: RESEARCHER })).status, 200, 'the root itself goes on');
    });

    it('hands on nothing more while the agent at its root is suspended', async () => {
      const links = await chain();
      const held = given(await links.asSummarizer());
      const { registration } = links;
      await world.apply({ ...registration, spec: { ...registration.spec, state: 'Suspended' } });
      await until('the refusal', async () => (await links.asSummarizer()).status !== 200, SOON);
      assert.deepEqual(await why(links.asSummarizer), ['invalid_request', 'ancestor_agent']);
      assert.deepEqual(await why(links.asResearcher), ['invalid_request', 'ancestor_agent']);
      assert.equal((await agent.introspect(held)).json.active, true, 'what was issued runs out');
    });

    it('dies whole with the agent at its root', async () => {
      const links = await chain();
      const held = [given(await links.asResearcher()), given(await links.asSummarizer())];
      const { registration, proof } = links;
      await world.apply({ ...registration, spec: { ...registration.spec, state: 'Revoked' } });
      await isDead(links, held);
      const again = () => agent.delegate(proof, { sub: RESEARCHER });
      assert.deepEqual(await why(again), ['unauthorized_client', 'agent_revoked']);
      assert.equal((await own(SUMMARIZER, 'summarizer')).status, 200, 'what the child has for itself is its own');
    });
  });
}
