import assert from 'node:assert/strict';
import type { TokenRevocation } from '../../src/api/v1alpha1/index.ts';
import { FINALIZER, watchTallies } from '../../src/operator/index.ts';
import { changed, OWN, raw, trustPolicy, world } from './support.ts';

describe('what a replica counts of its copies', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };

  it('is how many objects wait for our finalizer, and no other, to go', async () => {
    const w = world();
    const [waits, others, lives] = ['waits', 'others', 'lives'].map((name) => trustPolicy('ai', name));
    await w.sync({
      trustpolicies: [
        changed(waits!, {}, { ...going, finalizers: ['example.com/x', FINALIZER] }),
        changed(others!, {}, { ...going, finalizers: ['example.com/x'] }),
        changed(lives!, {}, { finalizers: [FINALIZER] }),
      ],
      agentregistrations: [
        raw('AgentRegistration', OWN, 'a', {}, { ...going, finalizers: [FINALIZER] }),
        raw('AgentRegistration', OWN, 'b', {}, { ...going, finalizers: ['example.com/x'] }),
      ],
    });
    const deleting = Object.fromEntries(watchTallies(w.view.copies).map((one) => [one.kind, one.deleting]));
    assert.deepEqual(deleting, {
      TrustPolicy: 1,
      ClusterTrustPolicy: 0,
      ProtectedResource: undefined,
      TokenRevocation: undefined,
      AgentRegistration: 1,
      Namespace: undefined,
    });
    const held = Object.fromEntries(watchTallies(w.view.copies).map((one) => [one.kind, one.objects]));
    assert.deepEqual([held.TrustPolicy, held.AgentRegistration, held.TokenRevocation], [3, 2, 0]);
  });

  it('is each TokenRevocation that comes, but none of those that were there at the start', async () => {
    const told: TokenRevocation[] = [];
    const w = world({ onRevocation: (made) => void told.push(made) });
    const revocation = (name: string) =>
      raw('TokenRevocation', OWN, name, { token: name }, { creationTimestamp: '2026-01-01T00:00:00Z' });
    await w.sync({ tokenrevocations: [revocation('old')] });
    const fresh = revocation('new');
    w.of('tokenrevocations').put(fresh);
    w.of('tokenrevocations').put(changed(fresh, {}, { labels: { a: 'b' } }));
    assert.deepEqual(
      told.map(({ metadata }) => [metadata.name, metadata.creationTimestamp]),
      [['new', '2026-01-01T00:00:00Z']],
    );
  });
});
