import assert from 'node:assert/strict';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

/** More than the client asks again by itself. */
const LAST = 12;

describe('trustmint uninstall while the API server restarts', () => {
  const cluster = fakeCluster('mint');

  it('goes on waiting for the pods: one that lives puts its finalizer on again', async () => {
    const { store } = cluster.server;
    const ownerReferences = [{ kind: 'ReplicaSet', name: 'trustmint-6f7c' }];
    store.put('/pods', { metadata: { name: 'pod', namespace: 'mint', ownerReferences }, status: { phase: 'Running' } });
    const looks: number[] = [];
    cluster.server.fault = ({ verb, path }) => {
      if (path.endsWith('/scale')) return { status: 200, body: '{}' };
      if (verb !== 'list' || !path.endsWith('/pods')) return undefined;
      const at = looks.push(path.length);
      if (at === LAST) store.remove('/pods', 'mint', 'pod');
      return at > 1 && at < LAST ? { status: 500, reason: 'InternalError' } : undefined;
    };
    const { code, out, err } = await trustmint(['uninstall', '--kubeconfig', cluster.kubeconfig, '-n', 'mint']);
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.equal(looks.length, LAST);
    assert.match(out, /^Deployment mint\/trustmint is scaled to zero, and its pods are gone\n/);
  });
});
