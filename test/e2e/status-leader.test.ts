import assert from 'node:assert/strict';
import { type Operator, until } from './cluster/index.ts';
import { account, exchange, policy, proofOf, TRUST_POLICIES } from './serve-support.ts';
import { eventually, startWatched, TAKEN_OVER, type Watched } from './status-support.ts';

describe('who writes status in a cluster', () => {
  let w: Watched;
  before(async function () {
    this.timeout(300_000);
    w = await startWatched();
  });
  after(async function () {
    this.timeout(120_000);
    await w?.stop();
  });

  const logOf = (one: Operator) => one.process.log(10_000);
  const leads = (one: Operator) =>
    one.process.pid !== undefined && [...logOf(one).matchAll(/ info (leads|follows) /g)].at(-1)?.[1] === 'leads';

  async function leader(): Promise<Operator> {
    await eventually('a leader', async () => w.replicas.some(leads), TAKEN_OVER);
    return w.replicas.find(leads)!;
  }

  it('the leader, as soon as there is one', async () => {
    await w.cluster.apply([policy('team-a', 'still', 'someone-else')]);
    await w.waitFor('condition=Ready', 'still', TAKEN_OVER);
  });

  it('300 policies at once: an exchange by one of them need not wait for 300 statuses, and all get theirs', async () => {
    const named = Array.from({ length: 300 }, (_, n) => `flood-${n}`);
    await w.cluster.apply([...named.map((name) => policy('team-b', name, name)), account('team-b', 'flood-299')]);
    const proof = await proofOf(w.cluster, 'team-b', 'flood-299');
    await eventually('an exchange', async () => (await exchange(w.replicas[1]!, proof)).status === 200, 5_000);
    const ready = async () => {
      const { items } = await w.admin.list(TRUST_POLICIES, { namespace: 'team-b' });
      return items.filter(({ status }) => (status as { phase?: string } | undefined)?.phase === 'Active').length;
    };
    await eventually('300 statuses', async () => (await ready()) === 300, 30_000);
    await w.cluster.kubectl(['-n', 'team-b', 'delete', 'tpol', '--all', '--wait=false']);
  }).timeout(120_000);

  it('of two replicas one leads, and while that one stands still the other writes nothing', async () => {
    const first = await leader();
    assert.equal(w.replicas.filter(leads).length, 1);
    first.process.signal('SIGSTOP');
    await w.cluster.apply([policy('team-a', 'waiting', 'agent-3')]);
    const [second] = w.replicas.filter((one) => one !== first);
    await eventually('it serves', async () => /TrustPolicy\/team-a\/waiting is served/.test(logOf(second!)));
    const end = Date.now() + 3_000;
    await until(10_000, async () => Date.now() > end);
    assert.equal((await w.stored('waiting')).status, undefined);
    first.process.signal('SIGCONT');
    await w.waitFor('condition=Ready', 'waiting');
  }).timeout(60_000);

  it('a leader that wakes up after another took over follows, and undoes nothing', async () => {
    const first = await leader();
    const [second] = w.replicas.filter((one) => one !== first);
    first.process.signal('SIGSTOP');
    await eventually('another leader', async () => leads(second!), TAKEN_OVER);
    await w.cluster.apply([policy('team-a', 'waiting', 'agent-3', { state: 'Suspended' })]);
    await w.waitFor('jsonpath={.status.phase}=Suspended', 'waiting');
    const written = await w.held('waiting');
    first.process.signal('SIGCONT');
    await eventually('it follows', async () => !leads(first));
    await w.cluster.apply([policy('team-a', 'after', 'agent-4')]);
    await w.waitFor('condition=Ready', 'after');
    assert.equal((await w.stored('waiting')).metadata.resourceVersion, written.metadata.resourceVersion);
    assert.equal(w.replicas.filter(leads).length, 1);
  }).timeout(120_000);

  it('when the leader is killed the other takes over, and what was applied meanwhile gets its status', async () => {
    const first = await leader();
    const still = await w.held('still');
    await first.process.stop('SIGKILL');
    await w.cluster.apply([policy('team-a', 'orphan', 'late-agent')]);
    await w.waitFor('condition=Ready', 'orphan', TAKEN_OVER);
    const [second] = w.replicas.filter((one) => one !== first);
    assert.ok(leads(second!));
    assert.equal((await w.stored('still')).metadata.resourceVersion, still.metadata.resourceVersion, 'said it already');
  }).timeout(120_000);

  it('rights to write taken away: nothing else stops, one log line says so, and given back the status comes', async () => {
    const alive = await leader();
    const role = JSON.parse(await w.cluster.kubectl(['get', 'clusterrole', 'trustmint-operator', '-o', 'json']));
    const without = role.rules.filter(({ resources }: { resources: string[] }) => !/status/.test(resources.join()));
    const roleOf = (rules: object[]) => [{ ...role, metadata: { name: role.metadata.name }, rules }];
    await w.cluster.apply(roleOf(without));
    await w.cluster.apply([policy('team-a', 'unwritten', 'agent-2'), account('team-a', 'agent-2')]);
    const proof = await proofOf(w.cluster, 'team-a', 'agent-2');
    await eventually('an exchange', async () => (await exchange(alive, proof)).status === 200);
    await eventually('a log line', async () => /a status cannot be written.*Forbidden/.test(logOf(alive)));
    assert.equal(await w.inTeam('get', 'tpol', 'unwritten', '-o', 'jsonpath={.status}'), '');
    await w.cluster.apply(roleOf(role.rules));
    await w.waitFor('condition=Ready', 'unwritten', 30_000);
  }).timeout(120_000);
});
