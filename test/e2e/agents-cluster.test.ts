import assert from 'node:assert/strict';
import { type Cluster, OPERATOR, type Operator, OWN_ISSUER } from './cluster/index.ts';
import {
  account,
  administrator,
  eventually,
  exchange,
  namespaceNamed,
  policy,
  post,
  proofOf,
  startMint,
} from './serve-support.ts';

const AREGS = { group: 'trustmint.dev', version: 'v1alpha1', plural: 'agentregistrations', namespaced: true };
const TREVS = { ...AREGS, plural: 'tokenrevocations' };
const REGISTRY = 'agents';
const spec = (name: string, more: object = {}) => ({
  agentType: 'worker',
  userId: 'alice',
  identity: { serviceAccount: { namespace: 'team-a', name } },
  ...more,
});
const registration = (name: string, more: object = {}, namespace = REGISTRY) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'AgentRegistration',
  metadata: { name, namespace },
  spec: spec(name, more),
});

describe('Registered agents in a real cluster', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let admin: Awaited<ReturnType<typeof administrator>>;
  let orchestrator: string;

  before(async () => {
    const names = ['one', 'two', 'three', 'four'];
    const made = await startMint(2, [
      namespaceNamed('team-a'),
      namespaceNamed(REGISTRY, { 'trustmint.dev/agent-registry': 'true' }),
      ...names.map((name) => account('team-a', name)),
      account(REGISTRY, 'orchestrator'),
      policy('team-a', 'agents', '*', {}, { actsFor: 'RegisteredUser' }),
    ]);
    ({ cluster, replicas } = made);
    admin = await administrator(cluster);
    orchestrator = await cluster.token({ namespace: REGISTRY, serviceAccount: 'orchestrator', audience: OWN_ISSUER });
  });
  after(async () => {
    admin?.close();
    await cluster?.stop();
  });

  /** By each replica in turn. */
  async function tries(name: string, status: number) {
    const proof = await proofOf(cluster, 'team-a', name);
    let last: Awaited<ReturnType<typeof exchange>> | undefined;
    for (const replica of replicas) last = await eventually(status, () => exchange(replica, proof));
    return last!;
  }
  const status = async (name: string, namespace = REGISTRY) =>
    (await admin.get(AREGS, name, namespace)).status as Record<string, unknown> & {
      conditions: { type: string; reason: string }[];
    };
  async function reported(name: string, reason: string, namespace = REGISTRY) {
    for (let i = 0; i < 200; i += 1) {
      const said = await status(name, namespace);
      if (said?.conditions?.some((one) => one.reason === reason)) return said;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`${name} never said ${reason}: ${JSON.stringify(await status(name, namespace))}`);
  }

  it('a registration in a registry makes its account the user’s agent in every replica; suspended it stops', async () => {
    await tries('one', 403);
    await cluster.apply([registration('one')]);
    const { body } = await tries('one', 200);
    const token = String(body.token);
    const identifier = Buffer.from(token, 'base64url').toString('latin1');
    assert.match(identifier, /"sub":"user:alice"/);
    assert.equal((await reported('one', 'Ready')).phase, 'Active');
    await cluster.kubectl([
      '-n',
      REGISTRY,
      'patch',
      'areg',
      'one',
      '--type=merge',
      '-p',
      '{"spec":{"state":"Suspended"}}',
    ]);
    await tries('one', 403);
    assert.equal((await reported('one', 'Suspended')).phase, 'Suspended');
    assert.match(await cluster.kubectl(['-n', REGISTRY, 'get', 'areg']), /NAME +PHASE +TYPE +USER +LAST-SEEN/);
  }).timeout(60_000);

  it('one in another namespace does not count, and says so; two of one identity neither', async () => {
    await cluster.apply([registration('two', {}, 'team-a')]);
    await reported('two', 'NotARegistry', 'team-a');
    await tries('two', 403);
    await cluster.kubectl(['label', 'namespace', 'team-a', 'trustmint.dev/agent-registry=true']);
    await tries('two', 200);
    await cluster.apply([registration('two', { userId: 'bob' })]);
    await reported('two', 'Duplicate');
    await reported('two', 'Duplicate', 'team-a');
    await tries('two', 403);
    await cluster.kubectl(['-n', REGISTRY, 'delete', 'areg', 'two', '--timeout=30s']);
    await tries('two', 200);
  }).timeout(60_000);

  it('an orchestrator registers and retires through the operator, once both may write there', async () => {
    const ask = (body: object, bearer = orchestrator) => post(`${replicas[0]!.url}/api/agents`, body, bearer);
    const three = { ...spec('three', { deletionPolicy: undefined }), name: 'three', namespace: REGISTRY };
    assert.equal((await ask(three)).status, 403);
    const bind = (name: string, who: string) =>
      cluster.kubectl([
        '-n',
        REGISTRY,
        'create',
        'rolebinding',
        name,
        '--clusterrole=trustmint-agent-registrar',
        `--serviceaccount=${who}`,
      ]);
    await bind('orchestrator', `${REGISTRY}:orchestrator`);
    const { body: unbound } = await eventually(403, () => ask(three));
    assert.ok(unbound.error === 'forbidden');
    await bind('trustmint', `${OPERATOR.namespace}:${OPERATOR.serviceAccount}`);
    const { body } = await eventually(201, () => ask(three), 20_000);
    assert.equal((await ask(three)).body.uid, body.uid);
    assert.equal((await ask({ ...three, userId: 'bob' })).status, 409);
    assert.equal(
      (await ask(three, await cluster.token({ namespace: 'team-a', serviceAccount: 'one', audience: OWN_ISSUER })))
        .status,
      403,
    );
    await tries('three', 200);
    const retire = () =>
      fetch(`${replicas[1]!.url}/api/agents/three?namespace=${REGISTRY}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${orchestrator}` },
      });
    assert.equal((await retire()).status, 200);
    await tries('three', 403);
  }).timeout(90_000);

  it('deleted with deletionPolicy Revoke it leaves a TokenRevocation by agent before it goes', async () => {
    await cluster.apply([registration('four', { deletionPolicy: 'Revoke' })]);
    await tries('four', 200);
    const { metadata } = await admin.get(AREGS, 'four', REGISTRY);
    await cluster.kubectl(['-n', REGISTRY, 'delete', 'areg', 'four', '--timeout=60s']);
    await tries('four', 403);
    const find = async () => {
      const { items } = await admin.list(TREVS, { namespace: OPERATOR.namespace });
      return items.some((one) => (one.spec as { agent?: string }).agent === metadata.uid);
    };
    for (let i = 0; i < 100 && !(await find()); i += 1) await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(await find());
  }).timeout(90_000);
});
