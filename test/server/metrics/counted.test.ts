import assert from 'node:assert/strict';
import { TerminalError, WorkQueue } from '../../../src/kube/index.ts';
import { createMetrics } from '../../../src/server/metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { REPORT, VITALS } from '../reports.ts';
import { post, start, stopAll } from '../support.ts';
import { scrape, series } from './support.ts';

describe('verifications in the metrics', () => {
  afterEach(stopAll);

  it('tell the caller’s faults from ours, and whoever may not ask is counted too', async () => {
    const verdicts = ['unauthorized', 'forbidden', 'unavailable', 'ok', 'ok'] as const;
    let asked = 0;
    const h = await start({ access: { authorize: async () => verdicts[Math.min(asked++, 4)]! } });
    const verify = () => post(`${h.url}/api/mint/verify`, { token: 't', resource: 'r' });
    assert.deepEqual([(await verify()).status, (await verify()).status, (await verify()).status], [401, 403, 503]);
    h.engine.onVerify = () => ({ granted: false, code: 'temporarily_unavailable', message: 'stale' });
    assert.equal((await verify()).status, 503);
    h.engine.onVerify = () => {
      throw new Error('a bug');
    };
    assert.equal((await verify()).status, 500);
    const found = series(await scrape(h));
    const of = (result: string) => found.get(`trustmint_verify_requests_total{result="${result}"}`);
    assert.deepEqual(['active', 'inactive', 'refused', 'failed'].map(of), ['0', '0', '2', '3']);
  });
});

describe('a work queue in the metrics', () => {
  it('is what client-go and controller-runtime tell of one', async () => {
    const clock = new FakeClock();
    const metrics = createMetrics('1', clock);
    const slow = Promise.withResolvers<undefined>();
    const outcomes = new Map<string, () => Promise<undefined>>([
      ['good', async () => undefined],
      ['bad', () => Promise.reject(new Error('no'))],
      ['hopeless', () => Promise.reject(new TerminalError('never'))],
      ['slow', () => slow.promise],
    ]);
    const queue = new WorkQueue({
      clock,
      random: (n) => new Uint8Array(n),
      workers: 3,
      reconcile: (key) => outcomes.get(key)!(),
      backoff: { baseMs: 10_000, maxMs: 10_000 },
      metrics: metrics.cluster().controller('deletion'),
    });
    for (const key of outcomes.keys()) queue.add(key);
    const found = async () => {
      metrics.refresh(REPORT, VITALS, 0, []);
      const all = series(await metrics.render('text'));
      return (name: string) =>
        Number(all.get(`${name}{name="deletion",controller="deletion"}`) ?? all.get(`${name}{controller="deletion"}`));
    };
    assert.equal((await found())('workqueue_depth'), 4);
    queue.start();
    await clock.advance(0);
    await clock.advance(500);
    const now = await found();
    assert.deepEqual(
      [
        ...['workqueue_depth', 'workqueue_adds_total', 'workqueue_retries_total'].map(now),
        ...['workqueue_queue_duration_seconds_count', 'workqueue_work_duration_seconds_count'].map(now),
        ...['workqueue_unfinished_work_seconds', 'workqueue_longest_running_processor_seconds'].map(now),
      ],
      [0, 4, 1, 4, 3, 0.5, 0.5],
    );
    assert.deepEqual(
      [
        ...['controller_runtime_active_workers', 'controller_runtime_max_concurrent_reconciles'].map(now),
        now('controller_runtime_reconcile_errors_total'),
        now('controller_runtime_terminal_reconcile_errors_total'),
        now('controller_runtime_reconcile_time_seconds_count'),
      ],
      [1, 3, 2, 1, 3],
    );
    const text = await metrics.render('text');
    assert.match(text, /reconcile_total\{controller="deletion",result="success"\} 1\n/);
    assert.match(text, /reconcile_total\{controller="deletion",result="error"\} 2\n/);
    slow.resolve(undefined);
    await queue.shutDown({ drain: false, limitMs: 0 });
  });
});
