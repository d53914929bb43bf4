import assert from 'node:assert/strict';
import { CHART, CI, describeChart, helm, named, render, renderCi, valuesFile } from './support.ts';

describeChart('The chart, rendered', () => {
  for (const name of CI) {
    it(`${name}: passes lint, strictly`, async () => {
      const { code, out, err } = await helm(['lint', '--strict', CHART, `--values=${valuesFile(name)}`]);
      assert.equal(code, 0, out + err);
    });

    it(`${name}: Helm 4 and Helm 3 make the same of it`, async () => {
      const [four, three] = await Promise.all([renderCi(name), renderCi(name, 'helm3')]);
      const sorted = (all: typeof four) => all.toSorted((a, b) => (named(a) < named(b) ? -1 : 1));
      assert.deepEqual(sorted(four), sorted(three));
    });

    it(`${name}: no object stands twice`, async () => {
      const all = (await renderCi(name)).map(named);
      assert.deepEqual(
        all.filter((one, i) => all.indexOf(one) !== i),
        [],
      );
    });
  }

  it('a release of another name has its name on all that it makes, and so may stand beside the first', async () => {
    const other = (await render([], 'helm', 'blue')).filter(({ kind }) => kind !== 'CustomResourceDefinition');
    for (const one of other) assert.match(one.metadata.name, /^blue-trustmint(-|$)/, named(one));
    const cluster = (all: typeof other) => all.filter(({ metadata }) => !metadata.namespace).map(named);
    const first = new Set(cluster(await render()).filter((one) => !one.startsWith('CustomResourceDefinition')));
    assert.ok(first.size > 5);
    assert.deepEqual(
      cluster(other).filter((one) => first.has(one)),
      [],
    );
  });
});
