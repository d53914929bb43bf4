import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES } from './cases/index.ts';
import { namesIn, PROMISED } from './metric-names.ts';
import { ALERTS, RECORDINGS, ROOT } from './rules.ts';

const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
/** The text of the section about an alert. */
const sectionOf = (name: string) => page.split(new RegExp(`^### ${name}$`, 'm'))[1]?.split(/^##/m)[0];

describe('Alerts', () => {
  for (const name of new Set(ALERTS.map(({ alert }) => alert))) {
    const rules = ALERTS.filter(({ alert }) => alert === name);

    it(`${name}: whoever is told is told what it means, where to look and what to do`, () => {
      const section = sectionOf(name);
      assert.ok(section, `docs/operations.md has no section ${name}`);
      assert.match(section, /\*\*Look:?\*\*|\*\*Look:/);
      assert.match(section, /\*\*Do:?\*\*|\*\*Do:|\| do \|/);
      for (const { annotations, labels } of rules) {
        assert.equal(annotations.runbook_url, `docs/operations.md#${name.toLowerCase()}`);
        assert.match(annotations.summary, /^[A-Z].+\.$/);
        assert.match(annotations.description, /\.$/);
        assert.match(labels.severity, /^(critical|warning)$/);
      }
    });

    it(`${name}: there is a story in which it tells somebody, and one in which it does not`, () => {
      const stories = CASES.filter((one) => one.alert === name);
      for (const { labels } of rules) {
        assert.ok(
          stories.some(({ fires }) => fires.some((fired) => fired.labels.severity === labels.severity)),
          labels.severity,
        );
      }
      assert.ok(stories.some(({ fires }) => fires.length === 0));
    });

    it(`${name}: goes by metrics that the reference promises`, () => {
      for (const { expr } of rules) {
        const recorded = RECORDINGS.filter(({ record }) => expr.includes(record)).map((one) => one.expr);
        const names = [expr, ...recorded].flatMap(namesIn);
        assert.ok(names.length > 0, expr);
        for (const metric of names) assert.ok(PROMISED.has(metric), metric);
      }
    });
  }

  it('every story is about an alert that there is, and every section too', () => {
    const known = new Set(ALERTS.map(({ alert }) => alert));
    for (const { alert } of CASES) assert.ok(known.has(alert), alert);
    for (const [, name = ''] of page.matchAll(/^### (Trustmint\w+)$/gm)) assert.ok(known.has(name), name);
  });

  it('of each readiness check there is to be read what to do when it fails', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const checks = sources
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(join(ROOT, 'src', name), 'utf8').matchAll(/name: '([a-z]+)', ok\b/g)])
      .map(([, name = '']) => name);
    assert.ok(checks.length > 8);
    const table = sectionOf('TrustmintNotServing')!;
    const cannotFail = ['audit', 'configmaps'];
    for (const name of checks) {
      assert.ok(table.includes(`\`${name}\``) || cannotFail.includes(name), name);
    }
  });

  it('only what stops tokens wakes somebody up', () => {
    const critical = ALERTS.filter(({ labels }) => labels.severity === 'critical').map(({ alert }) => alert);
    assert.deepEqual(critical.toSorted(), [
      'TrustmintAuditFailing',
      'TrustmintCertificateExpiring',
      'TrustmintDown',
      'TrustmintExchangesFailing',
      'TrustmintKeysAtRisk',
      'TrustmintNotServing',
    ]);
  });
});
