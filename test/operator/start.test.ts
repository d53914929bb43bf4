import assert from 'node:assert/strict';
import type { ReflectorOptions } from '../../src/kube/index.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { changed, FakeReflector, policySpec, raw, trustPolicy, world } from './support.ts';

/** Delivers its list, as the cluster is at that moment, when it is told to; and that only once it was started. */
class Lister<T> extends FakeReflector<T> {
  started = false;
  override start(): void {
    this.started = true;
  }
}

describe('a replica that starts', () => {
  it('knows for dead what went meanwhile, whichever of its lists comes first', async () => {
    const policy = trustPolicy('ai', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }), { finalizers: ['x'] });
    const cluster = new Map<string, KubeObject[]>([['trustpolicies', [policy]]]);
    const followed = new Map<string, Lister<unknown>>();
    const w = world({
      reflect: <T>(options: ReflectorOptions<T>) => {
        const one = new Lister(options);
        followed.set(options.type.plural, one as Lister<unknown>);
        return one;
      },
    });
    w.view.start();
    const list = (plural: string) => followed.get(plural)!.sync(...(cluster.get(plural) ?? []));
    const may = () => [...followed].filter(([, one]) => one.started && !one.synced).map(([plural]) => plural);
    // Those that may are listed, one after the other; it goes, and leaves its TokenRevocation, before the last of them.
    const lists: string[] = [];
    for (let next = may(); next.length > 0; next = may()) {
      const last = next.find((plural) => plural === 'trustpolicies');
      const plural = next.find((one) => one !== last) ?? last!;
      if (plural === last) {
        const left = { policy: policy.metadata.uid };
        const metadata = { creationTimestamp: '2026-01-01T00:00:00Z' };
        cluster.set('tokenrevocations', [raw('TokenRevocation', 'trustmint', 'kept-1', left, metadata)]);
        cluster.set('trustpolicies', [changed(trustPolicy('ai', 'other'), {})]);
      }
      list(plural);
      lists.push(plural);
    }
    assert.equal(lists.length, followed.size);
    await w.clock.advance(0);
    const facts = {
      jti: 'j',
      gid: 'g',
      pol: policy.metadata.uid,
      agt: null,
      tenant: 'ai',
      iat: 1,
      derivedFrom: () => [],
    };
    assert.ok(w.view.revocations().check(facts, Math.floor(w.clock.now() / 1000)));
    await w.view.close();
  });
});
