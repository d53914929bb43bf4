import assert from 'node:assert/strict';
import { createAccess, createAgentRegistry, FINALIZER } from '../../../src/operator/index.ts';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { OURS, ScriptedClient } from '../support.ts';

const SPEC = { agentType: 'worker', userId: 'alice', identity: { serviceAccount: { namespace: 'n', name: 'sa' } } };
const CALLER = { bearer: 'good', peer: '192.0.2.1', correlationId: 'id-1' };
const USER = 'system:serviceaccount:team:orchestrator';

function made(allowed: (attributes: Record<string, string>) => boolean = () => true) {
  const client = new ScriptedClient();
  const clock = new FakeClock();
  const questions: Record<string, string>[] = [];
  client.onReview = (plural, body) => {
    const { spec } = body as { spec: { token?: string; resourceAttributes: Record<string, string> } };
    if (plural === 'subjectaccessreviews') {
      questions.push(spec.resourceAttributes);
      return { status: { allowed: allowed(spec.resourceAttributes) } };
    }
    const authenticated = spec.token === 'good';
    return { status: authenticated ? { authenticated, audiences: [OURS], user: { username: USER } } : {} };
  };
  const registry = createAgentRegistry({
    client,
    clock,
    random: (n) => new Uint8Array(n).fill(7),
    access: createAccess({ client, clock, issuer: OURS, snapshot: () => undefined, staleSeconds: () => 0 }),
    namespace: 'trustmint',
    isRegistry: (namespace) => namespace !== 'elsewhere',
    finalizers: true,
  });
  const objects = () => [...client.server.objects.values()].filter(({ kind }) => kind === 'AgentRegistration');
  const register = (asked: { name?: string; namespace?: string; spec?: object } = {}, caller: object = CALLER) =>
    registry.register({ spec: SPEC, ...asked } as never, caller as typeof CALLER);
  return { client, registry, register, objects, questions };
}

type Answer = Awaited<ReturnType<ReturnType<typeof made>['register']>>;
const said = (answer: Answer) => (answer.result === 'refused' ? answer.code : answer.result);

describe('registering agents by request, in a cluster', () => {
  it('the operator makes the registration as itself, for a caller who may create one there', async () => {
    const { register, objects, questions } = made();
    const answer = await register({ namespace: 'agents' });
    assert.ok(answer.result === 'registered');
    assert.deepEqual([answer.namespace, answer.name, answer.requestedBy], ['agents', 'agent-0707070707070707', USER]);
    const [object] = objects();
    assert.equal(object!.metadata.uid, answer.uid);
    assert.deepEqual(object!.metadata.finalizers, [FINALIZER]);
    assert.deepEqual(object!.spec, { ...SPEC, state: 'Active' });
    assert.deepEqual(questions, [
      { group: 'trustmint.dev', resource: 'agentregistrations', verb: 'create', namespace: 'agents' },
    ]);
  });

  it('nobody is let in without a good token and the right, and nothing is written outside a registry', async () => {
    const { register, objects } = made((attributes) => attributes.namespace !== 'others');
    assert.equal(said(await register({}, { ...CALLER, bearer: undefined })), 'unauthorized');
    assert.equal(said(await register({}, { ...CALLER, bearer: 'bad' })), 'unauthorized');
    assert.equal(said(await register({ namespace: 'others' })), 'forbidden');
    assert.equal(said(await register({ namespace: 'elsewhere' })), 'forbidden');
    assert.deepEqual(objects(), []);
  });

  it('may be asked again by name; another agent of that name is a conflict', async () => {
    const { register, objects } = made();
    const first = await register({ name: 'a' });
    const again = await register({ name: 'a' });
    assert.ok(first.result === 'registered' && again.result === 'unchanged');
    assert.equal(again.uid, first.uid);
    assert.equal(said(await register({ name: 'a', spec: { ...SPEC, userId: 'bob' } })), 'conflict');
    assert.equal(objects().length, 1);
  });

  it('refuses what is no agent before anything is written', async () => {
    const { register, objects } = made();
    for (const spec of [
      {},
      { ...SPEC, userId: 'user:root' },
      { ...SPEC, identity: {} },
      { ...SPEC, identity: { ...SPEC.identity, spiffe: { trustDomain: 'x' } } },
      { ...SPEC, expiresAt: '2020-01-01T00:00:00Z' },
      { ...SPEC, expiresAt: 'tomorrow' },
      // The pod that is meant would be overlooked, and every pod of the account be the agent.
      { ...SPEC, identity: { serviceAccount: { namespace: 'n', name: 'sa', podUID: 'x' } } },
      { ...SPEC, identity: { ...SPEC.identity, podUid: 'x' } },
    ])
      assert.equal(said(await register({ spec })), 'invalid_request', JSON.stringify(spec));
    for (const name of ['A', 'a/b', '../x', 'a'.repeat(254), ''])
      assert.equal(said(await register({ name })), 'invalid_request');
    assert.deepEqual(objects(), []);
  });

  it('retires by name, once', async () => {
    const { register, registry, objects, questions } = made();
    await register({ name: 'a' });
    const gone = await registry.retire({ name: 'a' }, CALLER);
    assert.equal(said(gone), 'retired');
    assert.equal(questions.at(-1)?.verb, 'delete');
    assert.equal(objects().filter(({ metadata }) => !metadata.deletionTimestamp).length, 0);
    assert.equal(said(await registry.retire({ name: 'b' }, CALLER)), 'not_found');
    assert.equal(said(await registry.retire({ name: '../b' }, CALLER)), 'not_found');
  });

  it('an operator that may not write there says what to bind; an outage is no refusal of the caller', async () => {
    const { client, register } = made();
    client.faults.before = async ({ verb }) => {
      if (verb === 'create') throw apiFailure(403, 'Forbidden');
    };
    const answer = await register();
    assert.ok(answer.result === 'refused');
    assert.match(answer.message, /trustmint-agent-registrar/);
    client.faults.before = async () => {
      throw apiFailure(0, 'NetworkError');
    };
    assert.equal(said(await register()), 'temporarily_unavailable');
  });
});
