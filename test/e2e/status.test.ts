import assert from 'node:assert/strict';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type Cluster, install, type Operator, startCluster, startOperator, until } from './cluster/index.ts';
import { account, administrator, exchange, namespaceNamed, policy, proofOf, TRUST_POLICIES } from './serve-support.ts';

/** Milliseconds in which a status must follow; the write itself takes a few. */
const SOON = 10_000;
/** A Lease that nobody renews is waited for 15 s, and then for an attempt to take it. */
const TAKEN_OVER = 40_000;

/** A policy that fits the schema and does not compile: a TrustPolicy trusts its own namespace alone. */
const thief = policy('team-a', 'thief', 'agent', {
  trustRules: [{ name: 'r', match: { namespace: 'team-b', serviceAccount: 'agent' }, issue: { ttl: '1h' } }],
});

describe('status in a cluster', () => {
  let cluster: Cluster;
  let admin: KubeClient;
  const replicas: Operator[] = [];

  before(async function () {
    this.timeout(300_000);
    cluster = await startCluster();
    await install(cluster);
    admin = await administrator(cluster);
    await cluster.apply([...['team-a', 'team-b'].map((name) => namespaceNamed(name)), account('team-a', 'agent')]);
    for (let n = 0; n < 2; n += 1) replicas.push(await startOperator(cluster));
    for (const replica of replicas) await replica.ready();
  });
  after(async function () {
    this.timeout(120_000);
    admin?.close();
    await cluster?.stop();
  });

  const inTeam = (...args: string[]) => cluster.kubectl(['-n', 'team-a', ...args]);
  const conditionOf = (name: string, type: string, member: string) =>
    inTeam('get', 'tpol', name, '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].${member}}`);
  const waitFor = (what: string, name: string, withinMs = SOON) =>
    inTeam('wait', `--for=${what}`, `--timeout=${withinMs / 1000}s`, `tpol/${name}`);
  const stored = (name: string) => admin.get(TRUST_POLICIES, name, 'team-a');

  async function eventually(what: string, holds: () => Promise<boolean>, withinMs = SOON): Promise<void> {
    await until(withinMs, holds).catch(() => assert.fail(`${what}: not within ${withinMs} ms`));
  }

  async function eventOf(name: string, reason: string): Promise<KubeObject> {
    const type = { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true };
    let found: KubeObject | undefined;
    await eventually(`Event ${reason} about ${name}`, async () => {
      const { items } = await admin.list(type, { namespace: 'team-a' });
      found = items.find((one) => one.reason === reason && (one.regarding as { name?: string }).name === name);
      return found !== undefined;
    });
    return found!;
  }

  const logOf = (one: Operator) => one.process.log(10_000);
  const leads = (one: Operator) =>
    one.process.pid !== undefined && [...logOf(one).matchAll(/ info (leads|follows) /g)].at(-1)?.[1] === 'leads';

  async function leader(): Promise<Operator> {
    await eventually('a leader', async () => replicas.some(leads), TAKEN_OVER);
    return replicas.find(leads)!;
  }

  it('kubectl wait --for=condition=Ready ends as soon as a policy is served, and an exchange by it works', async () => {
    await cluster.apply([policy('team-a', 'agents', 'agent')]);
    assert.match(await waitFor('condition=Ready', 'agents', TAKEN_OVER), /condition met/);
    const proof = await proofOf(cluster, 'team-a', 'agent');
    assert.equal((await exchange(replicas[0]!, proof)).status, 200);
  });

  it('kubectl get tpol shows Ready, Phase, Provider, Proof-Aud, Rules and Age', async () => {
    const [header = '', row = ''] = (await inTeam('get', 'tpol', 'agents')).split('\n');
    assert.deepEqual(header.split(/\s+/), ['NAME', 'READY', 'PHASE', 'PROVIDER', 'PROOF-AUD', 'RULES', 'AGE']);
    assert.match(row, /^agents\s+True\s+Active\s+kubernetes\s+satgate\s+1\s+\d+s$/);
  });

  it('every condition and the status name the generation that was compiled', async () => {
    await cluster.apply([policy('team-a', 'agents', 'agent', { maxProofAge: '2h' })]);
    await waitFor('jsonpath={.status.observedGeneration}=2', 'agents');
    const { status } = await stored('agents');
    const { conditions } = status as { conditions: { type: string; observedGeneration: number }[] };
    assert.deepEqual(
      conditions.map(({ type, observedGeneration }) => [type, observedGeneration]),
      [
        ['Accepted', 2],
        ['ResolvedRefs', 2],
        ['Ready', 2],
        ['Revoked', 2],
      ],
    );
  });

  it('a policy that does not compile says why, with path and code, in describe, its conditions and an Event', async () => {
    await cluster.apply([thief]);
    await waitFor('condition=Ready=False', 'thief');
    assert.equal(await conditionOf('thief', 'Accepted', 'reason'), 'NamespaceNotAllowed');
    const message = await conditionOf('thief', 'Ready', 'message');
    assert.match(message, /^spec\.trustRules\[0\]\.match\.namespace: .*team-a.*\(NamespaceNotAllowed\)$/);
    assert.match(await inTeam('get', 'tpol', 'thief'), /\nthief +False +Invalid +kubernetes +satgate +0 /);
    const event = await eventOf('thief', 'Invalid');
    assert.equal(event.type, 'Warning');
    assert.match(String(event.note), /spec\.trustRules\[0\]\.match\.namespace/);
    const described = await inTeam('describe', 'tpol', 'thief');
    assert.match(described, /spec\.trustRules\[0\]\.match\.namespace/);
    assert.match(described, /Warning +Invalid .*trustmint/);
  });

  it('fixing it makes it Ready, and tells so', async () => {
    await cluster.apply([policy('team-a', 'thief', 'agent')]);
    await waitFor('condition=Ready', 'thief');
    assert.equal((await eventOf('thief', 'Accepted')).type, 'Normal');
  });

  it('a rule that another policy takes everything from is told in Accepted', async () => {
    await eventually('Unreachable', async () =>
      /spec\.trustRules\[0\]: rule agents of TrustPolicy agents .*\(Unreachable\)/.test(
        await conditionOf('thief', 'Accepted', 'message'),
      ),
    );
    await inTeam('delete', 'tpol', 'agents');
    await eventually(
      'nothing to look at',
      async () => (await conditionOf('thief', 'Accepted', 'message')) === 'the object is valid',
    );
  });

  it('Suspended and Revoked show in Phase and as Events, and Ready is False', async () => {
    for (const state of ['Suspended', 'Revoked']) {
      await cluster.apply([policy('team-a', 'thief', 'agent', { state })]);
      await waitFor(`jsonpath={.status.phase}=${state}`, 'thief');
      assert.equal(await conditionOf('thief', 'Ready', 'status'), 'False');
      await eventOf('thief', state);
    }
    assert.match(await waitFor('condition=Revoked', 'thief'), /condition met/);
  });

  it('a rule whose resource does not exist: ResolvedRefs is False until it does', async () => {
    await cluster.apply([policy('team-a', 'dangling', 'agent', {}, { resources: ['api'] })]);
    await waitFor('condition=ResolvedRefs=False', 'dangling');
    assert.match(await conditionOf('dangling', 'ResolvedRefs', 'message'), /resources.*api.*\(ResourceNotFound\)/);
    const resource = { audience: 'api', grantableFrom: { namespaces: ['team-a'] } };
    await cluster.apply([
      { apiVersion: 'trustmint.dev/v1alpha1', kind: 'ProtectedResource', metadata: { name: 'api' }, spec: resource },
    ]);
    await waitFor('condition=ResolvedRefs', 'dangling');
    await waitFor('condition=Ready', 'dangling');
    await cluster.kubectl(['wait', '--for=condition=Accepted', '--timeout=10s', 'pres/api']);
    assert.match(await cluster.kubectl(['get', 'pres', 'api']), /\napi +True /);
  });

  it('a ClusterTrustPolicy and a TokenRevocation have theirs', async () => {
    const spec = {
      provider: 'kubernetes',
      audience: 'satgate',
      trustRules: [{ name: 'r', match: { namespace: 'team-b' }, issue: { ttl: '1h' } }],
    };
    await cluster.apply([
      { apiVersion: 'trustmint.dev/v1alpha1', kind: 'ClusterTrustPolicy', metadata: { name: 'all' }, spec },
      {
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'TokenRevocation',
        metadata: { name: 'dead', namespace: 'team-a' },
        spec: { token: 'a-jti' },
      },
    ]);
    await cluster.kubectl(['wait', '--for=condition=Ready', '--timeout=10s', 'ctpol/all']);
    await inTeam('wait', '--for=condition=Accepted', '--timeout=10s', 'trev/dead');
    assert.match(await inTeam('get', 'trev', 'dead'), /\ndead .*True/);
  });

  it('nothing is written while nothing changes, and no object was written twice for one change', async () => {
    await cluster.apply([policy('team-a', 'still', 'someone-else')]);
    await waitFor('condition=Ready', 'still');
    const versions = async () => {
      const { items } = await admin.list(TRUST_POLICIES, {});
      return items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
    };
    const before = await versions();
    const end = Date.now() + 4_000;
    await until(10_000, async () => Date.now() > end);
    assert.deepEqual(await versions(), before);
  });

  it('300 policies at once: an exchange by one of them need not wait for 300 statuses, and all get theirs', async () => {
    const named = Array.from({ length: 300 }, (_, n) => `flood-${n}`);
    await cluster.apply([...named.map((name) => policy('team-b', name, name)), account('team-b', 'flood-299')]);
    const proof = await proofOf(cluster, 'team-b', 'flood-299');
    await eventually('an exchange', async () => (await exchange(replicas[1]!, proof)).status === 200, 5_000);
    const ready = async () => {
      const { items } = await admin.list(TRUST_POLICIES, { namespace: 'team-b' });
      return items.filter(({ status }) => (status as { phase?: string } | undefined)?.phase === 'Active').length;
    };
    await eventually('300 statuses', async () => (await ready()) === 300, 30_000);
    await cluster.kubectl(['-n', 'team-b', 'delete', 'tpol', '--all', '--wait=false']);
  }).timeout(120_000);

  it('of two replicas one leads, and while that one stands still the other writes nothing', async () => {
    const first = await leader();
    assert.equal(replicas.filter(leads).length, 1);
    first.process.signal('SIGSTOP');
    await cluster.apply([policy('team-a', 'waiting', 'agent-3')]);
    const [second] = replicas.filter((one) => one !== first);
    await eventually('it serves', async () => /TrustPolicy\/team-a\/waiting is served/.test(logOf(second!)));
    const end = Date.now() + 3_000;
    await until(10_000, async () => Date.now() > end);
    assert.equal((await stored('waiting')).status, undefined);
    first.process.signal('SIGCONT');
    await waitFor('condition=Ready', 'waiting');
  }).timeout(60_000);

  it('a leader that wakes up after another took over follows, and undoes nothing', async () => {
    const first = await leader();
    const [second] = replicas.filter((one) => one !== first);
    first.process.signal('SIGSTOP');
    await eventually('another leader', async () => leads(second!), TAKEN_OVER);
    await cluster.apply([policy('team-a', 'waiting', 'agent-3', { state: 'Suspended' })]);
    await waitFor('jsonpath={.status.phase}=Suspended', 'waiting');
    const written = await stored('waiting');
    first.process.signal('SIGCONT');
    await eventually('it follows', async () => !leads(first));
    await cluster.apply([policy('team-a', 'after', 'agent-4')]);
    await waitFor('condition=Ready', 'after');
    assert.equal((await stored('waiting')).metadata.resourceVersion, written.metadata.resourceVersion);
    assert.equal(replicas.filter(leads).length, 1);
  }).timeout(120_000);

  it('when the leader is killed the other takes over, and what was applied meanwhile gets its status', async () => {
    const first = await leader();
    const still = await stored('still');
    await first.process.stop('SIGKILL');
    await cluster.apply([policy('team-a', 'orphan', 'late-agent')]);
    await waitFor('condition=Ready', 'orphan', TAKEN_OVER);
    const [second] = replicas.filter((one) => one !== first);
    assert.ok(leads(second!));
    assert.equal((await stored('still')).metadata.resourceVersion, still.metadata.resourceVersion, 'said it already');
  }).timeout(120_000);

  it('rights to write taken away: nothing else stops, one log line says so, and given back the status comes', async () => {
    const alive = await leader();
    const role = JSON.parse(await cluster.kubectl(['get', 'clusterrole', 'trustmint-operator', '-o', 'json']));
    const without = role.rules.filter(({ resources }: { resources: string[] }) => !/status/.test(resources.join()));
    const roleOf = (rules: object[]) => [{ ...role, metadata: { name: role.metadata.name }, rules }];
    await cluster.apply(roleOf(without));
    await cluster.apply([policy('team-a', 'unwritten', 'agent-2'), account('team-a', 'agent-2')]);
    const proof = await proofOf(cluster, 'team-a', 'agent-2');
    await eventually('an exchange', async () => (await exchange(alive, proof)).status === 200);
    await eventually('a log line', async () => /a status cannot be written.*Forbidden/.test(logOf(alive)));
    assert.equal(await inTeam('get', 'tpol', 'unwritten', '-o', 'jsonpath={.status}'), '');
    await cluster.apply(roleOf(role.rules));
    await waitFor('condition=Ready', 'unwritten', 30_000);
  }).timeout(120_000);
});
