import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AgentTable } from '../../src/policy/agent-table.ts';

interface One {
  readonly key: string;
  readonly id: number;
}

describe('the table of agents', () => {
  it('finds what a list of them holds, as it grows, shrinks and grows again', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const table = new AgentTable<One>(({ key }) => key);
        const list: One[] = [];
        steps.forEach(([n, comes], id) => {
          const key = `agent-${n}`;
          if (comes) {
            const one = { key, id };
            table.add(one);
            list.push(one);
          } else {
            const [gone] = list.filter((one) => one.key === key);
            if (gone) {
              table.remove(gone);
              list.splice(list.indexOf(gone), 1);
            } else table.remove({ key, id });
          }
        });
        assert.equal(table.size, list.length);
        for (let n = 0; n <= 41; n += 1) {
          const ids = (all: readonly One[]) => all.map(({ id }) => id).sort((a, b) => a - b);
          const key = `agent-${n}`;
          assert.deepEqual(ids(table.find(key)), ids(list.filter((one) => one.key === key)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('holds what has no string in common with another, and takes the empty one', () => {
    const table = new AgentTable<One>(({ key }) => key);
    for (let id = 0; id < 5_000; id += 1) table.add({ key: id === 0 ? '' : `k${id}`, id });
    for (let id = 0; id < 5_000; id += 1)
      assert.deepEqual(table.find(id === 0 ? '' : `k${id}`), [{ key: id === 0 ? '' : `k${id}`, id }]);
  });
});
