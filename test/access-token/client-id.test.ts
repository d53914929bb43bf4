import assert from 'node:assert/strict';
import { checkClientId, clientIdOf } from '../../src/access-token/index.ts';
import { refused } from './support.ts';

const rule = { policy: { name: 'agents' }, rule: 'main' };

describe('the client_id of a token', () => {
  it("is the registration's agent type, else the rule's, else made of the policy's and the rule's names", () => {
    assert.equal(clientIdOf({ ...rule, agentType: 'global-worker', ruled: 'ci' }), 'global-worker');
    assert.equal(clientIdOf({ ...rule, ruled: 'ci' }), 'ci');
    assert.equal(clientIdOf(rule), 'trustmint:-/agents/main');
    assert.equal(clientIdOf({ ...rule, policy: { namespace: 'ai', name: 'agents' } }), 'trustmint:ai/agents/main');
  });

  it('tells a ClusterTrustPolicy from a TrustPolicy of the same name', () => {
    const ids = [undefined, 'a', 'b'].map((namespace) =>
      clientIdOf({ ...rule, policy: { name: 'x', ...(namespace !== undefined && { namespace }) } }),
    );
    assert.equal(new Set(ids).size, 3);
  });

  it('can be confirmed by the request, or be called by the sub of the proof; any other is refused', () => {
    const svid = 'spiffe://cluster.local/a';
    for (const asked of [undefined, 'global-worker', svid]) checkClientId('global-worker', asked, svid);
    for (const asked of ['', 'other', 'Global-Worker', `${svid}/b`, 'user:alice'])
      assert.throws(() => checkClientId('global-worker', asked, svid), refused('client_id'), asked);
  });
});
