import assert from 'node:assert/strict';
import { trustPolicy, world } from './support.ts';

const agents = trustPolicy('ai', 'agents');

describe('what a replica serves where a CRD is gone', () => {
  it('nothing while a kind of policy is not installed: without what forbids, what gives would give more', async () => {
    const w = world();
    await w.sync({ trustpolicies: [agents] });
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    for (const plural of ['clustertrustpolicies', 'trustpolicies', 'protectedresources']) {
      w.of(plural).state = { phase: 'waiting', reason: 'crd_not_installed', lastError: 'x' };
      assert.equal(w.view.snapshot()?.ruleCount, 1, 'an API server that has just started says so of any');
      w.of(plural).state = { phase: 'waiting', reason: 'crd_not_installed', lastError: 'x', uninstalled: true };
      assert.equal(w.view.snapshot(), undefined, plural);
      w.of(plural).state = { phase: 'watching', reason: 'crd_not_installed' };
      assert.equal(w.view.snapshot()?.ruleCount, 1, plural);
    }
  });
});
