import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prometheusBinary } from '../monitoring/assets.ts';
import { CASES } from '../monitoring/cases/index.ts';
import { ALERTS, ROOT, RULES } from '../monitoring/rules.ts';
import type { Case, Fired } from '../monitoring/types.ts';

const promtool = (...args: string[]) => promisify(execFile)(prometheusBinary('promtool'), args);

/** All that promtool compares: summary and runbook are as written, the description is what its template makes. */
function expected(alert: string, { labels, description }: Fired) {
  const rule = ALERTS.find((one) => one.alert === alert && one.labels.severity === labels.severity);
  assert.ok(rule, alert);
  const { summary, runbook_url } = rule.annotations;
  return { exp_labels: labels, exp_annotations: { summary, description, runbook_url } };
}

/** Once where somebody is told; else every minute of an hour: nobody is, at any time. */
function looksAt(at: string, once: boolean): string[] {
  const end = Number.parseInt(at, 10);
  return Array.from({ length: once ? 1 : Math.min(end, 60) }, (_, i) => `${end - i}m`);
}

const testOf = ({ alert, series, at, fires }: Case) => ({
  rule_files: [join(ROOT, RULES)],
  evaluation_interval: '1m',
  tests: [
    {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: looksAt(at, fires.length > 0).map((eval_time) => ({
        eval_time,
        alertname: alert,
        exp_alerts: fires.map((one) => expected(alert, one)),
      })),
    },
  ],
});

describe('Alerts, by promtool', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'trustmint-alerts-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('are rules as Prometheus wants them, with nothing that its lint finds', async () => {
    await promtool('check', 'rules', '--lint=all', '--lint-fatal', join(ROOT, RULES));
  });

  for (const [index, one] of CASES.entries()) {
    it(`${one.alert} ${one.fires.length > 0 ? 'tells' : 'keeps silent'}: ${one.when}`, async () => {
      const path = join(dir, `${index}.json`);
      await writeFile(path, JSON.stringify(testOf(one)));
      await promtool('test', 'rules', path).catch((error: { stdout: string; stderr: string }) =>
        assert.fail(`${error.stdout}${error.stderr}`),
      );
    });
  }
});
