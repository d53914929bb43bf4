import assert from 'node:assert/strict';
import { LABELS, namesIn, PROMISED } from './metric-names.ts';
import { QUERIES, WRITTEN } from './queries.ts';

const SCRAPED = ['namespace', 'job', 'instance', 'le'];

describe('The Grafana dashboard', () => {
  it('has panels that say what is normal, with numbers of their own, and that do not lie on one another', () => {
    const panels = WRITTEN.panels.filter(({ type }) => type !== 'row');
    assert.ok(panels.length > 40);
    assert.equal(new Set(WRITTEN.panels.map(({ id }) => id)).size, WRITTEN.panels.length);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
    const taken = new Set<string>();
    for (const { title, description, gridPos, targets = [] } of panels) {
      assert.match(description ?? '', /\S/, title);
      assert.ok(targets.length > 0, title);
      const { x, y, w, h } = gridPos;
      assert.ok(x + w <= 24, title);
      for (let i = 0; i < w * h; i += 1) {
        const cell = `${x + (i % w)},${y + Math.floor(i / w)}`;
        assert.ok(!taken.has(cell), `${title} at ${cell}`);
        taken.add(cell);
      }
    }
  });

  it('asks for metrics that the reference promises, by labels that they have', () => {
    for (const { expr, legend, panel } of QUERIES) {
      const names = namesIn(expr);
      assert.ok(names.length > 0, expr);
      for (const name of names) assert.ok(PROMISED.has(name), `${panel}: ${name}`);
      const labels = names.flatMap((name) => [...(LABELS.get(name.replace(/_(bucket|sum|count)$/, '')) ?? [])]);
      for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
        assert.ok([...SCRAPED, ...labels].includes(label), `${panel}: ${label}`);
      }
    }
  });

  it('asks for what is chosen at its top, and for all of it', () => {
    const chosen = WRITTEN.templating.list.map(({ name }) => name);
    assert.deepEqual(chosen, ['datasource', 'namespace', 'job', 'instance']);
    for (const { expr } of QUERIES) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      assert.ok(selectors.length > 0, expr);
      for (const one of selectors)
        for (const name of chosen.slice(1)) assert.ok(one.includes(`${name}=~"$${name}"`), expr);
    }
  });
});
