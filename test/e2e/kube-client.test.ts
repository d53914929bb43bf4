import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/clock.ts';
import { createKubeClient, KubeApiError, loadKubeconfig } from '../../src/kube/index.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { type Cluster, startCluster } from './cluster/index.ts';
import { CRD, NAMESPACE, READER, WIDGETS } from './widgets.ts';

const widget = (name: string) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { size: 1 },
});
const reviews = (group: string, plural: string) => ({ group, version: 'v1', plural, namespaced: false });

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof KubeApiError);
  return `${error.status} ${error.reason}`;
};

describe('The client, on a real API server', () => {
  let cluster: Cluster;
  let client: KubeClient;

  before(async () => {
    cluster = await startCluster();
    await cluster.apply([...READER, CRD]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd/widgets.example.com']);
    const credentials = await loadKubeconfig(cluster.adminKubeconfig, undefined, { clock: systemClock });
    client = createKubeClient({ credentials, clock: systemClock, random: (n) => randomBytes(n) });
    // In its first seconds a new kind answers 429: a read is tried again.
    await client.list(WIDGETS, {});
  });
  after(async () => {
    client?.close();
    await cluster?.stop();
  });

  it('deletes only what its preconditions name, and stays in step with the server', async () => {
    const made = await client.create(WIDGETS, widget('a'), NAMESPACE);
    const wrong = { uid: '00000000-0000-4000-8000-000000000000' };
    assert.equal(await failure(client.delete(WIDGETS, 'a', NAMESPACE, wrong)), '409 Conflict');
    assert.equal(await failure(client.delete(WIDGETS, 'a', NAMESPACE, { resourceVersion: '1' })), '409 Conflict');
    assert.equal((await client.get(WIDGETS, 'a', NAMESPACE)).metadata.uid, made.metadata.uid);
    await client.delete(WIDGETS, 'a', NAMESPACE, { uid: made.metadata.uid });
    assert.equal(await failure(client.get(WIDGETS, 'a', NAMESPACE)), '404 NotFound');
  });

  it('writes fenced: a stale replace is a conflict, a failed test of a patch is invalid', async () => {
    const made = await client.create(WIDGETS, widget('b'), NAMESPACE);
    await client.replace(WIDGETS, { ...made, spec: { size: 2 } }, 'b', NAMESPACE);
    assert.equal(await failure(client.replace(WIDGETS, made, 'b', NAMESPACE)), '409 Conflict');
    assert.equal(await failure(client.create(WIDGETS, widget('b'), NAMESPACE)), '409 AlreadyExists');
    const test = [{ op: 'test', path: '/metadata/uid', value: 'other' }];
    assert.equal(await failure(client.patch(WIDGETS, 'b', NAMESPACE, 'json', test)), '422 Invalid');
    const merged = await client.patch(WIDGETS, 'b', NAMESPACE, 'merge', { spec: { size: 3 } });
    const applied = { ...widget('b'), spec: { size: 4 } };
    const options = { fieldManager: 'tests', force: true };
    const last = await client.patch(WIDGETS, 'b', NAMESPACE, 'apply', applied, options);
    assert.deepEqual([merged.spec, last.spec], [{ size: 3 }, { size: 4 }]);
  });

  it('lists in consistent pages, whole or metadata alone', async () => {
    for (const name of ['c', 'd', 'e']) await client.create(WIDGETS, widget(name), NAMESPACE);
    for (const metadataOnly of [false, true]) {
      const names: string[] = [];
      let token: string | undefined;
      do {
        const page = await client.list(WIDGETS, { limit: 2, metadataOnly, ...(token && { continue: token }) });
        names.push(...page.items.map((o) => o.metadata.name));
        for (const object of page.items) assert.equal(Object.hasOwn(object, 'spec'), !metadataOnly);
        token = page.continue;
      } while (token);
      assert.deepEqual(names, ['b', 'c', 'd', 'e']);
    }
  });

  it('asks for reviews, and for the keys of tokens', async () => {
    const token = await cluster.token({ namespace: NAMESPACE, serviceAccount: 'reader', audience: 'mint' });
    const ask = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: ['mint'] } };
    interface Review {
      status: { authenticated?: boolean; user?: { username: string } };
    }
    const { status } = await client.review<Review>(reviews('authentication.k8s.io', 'tokenreviews'), ask);
    assert.equal(status.authenticated, true);
    assert.equal(status.user?.username, `system:serviceaccount:${NAMESPACE}:reader`);
    const { keys } = JSON.parse(await client.getText('/openid/v1/jwks'));
    assert.equal(keys[0].kty, 'RSA');
  });

  it('gives up on a frozen server in time, and goes on when it does', async () => {
    cluster.apiserver.signal('SIGSTOP');
    const from = performance.now();
    try {
      assert.equal(await failure(client.list(WIDGETS, {}, { deadlineMs: 1_000 })), '0 Timeout');
      assert.ok(performance.now() - from < 5_000);
    } finally {
      cluster.apiserver.signal('SIGCONT');
    }
    await cluster.apiserver.ready();
    assert.equal((await client.list(WIDGETS, {})).items.length, 4);
  });
});
