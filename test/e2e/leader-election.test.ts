import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/clock.ts';
import { createKubeClient, LeaderElector, LeaseMark, loadKubeconfig } from '../../src/kube/index.ts';
import type { KubeClient, ResourceType } from '../../src/kube/types.ts';
import { type Cluster, install, OPERATOR, startCluster, until } from './cluster/index.ts';

const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

interface Sighting {
  at: number;
  who: string;
  leading: boolean;
}

describe('leader election against a real API server', () => {
  let cluster: Cluster;
  let client: KubeClient;
  const children = new Set<ChildProcess>();
  const clock = systemClock;

  const clientOf = async (path: string) =>
    createKubeClient({
      credentials: await loadKubeconfig(path, undefined, { clock }),
      clock,
      random: randomBytes,
      rate: { qps: 1_000, burst: 1_000 },
    });

  before(async () => {
    cluster = await startCluster();
    await install(cluster);
    client = await clientOf(cluster.adminKubeconfig);
  });
  after(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    client?.close();
    await cluster?.stop();
  });

  /** Processes that stand for one Lease, and what each of them said, in the order of time. */
  function electorate(lease: string) {
    const seen: Sighting[] = [];
    const latest = new Map<string, boolean>();
    return {
      start(who: string): ChildProcess {
        const args = [cluster.adminKubeconfig, OPERATOR.namespace, lease, who];
        const child = spawn(process.execPath, [join(import.meta.dirname, 'elector.probe.ts'), ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        children.add(child);
        createInterface({ input: child.stdout }).on('line', (line) => {
          const { at, leading } = JSON.parse(line) as { at: number; leading: boolean };
          seen.push({ at, who, leading });
          latest.set(who, leading);
        });
        return child;
      },
      leads: (who: string, withinMs: number) => until(withinMs, async () => latest.get(who) === true),
      /** Who led, one after the other. Two at a time would show as a, b, a, b. */
      succession(): string[] {
        const leading = seen.filter((each) => each.leading).sort((a, b) => a.at - b.at);
        return leading.map(({ who }) => who).filter((who, i, all) => who !== all[i - 1]);
      },
      seen,
    };
  }

  it('passes on when the leader is killed, and at once when it ends in order', async () => {
    const { start, leads, succession, seen } = electorate('killed');
    const a = start('a');
    await leads('a', 20_000);
    const b = start('b');
    await until(20_000, async () => seen.some(({ who }) => who === 'b'));
    const killedAt = Date.now();
    a.kill('SIGKILL');
    await leads('b', 20_000);
    const waited = Date.now() - killedAt;
    assert.ok(waited > 2_500, `b led after ${waited} ms, when a might still have`);
    start('c');
    await until(20_000, async () => seen.some(({ who }) => who === 'c'));
    const endedAt = Date.now();
    b.kill('SIGTERM');
    await leads('c', 20_000);
    assert.ok(Date.now() - endedAt < 2_000, 'a released Lease is not waited for');
    assert.deepEqual(succession(), ['a', 'b', 'c']);
    const { holderIdentity, leaseTransitions } = (await client.get(LEASES, 'killed', OPERATOR.namespace))
      .spec as Record<string, unknown>;
    assert.deepEqual([holderIdentity, leaseTransitions], ['c', 2]);
  });

  it('a leader that stood still does not believe, when it wakes, that it leads', async () => {
    const { start, leads, succession, seen } = electorate('frozen');
    const a = start('a');
    await leads('a', 20_000);
    const b = start('b');
    await until(20_000, async () => seen.some(({ who }) => who === 'b'));
    a.kill('SIGSTOP');
    await leads('b', 20_000);
    const wokenAt = Date.now();
    a.kill('SIGCONT');
    await until(20_000, async () => seen.some(({ who, at }) => who === 'a' && at > wokenAt + 1_000));
    assert.deepEqual(
      seen.filter(({ who, at, leading }) => who === 'a' && at >= wokenAt && leading),
      [],
    );
    assert.deepEqual(succession(), ['a', 'b']);
    for (const child of [a, b]) child.kill('SIGKILL');
  });

  it('nobody leads while the API server is away, and one does when it is back', async () => {
    const { start, succession, seen } = electorate('away');
    const [a, b] = [start('a'), start('b')];
    await until(20_000, async () => seen.some(({ leading }) => leading));
    await cluster.apiserver.stop();
    const stoppedAt = Date.now();
    await until(20_000, async () => Date.now() > stoppedAt + 5_000);
    assert.deepEqual(
      seen.filter(({ at, leading }) => leading && at > stoppedAt + 2_700),
      [],
    );
    await cluster.apiserver.start();
    const backAt = Date.now();
    await until(40_000, async () => seen.some(({ at, leading }) => leading && at > backAt));
    assert.ok(succession().length <= 2, `led: ${succession()}`);
    for (const child of [a, b]) child.kill('SIGKILL');
  });

  it('a frozen etcd ends the term; a renewal that arrives late makes nobody lead beside another', async () => {
    const { start, succession, seen } = electorate('frozen-etcd');
    const children = [start('a'), start('b')];
    await until(20_000, async () => seen.some(({ leading }) => leading));
    cluster.etcd.signal('SIGSTOP');
    const frozenAt = Date.now();
    await until(20_000, async () => Date.now() > frozenAt + 6_000);
    cluster.etcd.signal('SIGCONT');
    const backAt = Date.now();
    assert.deepEqual(
      seen.filter(({ at, leading }) => leading && at > frozenAt + 2_700 && at < backAt),
      [],
    );
    await until(40_000, async () => seen.some(({ at, leading }) => leading && at > backAt));
    await until(40_000, async () => Date.now() > backAt + 3_000);
    assert.ok(succession().length <= 2, `led: ${succession()}`);
    for (const child of children) child.kill('SIGKILL');
  });

  it('of eight that ask at the same moment one is elected', async () => {
    for (let round = 0; round < 10; round += 1) {
      const electors = Array.from(
        { length: 8 },
        (_, i) =>
          new LeaderElector({
            client,
            clock,
            random: randomBytes,
            namespace: OPERATOR.namespace,
            name: `round-${round}`,
            identity: `e${i}`,
            timings: { retryPeriodMs: 200 },
            lead: () => {},
          }),
      );
      for (const elector of electors) elector.start();
      await until(10_000, async () => electors.every(({ holder }) => holder !== undefined));
      const leaders = electors.filter((elector) => elector.isLeader());
      assert.equal(leaders.length, 1);
      assert.equal(new Set(electors.map(({ holder }) => holder)).size, 1);
      await Promise.all(electors.map((elector) => elector.stop()));
    }
  });

  it('of eight writes onto one version of the Lease one is taken', async () => {
    const created = await client.create(
      LEASES,
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'puts' }, spec: {} },
      OPERATOR.namespace,
    );
    let lease = created;
    for (let round = 0; round < 20; round += 1) {
      const writes = Array.from({ length: 8 }, (_, i) =>
        client.replace(LEASES, { ...lease, spec: { holderIdentity: `w${round}-${i}` } }, 'puts', OPERATOR.namespace),
      );
      const results = await Promise.allSettled(writes);
      const taken = results.filter((each) => each.status === 'fulfilled');
      assert.equal(taken.length, 1);
      lease = taken[0]!.value;
    }
  });

  it('marks survive the leader, its successor and the deletion of the Lease; a marking takes it from nobody', async () => {
    const annotation = 'trustmint.dev/keys-created';
    const operator = await clientOf(await cluster.kubeconfigFor(OPERATOR));
    const mark = new LeaseMark({ client: operator, namespace: OPERATOR.namespace, name: 'trustmint', annotation });
    const terms: AbortSignal[] = [];
    // With the rights that it is shipped with.
    const elector = new LeaderElector({
      client: operator,
      clock,
      random: randomBytes,
      namespace: OPERATOR.namespace,
      name: 'trustmint',
      identity: 'pod_1',
      timings: { leaseDurationMs: 4_000, renewDeadlineMs: 2_500, retryPeriodMs: 200, requestTimeoutMs: 1_000 },
      lead: (term) => void terms.push(term),
    });
    try {
      assert.equal(await mark.isSet(), false);
      await mark.set('true');
      elector.start();
      await until(10_000, async () => elector.isLeader());
      assert.equal(await mark.isSet(), true);
      await mark.set('again');
      await client.delete(LEASES, 'trustmint', OPERATOR.namespace);
      await until(10_000, () => mark.isSet());
      assert.equal(elector.isLeader(), true);
      assert.equal(terms.length, 1);
      await elector.stop();
      assert.equal(await mark.isSet(), true);
    } finally {
      await elector.stop();
      operator.close();
    }
  });
});
