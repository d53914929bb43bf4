import assert from 'node:assert/strict';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

const OURS = 'trustmint.dev/revocation';

describe('trustmint uninstall beside another installation, whose operator puts the finalizer on again', () => {
  const cluster = fakeCluster('mint');
  let isThere: boolean;
  let doPodsGo: boolean;

  beforeEach(() => {
    isThere = true;
    doPodsGo = true;
    const { store } = cluster.server;
    for (const name of ['one', 'two'])
      store.put('trustmint.dev/clustertrustpolicies', { metadata: { name, finalizers: [OURS] }, spec: {} });
    const ownerReferences = [{ kind: 'ReplicaSet', name: 'trustmint-6f7c' }];
    store.put('/pods', { metadata: { name: 'pod', namespace: 'mint', ownerReferences }, status: { phase: 'Running' } });
    cluster.server.fault = ({ verb, path }) => {
      if (verb !== 'patch') return undefined;
      const isScale = path.endsWith('/scale');
      if (isScale && doPodsGo) store.remove('/pods', 'mint', 'pod');
      // A patch is taken; the other operator was quicker than the next look.
      return isScale && !isThere ? { status: 404, reason: 'NotFound' } : { status: 200, body: '{}' };
    };
  });

  const run = (...args: string[]) =>
    trustmint(['uninstall', '--kubeconfig', cluster.kubeconfig, '-n', 'mint', ...args]);

  it('what both serve is the other one’s to let go: no error, and each is patched once', async () => {
    const { code, out, err } = await run();
    assert.equal(code, 0, err);
    assert.match(
      out,
      /took the finalizer off 2 objects\n2 of them have it again, of another operator that serves them too\n$/,
    );
    assert.equal(
      cluster.server.seen.filter(({ path, verb }) => verb === 'patch' && !path.endsWith('/scale')).length,
      2,
    );
  });

  it('an error where that operator may be its own: there is no Deployment of that name', async () => {
    isThere = false;
    const { code, err } = await run();
    assert.equal(code, 1);
    assert.match(err, /2 objects still have .*\(finalizers_left\)/);
  });

  it('likewise where it did not stop', async () => {
    doPodsGo = false;
    assert.match((await run('--timeout', '1s')).err, /\(finalizers_left\)/);
  });
});
