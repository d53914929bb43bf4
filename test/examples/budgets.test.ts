import assert from 'node:assert/strict';
import { createBudgets } from './support.ts';

describe('The budgets of the examples', () => {
  it('a holder who appends ever new budgets to one token uses up the room of its grant, and of no other', () => {
    const { spend } = createBudgets();
    let made = 0;
    while (spend([{ id: 'grant' }, { id: `child-${made}`, limit: 5 }], 1)) made += 1;
    assert.equal(made, 10_000);
    assert.ok(spend([{ id: 'grant' }, { id: 'child-0', limit: 5 }], 1), 'what is counted goes on');
    assert.ok(spend([{ id: 'grant' }], 1));
    assert.ok(
      spend(
        [
          { id: 'other', limit: 5 },
          { id: 'child', limit: 5 },
        ],
        1,
      ),
    );
  });
});
