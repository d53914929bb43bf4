import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { uninstall } from '../../src/cli/uninstall.ts';
import type { Seen, Stored } from '../support/fake-api-server/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

const OURS = 'trustmint.dev/revocation';
const KINDS = ['trustpolicies', 'clustertrustpolicies', 'agentregistrations', 'protectedresources', 'tokenrevocations'];

describe('trustmint uninstall', () => {
  const cluster = fakeCluster('mint');
  const of = (plural: string) => cluster.server.store.list(`trustmint.dev/${plural}`);
  /** Deployments: how many replicas each has; its pods follow at once, unless they are stuck. */
  let replicas: number | undefined;
  let arePodsStuck: boolean;
  /** A replica does for what is deleted what has to be done. */
  let recorded: string[];

  beforeEach(() => {
    replicas = 2;
    arePodsStuck = false;
    recorded = [];
    put('trustpolicies', 'one', 'team-a', [OURS]);
    put('trustpolicies', 'two', 'team-b', ['example.com/theirs', OURS]);
    put('clustertrustpolicies', 'wide', undefined, [OURS]);
    put('agentregistrations', 'agent', 'mint', []);
    put('protectedresources', 'api', undefined, []);
    put('tokenrevocations', 'dead', 'mint', []);
    cluster.server.store.put('/secrets', { metadata: { name: 'trustmint-keys', namespace: 'mint' } });
    cluster.server.store.put('coordination.k8s.io/leases', { metadata: { name: 'trustmint', namespace: 'mint' } });
    for (const name of ['trustmint-6f7c', 'trustmint-other-5d9b', 'another-77aa']) pod(`${name}-x`, name);
    cluster.server.fault = likeAServer;
  });

  function put(plural: string, name: string, namespace: string | undefined, finalizers: string[], more: object = {}) {
    const metadata = { name, ...(namespace && { namespace }), finalizers, ...more };
    cluster.server.store.put(`trustmint.dev/${plural}`, { metadata, spec: {} });
  }

  function pod(name: string, replicaSet: string): void {
    const ownerReferences = [{ kind: 'ReplicaSet', name: replicaSet }];
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    cluster.server.store.put('/pods', { metadata: { name, namespace: 'mint', ownerReferences }, status });
  }

  /** What the fake does not know: JSON patches, finalizers, the scale of a Deployment. */
  function likeAServer({ verb, path, body }: Seen) {
    const { store } = cluster.server;
    const answer = (object: object) => ({ status: 200, body: JSON.stringify(object) });
    if (path.endsWith('/deployments/trustmint/scale')) {
      if (replicas === undefined) return { status: 404, reason: 'NotFound' };
      replicas = (JSON.parse(body) as { spec: { replicas: number } }).spec.replicas;
      if (!arePodsStuck) store.remove('/pods', 'mint', 'trustmint-6f7c-x');
      return answer({});
    }
    const [, , , group, , plural, name] =
      /^(\/apis\/)(([^/]+)\/v1alpha1)(\/namespaces\/[^/]+)?\/([a-z]+)\/([^/]+)$/.exec(path) ?? [];
    if (group !== 'trustmint.dev' || !plural) return undefined;
    const old = of(plural).find(({ metadata }) => metadata.name === name);
    if (!old) return undefined;
    const finalizers = [...((old.metadata.finalizers as string[]) ?? [])];
    if (verb === 'patch') {
      for (const { op, path: at, value } of JSON.parse(body) as { op: string; path: string; value: string }[]) {
        const index = Number(at.split('/').at(-1));
        if (op === 'test' && at.includes('finalizers') && finalizers[index] !== value) return { status: 422 };
        if (op === 'remove') finalizers.splice(index, 1);
      }
      return answer(settle(plural, old, finalizers));
    }
    if (verb === 'delete' && finalizers.length > 0) {
      const isServed = store.get('/pods', 'mint', 'trustmint-6f7c-x') !== undefined;
      if (isServed && finalizers.includes(OURS)) recorded.push(old.metadata.name);
      const deleted = { ...old, metadata: { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
      return answer(settle(plural, deleted, isServed ? finalizers.filter((one) => one !== OURS) : finalizers));
    }
    return undefined;
  }

  function settle(plural: string, old: Stored, finalizers: string[]): object {
    const { store } = cluster.server;
    const { name, namespace, deletionTimestamp } = old.metadata;
    const object = store.put(`trustmint.dev/${plural}`, { ...old, metadata: { ...old.metadata, finalizers } });
    if (deletionTimestamp && finalizers.length === 0) store.remove(`trustmint.dev/${plural}`, namespace, name);
    return object;
  }

  const run = (...args: string[]) => trustmint(['uninstall', '--kubeconfig', cluster.kubeconfig, ...args]);
  const held = () =>
    KINDS.flatMap(of).filter(({ metadata }) => (metadata.finalizers as string[] | undefined)?.includes(OURS));

  it('stops the operator and takes its finalizer off everything, and deletes nothing', async () => {
    const { code, out, err } = await run('-n', 'mint');
    assert.equal(code, 0, err);
    assert.equal(err, '');
    assert.equal(
      out,
      `Deployment mint/trustmint is scaled to zero, and its pods are gone\ntook the finalizer off 3 objects\nnothing has the finalizer ${OURS}\n`,
    );
    assert.equal(replicas, 0);
    assert.deepEqual(held(), []);
    assert.equal(KINDS.flatMap(of).length, 6);
    assert.deepEqual(of('trustpolicies')[1]!.metadata.finalizers, ['example.com/theirs']);
    assert.equal(cluster.server.count('delete'), 0);
  });

  it('is done before it takes a finalizer off: an operator that runs would put it on again', async () => {
    await run('-n', 'mint');
    const at = (sought: RegExp) => cluster.server.seen.findIndex(({ verb, path }) => sought.test(`${verb} ${path}`));
    assert.ok(at(/^patch .*scale$/) < at(/^list .*pods$/));
    assert.ok(at(/^list .*pods$/) < at(/^patch .*trustpolicies/));
  });

  it('may be run again, and without an operator', async () => {
    await run('-n', 'mint');
    replicas = undefined;
    const { code, out } = await run('-n', 'mint');
    assert.equal(code, 0);
    assert.equal(out, `there is no Deployment mint/trustmint\nnothing has the finalizer ${OURS}\n`);
  });

  it('--delete-objects: what is deleted has its last record, then all else goes, the keys last', async () => {
    const { code, out, err } = await run('-n', 'mint', '--delete-objects', '--timeout', '2s');
    assert.equal(code, 0, err);
    assert.deepEqual(recorded.sort(), ['one', 'two', 'wide']);
    assert.match(out, /^deleted 4 policies and registrations, each with its last record\n/);
    assert.match(out, /deleted 2 objects more\ndeleted the keys: [^\n]*\nnothing has/);
    // What others hold goes when they let it.
    assert.deepEqual(
      KINDS.flatMap(of).map(({ metadata }) => metadata.name),
      ['two'],
    );
    assert.equal(cluster.server.store.list('/secrets').length, 0);
    assert.equal(cluster.server.store.list('coordination.k8s.io/leases').length, 0);
  });

  it('keeps what revokes tokens until nobody takes tokens any more', async () => {
    await run('-n', 'mint', '--delete-objects');
    const at = (sought: RegExp) => cluster.server.seen.findIndex(({ verb, path }) => sought.test(`${verb} ${path}`));
    assert.ok(at(/^patch .*scale$/) > 0);
    assert.ok(at(/^patch .*scale$/) < at(/^delete .*tokenrevocations/));
  });

  it('--delete-objects with a dead operator: everything goes, and it is said that nothing was recorded', async () => {
    cluster.server.store.remove('/pods', 'mint', 'trustmint-6f7c-x');
    const { code, out } = await run('-n', 'mint', '--delete-objects');
    assert.equal(code, 0);
    assert.match(out, /^no replica is ready: what is deleted has no last record\n/);
    assert.deepEqual(recorded, []);
    assert.equal(held().length, 0);
  });

  it('what waits for its end already is let go', async () => {
    cluster.server.store.remove('/pods', 'mint', 'trustmint-6f7c-x');
    put('trustpolicies', 'waits', 'team-a', [OURS], { deletionTimestamp: '2026-01-01T00:00:00Z' });
    assert.equal((await run('-n', 'mint')).code, 0);
    assert.equal(
      of('trustpolicies').some(({ metadata }) => metadata.name === 'waits'),
      false,
    );
  });

  it('looks only where it is told that the operator looked', async () => {
    await run('-n', 'mint', '--watch-namespaces', 'team-a');
    const listed = cluster.server.seen.filter(({ verb, path }) => verb === 'list' && path.includes('/trustpolicies'));
    assert.deepEqual([...new Set(listed.map(({ path }) => path.split('/')[5]))], ['team-a', 'mint']);
    assert.deepEqual(
      held().map(({ metadata }) => metadata.name),
      ['two'],
    );
  });

  it('one of the namespaces that is gone, and with it the right to look into it, is no obstacle; one that is there is', async () => {
    const fault = cluster.server.fault!;
    cluster.server.fault = (seen) =>
      seen.path.includes('/namespaces/team-b/') ? { status: 403, reason: 'Forbidden' } : fault(seen);
    const args = ['-n', 'mint', '--watch-namespaces', 'team-a,team-b'];
    const { code, err } = await run(...args);
    assert.equal(code, 0, err);
    cluster.server.store.put('/namespaces', { metadata: { name: 'team-b' } });
    assert.notEqual((await run(...args)).code, 0);
  });

  it('a CRD that is gone already is no obstacle', async () => {
    const usual = cluster.server.fault!;
    cluster.server.fault = (seen) =>
      seen.path.includes('agentregistrations') ? { status: 404, reason: 'NotFound' } : usual(seen);
    assert.equal((await run('-n', 'mint', '--delete-objects')).code, 0);
    assert.equal(held().length, 0);
  });

  it('pods that do not go are waited for so long, and the finalizers come off all the same', async () => {
    arePodsStuck = true;
    const clock = new FakeClock();
    const [out, err] = [new PassThrough(), new PassThrough()];
    const io = { stdin: new PassThrough(), stdout: out, stderr: err };
    const flags = { kubeconfig: cluster.kubeconfig, deployment: 'trustmint', timeout: 120 };
    const ended = uninstall(flags, io, clock).then(() => true);
    let isDone = false;
    void ended.then(() => {
      isDone = true;
    });
    const began = clock.monotonic();
    while (!isDone) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    assert.ok(clock.monotonic() - began >= 120_000);
    assert.match(String(err.read()), /mint\/trustmint: 1 pods are still there; they are waited for no longer\n/);
    assert.deepEqual(held(), []);
  });

  it('ends with an error only if something still has the finalizer, and names it', async () => {
    const usual = cluster.server.fault!;
    cluster.server.fault = (seen) =>
      seen.verb === 'patch' && seen.path.endsWith('/one') ? { status: 403, reason: 'Forbidden' } : usual(seen);
    const { code, out, err } = await run('-n', 'mint');
    assert.equal(code, 1);
    assert.match(out, /took the finalizer off 2 objects\n/);
    assert.match(err, /you may not patch what has the finalizer/);
    assert.match(err, /\ntrustmint: 1 objects still have [^\n]*: TrustPolicy\/team-a\/one \(finalizers_left\)\n$/);
  });

  it('a Deployment that it may not scale is told, and no reason to leave finalizers behind', async () => {
    const usual = cluster.server.fault!;
    cluster.server.fault = (seen) =>
      seen.path.endsWith('/scale') ? { status: 403, reason: 'Forbidden' } : usual(seen);
    const { code, err } = await run('-n', 'mint');
    assert.equal(code, 0);
    assert.match(err, /^trustmint: Deployment mint\/trustmint is not known to have stopped: you may not scale/);
    assert.deepEqual(held(), []);
  });
});
