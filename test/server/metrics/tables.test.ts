import assert from 'node:assert/strict';
import { METRICS } from '../../../hack/reference/metrics.ts';
import type { Definition } from '../../../src/server/metrics/table.ts';
import { createMetrics } from '../../../src/server/metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { REPORT, VITALS } from '../reports.ts';
import { series } from './support.ts';

describe('the metrics', () => {
  function everything() {
    const metrics = createMetrics('1.2.3', new FakeClock());
    const cluster = metrics.cluster();
    for (const name of ['status', 'deletion', 'revocations'] as const) cluster.controller(name);
    cluster.requests('10.0.0.1:443')('GET', 200, 3);
    metrics.audit(() => [{ name: 'stdout', ok: true, queued: 0 }]);
    cluster.follow({
      reasons: ['network', 'expired'],
      lease: 'trustmint',
      isLeader: () => true,
      watches: () => [
        { kind: 'TrustPolicy', failures: new Map([['network', 2]]), divergences: 1, objects: 7, deleting: 3 },
      ],
    });
    const kinds = [{ kind: 'TrustPolicy', staleSeconds: 1 }];
    metrics.refresh(REPORT, { ...VITALS, kinds, clockSkewSeconds: 1 }, 0, [{ name: 'keys', ok: true }]);
    return metrics;
  }

  it('are those of the reference, with their types, words and labels', async () => {
    const there = (await everything().registry.getMetricsAsJSON()).map(({ name, type, help, values }) => {
      const labels = new Set(values.flatMap((one) => Object.keys(one.labels ?? {})));
      labels.delete('le');
      return { name, type: String(type), help, labels: [...labels].sort() };
    });
    const told = METRICS.flatMap(({ metrics }) => Object.entries(metrics as Record<string, Definition>));
    assert.deepEqual(there.map(({ name }) => name).sort(), told.map(([name]) => name).sort());
    const isOurs = (name: string) => !/^(process|nodejs)_/.test(name);
    for (const [name, { type, help, labels = {} }] of told) {
      const one = there.find((other) => other.name === name)!;
      assert.equal(one.type, type, name);
      if (isOurs(name)) assert.equal(one.help, help, name);
      // Of garbage collections there may have been none.
      if (name !== 'nodejs_gc_duration_seconds') assert.deepEqual(one.labels, Object.keys(labels).sort(), name);
    }
  });

  it('count from 0: what has not happened yet is there', async () => {
    const metrics = createMetrics('1.2.3', new FakeClock());
    const cluster = metrics.cluster();
    cluster.controller('deletion');
    const found = series(await metrics.render('text'));
    for (const name of [
      'trustmint_exchange_requests_total{result="granted",code="ok"}',
      'trustmint_exchange_requests_total{result="failed",code="temporarily_unavailable"}',
      'trustmint_exchange_requests_total{result="refused",code="no_matching_policy"}',
      'trustmint_exchange_duration_seconds_count',
      'trustmint_verify_requests_total{result="inactive"}',
      'trustmint_log_messages_total{level="error"}',
      'trustmint_revocations_kept_total',
      'trustmint_policy_ends_total{action="released_unfinished"}',
      'workqueue_depth{name="deletion",controller="deletion"}',
      'workqueue_adds_total{name="deletion",controller="deletion"}',
      'workqueue_retries_total{name="deletion",controller="deletion"}',
      'controller_runtime_reconcile_total{controller="status",result="requeue_after"}',
      'controller_runtime_reconcile_errors_total{controller="revocations"}',
      'controller_runtime_max_concurrent_reconciles{controller="deletion"}',
    ])
      assert.equal(found.get(name), '0', name);
    assert.equal(found.get('controller_runtime_reconcile_time_seconds_count{controller="deletion"}'), '0');
    assert.equal(found.get('workqueue_work_duration_seconds_count{name="deletion",controller="deletion"}'), '0');
    for (const promise of ['trustmint_clock_skew_seconds', 'trustmint_own_key_age_seconds'])
      assert.ok(!found.has(promise), `${promise}: 0 would be a promise`);
  });

  it('of a cluster are not on a mint that serves files', async () => {
    const metrics = createMetrics('1.2.3', new FakeClock());
    assert.doesNotMatch(await metrics.render('text'), /workqueue|controller_runtime|rest_client|leader_election/);
  });

  it('say at each scrape what the watches counted and who leads', async () => {
    const metrics = everything();
    const found = series(await metrics.render('text'));
    assert.equal(found.get('leader_election_master_status{name="trustmint"}'), '1');
    assert.equal(found.get('trustmint_watch_reconnects_total{kind="TrustPolicy",reason="network"}'), '2');
    assert.equal(found.get('trustmint_watch_reconnects_total{kind="TrustPolicy",reason="expired"}'), '0');
    assert.equal(found.get('trustmint_cache_divergence_total{kind="TrustPolicy"}'), '1');
    assert.equal(found.get('trustmint_objects_deleting{kind="TrustPolicy"}'), '3');
    assert.equal(found.get('trustmint_watched_objects{kind="TrustPolicy"}'), '7');
    metrics.refresh(REPORT, VITALS, 0, []);
    assert.equal(
      series(await metrics.render('text')).get('trustmint_cache_divergence_total{kind="TrustPolicy"}'),
      '1',
      'no scrape adds to it',
    );
  });

  it('of requests to the API server are named as in client-go; a watch is a GET, and no latency', async () => {
    const metrics = createMetrics('1.2.3', new FakeClock());
    const count = metrics.cluster().requests('10.0.0.1:443');
    count('PATCH', 201, 20);
    count('WATCH', 200, 5);
    count('GET', 0, 10_000);
    const found = series(await metrics.render('text'));
    for (const [labels, value] of [
      ['code="201",method="PATCH"', '1'],
      ['code="200",method="GET"', '1'],
      ['code="<error>",method="GET"', '1'],
    ])
      assert.equal(found.get(`rest_client_requests_total{${labels},host="10.0.0.1:443"}`), value, labels);
    const seconds = (verb: string) =>
      found.get(`rest_client_request_duration_seconds_sum{verb="${verb}",host="10.0.0.1:443"}`);
    assert.deepEqual([seconds('PATCH'), seconds('GET'), seconds('WATCH')], ['0.02', '10', undefined]);
  });
});
