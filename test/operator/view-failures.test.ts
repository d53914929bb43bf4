import assert from 'node:assert/strict';
import { raw, trustPolicy, world } from './support.ts';

const agents = trustPolicy('ai', 'agents');

describe('what a replica serves while a mistake of ours is in the way', () => {
  it('nothing while what is revoked cannot be worked out, and says so; then all of it again', async () => {
    const w = world();
    await w.sync({ trustpolicies: [agents] });
    const update = Object.getPrototypeOf(w.view.revoked).update;
    Object.assign(w.view.revoked, { update: () => assert.fail('a mistake of ours') });
    w.of('tokenrevocations').put(raw('TokenRevocation', 'ai', 'one', { grant: 'g' }));
    assert.equal(w.view.snapshot(), undefined);
    assert.equal(w.view.readErrors()[0]?.code, 'revocations_failed');
    Object.assign(w.view.revoked, { update });
    w.view.invalidate();
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    assert.deepEqual(w.view.readErrors(), []);
  });
});
