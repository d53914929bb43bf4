import assert from 'node:assert/strict';
import type { AgentAnswer, AgentRegistry } from '../../../src/server/index.ts';
import { ask, post, start, stopAll } from '../support.ts';

const BODY = { agentType: 'worker', userId: 'alice', identity: { serviceAccount: { namespace: 'n', name: 'sa' } } };
const DONE = { namespace: 'agents', name: 'agent-1', uid: 'uid-1' } as const;

class Fake implements AgentRegistry {
  readonly asked: unknown[] = [];
  answer: AgentAnswer = { result: 'registered', ...DONE };
  async register(...args: Parameters<AgentRegistry['register']>) {
    this.asked.push(args);
    return this.answer;
  }
  async retire(...args: Parameters<AgentRegistry['retire']>) {
    this.asked.push(args);
    return this.answer;
  }
}

const access = { authorize: async () => 'unauthorized' as const };

describe('POST /api/agents', () => {
  afterEach(stopAll);

  it('passes on what is asked, by whom and from where, and answers 201 with name and uid', async () => {
    const agents = new Fake();
    const { url } = await start({ agents, access });
    const answer = await post(
      `${url}/api/agents`,
      { ...BODY, name: 'agent-1', namespace: 'agents' },
      { Authorization: 'Bearer t' },
    );
    assert.equal(answer.status, 201);
    const { correlation_id, ...rest } = answer.json;
    assert.deepEqual(rest, DONE);
    const [[asked, caller]] = agents.asked as [[object, object]];
    assert.deepEqual(asked, { spec: BODY, name: 'agent-1', namespace: 'agents' });
    assert.deepEqual(caller, { peer: '127.0.0.1', correlationId: correlation_id, bearer: 't' });
  });

  it('is 200 where one that says the same is there, and each refusal has its status', async () => {
    const agents = new Fake();
    const { url } = await start({ agents, access });
    agents.answer = { result: 'unchanged', ...DONE };
    assert.equal((await post(`${url}/api/agents`, BODY)).status, 200);
    for (const [code, status] of [
      ['unauthorized', 401],
      ['forbidden', 403],
      ['invalid_request', 400],
      ['conflict', 409],
      ['temporarily_unavailable', 503],
    ] as const) {
      agents.answer = { result: 'refused', code, message: 'why' };
      const { status: answered, json } = await post(`${url}/api/agents`, BODY);
      assert.deepEqual([answered, json.error], [status, code]);
    }
  });

  it('asks nobody about what it does not know: no body, another member, two names', async () => {
    const agents = new Fake();
    const { url } = await start({ agents, access });
    for (const body of [
      { ...BODY, state: 'Revoked' },
      { ...BODY, metadata: {} },
      { ...BODY, name: '' },
      { ...BODY, name: 1 },
    ])
      assert.equal((await post(`${url}/api/agents`, body)).status, 400, JSON.stringify(body));
    assert.equal((await ask(`${url}/api/agents`, { method: 'POST' })).status, 400);
    assert.equal((await ask(`${url}/api/agents`)).status, 405);
    assert.deepEqual(agents.asked, []);
  });

  it('DELETE /api/agents/<name> retires, in a namespace of choice', async () => {
    const agents = new Fake();
    agents.answer = { result: 'retired', ...DONE };
    const { url } = await start({ agents, access });
    const answer = await ask(`${url}/api/agents/agent-1?namespace=agents`, { method: 'DELETE' });
    assert.deepEqual([answer.status, answer.json.uid], [200, 'uid-1']);
    assert.deepEqual((agents.asked[0] as unknown[])[0], { name: 'agent-1', namespace: 'agents' });
    agents.answer = { result: 'refused', code: 'not_found', message: 'none' };
    assert.equal((await ask(`${url}/api/agents/other`, { method: 'DELETE' })).status, 404);
  });

  it('wants the admin token standalone, and is not there where nobody registers agents', async () => {
    const agents = new Fake();
    const { url } = await start({ agents, adminToken: () => Buffer.from('secret') });
    assert.equal((await post(`${url}/api/agents`, BODY)).status, 401);
    assert.equal((await post(`${url}/api/agents`, BODY, { Authorization: 'Bearer other' })).status, 401);
    assert.deepEqual(agents.asked, []);
    assert.equal((await post(`${url}/api/agents`, BODY, { Authorization: 'Bearer secret' })).status, 201);
    const none = await start();
    assert.equal((await post(`${none.url}/api/agents`, BODY)).status, 404);
  });
});
