import assert from 'node:assert/strict';
import { OPEN, scrape as scraped, series } from '../server/metrics/support.ts';
import type { Operator } from './cluster/index.ts';
import { exchange, policy, proofOf } from './serve-support.ts';
import { eventually, startWatched, TAKEN_OVER, type Watched } from './status-support.ts';

describe('metrics of two replicas in a cluster', () => {
  let w: Watched;
  before(async function () {
    this.timeout(300_000);
    w = await startWatched();
  });
  after(async function () {
    this.timeout(120_000);
    await w?.stop();
  });

  const numbers = async ({ ops }: Operator) => {
    const found = series(await scraped({ opsUrl: ops }));
    return (name: string) => Number(found.get(name) ?? Number.NaN);
  };
  const MASTER = 'leader_election_master_status{name="trustmint"}';
  const queue = (name: string, queue: string) => `${name}{name="${queue}",controller="${queue}"}`;

  /** The leader first. */
  async function byRank(): Promise<[Operator, Operator]> {
    let ranked: Operator[] = [];
    await eventually(
      'one leader',
      async () => {
        const status = await Promise.all(w.replicas.map(async (one) => (await numbers(one))(MASTER)));
        ranked = w.replicas.toSorted((a, b) => status[w.replicas.indexOf(b)]! - status[w.replicas.indexOf(a)]!);
        return status.toSorted().join() === '0,1';
      },
      TAKEN_OVER,
    );
    return ranked as [Operator, Operator];
  }

  it('the leader’s queues work, the other’s are there and rest; both count requests and watch without a failure', async () => {
    const [first, second] = await byRank();
    await w.cluster.apply([policy('team-a', 'counted', 'agent')]);
    await w.held('counted');
    const [leads, follows] = [await numbers(first), await numbers(second)];
    const done = 'controller_runtime_reconcile_total{controller="status",result="success"}';
    for (const [name, leading] of [
      [queue('workqueue_adds_total', 'status'), 1],
      [queue('workqueue_adds_total', 'deletion'), 1],
      [queue('workqueue_work_duration_seconds_count', 'status'), 1],
      ['controller_runtime_reconcile_time_seconds_count{controller="deletion"}', 1],
      [done, 1],
      ['controller_runtime_max_concurrent_reconciles{controller="deletion"}', 24],
    ] as const) {
      assert.ok(leads(name) >= leading, `${name} ${leads(name)}`);
      assert.equal(follows(name), 0, name);
    }
    assert.equal(leads(queue('workqueue_depth', 'status')), 0);
    const host = new URL(w.cluster.server).host;
    for (const one of [leads, follows]) {
      assert.ok(one(`rest_client_requests_total{code="200",method="GET",host="${host}"}`) > 5);
      assert.equal(one('trustmint_watch_reconnects_total{kind="TrustPolicy",reason="rbac_missing"}'), 0);
      assert.equal(one('trustmint_cache_divergence_total{kind="ClusterTrustPolicy"}'), 0);
    }
    assert.ok(leads(`rest_client_request_duration_seconds_count{verb="PATCH",host="${host}"}`) >= 1);
    const { headers } = await fetch(`${first.ops}/metrics`, { headers: { accept: OPEN } });
    assert.match(String(headers.get('content-type')), /^application\/openmetrics-text/);
  });

  it('what is revoked and deleted is counted by who leads; how soon it is in force, by each', async () => {
    const [first, second] = await byRank();
    assert.equal((await exchange(second, await proofOf(w.cluster, 'team-a', 'agent'))).status, 200);
    await w.inTeam('patch', 'tpol', 'counted', '--type=merge', '-p', '{"spec":{"deletionPolicy":"Revoke"}}');
    await w.inTeam('delete', 'tpol', 'counted', '--timeout=20s');
    await eventually('all of it is counted', async () => {
      const [leads, follows] = [await numbers(first), await numbers(second)];
      const ended = (one: typeof leads) =>
        ['revoked', 'deleted', 'released_unfinished'].map((action) =>
          one(`trustmint_policy_ends_total{action="${action}"}`),
        );
      return (
        ended(leads).join() === '0,1,0' &&
        ended(follows).join() === '0,0,0' &&
        [leads, follows].every((one) => one('trustmint_revocation_confirm_seconds_count') === 1) &&
        [leads, follows].every((one) => one('trustmint_revocation_confirm_seconds_bucket{le="5"}') === 1) &&
        leads('trustmint_objects_deleting{kind="TrustPolicy"}') === 0
      );
    });
  }).timeout(60_000);

  it('a replica that leads no more says so, and the other that it does', async () => {
    const [first, second] = await byRank();
    await first.process.stop('SIGTERM');
    await eventually('the other leads', async () => (await numbers(second))(MASTER) === 1, TAKEN_OVER);
  }).timeout(60_000);
});
