import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/clock.ts';
import {
  createKubeClient,
  EventRecorder,
  loadKubeconfig,
  mergeConditions,
  type NewCondition,
  StatusWriter,
  TerminalError,
} from '../../src/kube/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';
import { type Cluster, install, OPERATOR, startCluster, until } from './cluster/index.ts';

const POLICIES: ResourceType = {
  group: 'trustmint.dev',
  version: 'v1alpha1',
  plural: 'trustpolicies',
  namespaced: true,
};

const policy = (name: string) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'TrustPolicy',
  metadata: { name, namespace: 'team-a' },
  spec: {
    provider: 'kubernetes',
    audience: 'mint',
    trustRules: [{ name: 'all', match: { serviceAccount: '*' }, issue: { ttl: '1h' } }],
  },
});

const ready = (status: NewCondition['status'], object: KubeObject, message = 'served'): NewCondition => ({
  type: 'Ready',
  status,
  reason: 'Served',
  message,
  observedGeneration: object.metadata.generation ?? 0,
});

describe('status and Events against a real API server', () => {
  let cluster: Cluster;
  let client: KubeClient;
  let writer: StatusWriter;
  const clock = systemClock;

  before(async () => {
    cluster = await startCluster();
    await install(cluster);
    await cluster.kubectl(['create', 'namespace', 'team-a']);
    // With the rights that the operator is shipped with.
    client = createKubeClient({
      credentials: await loadKubeconfig(await cluster.kubeconfigFor(OPERATOR), undefined, { clock }),
      clock,
      random: randomBytes,
    });
    writer = new StatusWriter({ client, isLeader: () => true, clock: systemClock });
  });
  after(async () => {
    client?.close();
    await cluster?.stop();
  });

  async function applied(name: string): Promise<KubeObject> {
    await cluster.apply([policy(name)]);
    return client.get(POLICIES, name, 'team-a');
  }
  const read = (name: string) => client.get(POLICIES, name, 'team-a');
  const conditionsOf = (object: KubeObject) => (object.status as { conditions?: unknown } | undefined)?.conditions;

  it('kubectl wait sees a condition, kubectl get its columns, and the spec is left alone', async () => {
    const object = await applied('waits');
    const conditions = mergeConditions(conditionsOf(object), [ready('True', object)], clock.now());
    const status = { conditions, phase: 'Active', rules: 1, observedGeneration: object.metadata.generation };
    assert.equal(await writer.write(POLICIES, object, status), 'written');
    await cluster.kubectl(['-n', 'team-a', 'wait', '--for=condition=Ready', '--timeout=10s', 'tpol/waits']);
    assert.match(
      await cluster.kubectl(['-n', 'team-a', 'get', 'tpol', 'waits']),
      /waits +True +Active +kubernetes +mint +1 /,
    );
    const after = await read('waits');
    assert.deepEqual(after.spec, object.spec);
    assert.equal(after.metadata.generation, object.metadata.generation);
    assert.equal(await writer.write(POLICIES, after, status), 'unchanged');
  });

  it('keeps the time of a transition until there is one', async () => {
    const object = await applied('transitions');
    const first = mergeConditions([], [ready('False', object)], Date.parse('2026-01-01T00:00:00Z'));
    await writer.write(POLICIES, object, { conditions: first });
    const second = await read('transitions');
    const same = mergeConditions(conditionsOf(second), [ready('False', second, 'still not')], clock.now());
    assert.equal(same[0]?.lastTransitionTime, '2026-01-01T00:00:00Z');
    assert.equal(await writer.write(POLICIES, second, { conditions: same }), 'written');
    const third = await read('transitions');
    const [now] = mergeConditions(conditionsOf(third), [ready('True', third)], clock.now());
    assert.notEqual(now?.lastTransitionTime, '2026-01-01T00:00:00Z');
  });

  it('writes neither onto a newer version nor onto a namesake', async () => {
    const object = await applied('fenced');
    await cluster.kubectl(['-n', 'team-a', 'annotate', 'tpol', 'fenced', 'edited=yes']);
    assert.equal(await writer.write(POLICIES, object, { phase: 'Active' }), 'conflict');
    await cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'fenced']);
    assert.equal(await writer.write(POLICIES, object, { phase: 'Active' }), 'gone');
    const namesake = await applied('fenced');
    assert.notEqual(namesake.metadata.uid, object.metadata.uid);
    assert.equal(await writer.write(POLICIES, object, { phase: 'Active' }), 'gone');
    assert.equal((await read('fenced')).status, undefined);
  });

  it('lets one of eight writers at once win', async () => {
    const object = await applied('contended');
    for (let round = 0; round < 5; round += 1) {
      const current = await read('contended');
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          new StatusWriter({ client, isLeader: () => true, clock: systemClock }).write(POLICIES, current, {
            rules: round * 8 + i,
          }),
        ),
      );
      assert.deepEqual([...new Set(outcomes)].sort(), ['conflict', 'written']);
      assert.equal(outcomes.filter((outcome) => outcome === 'written').length, 1);
    }
    assert.equal((await read('contended')).metadata.uid, object.metadata.uid);
  });

  it('says of a status that the schema refuses that trying again is of no use', async () => {
    const object = await applied('refused');
    await assert.rejects(writer.write(POLICIES, object, { phase: 'NoSuchPhase' }), TerminalError);
  });

  it('may write no spec', async () => {
    const object = await applied('untouched');
    await assert.rejects(
      client.patch(POLICIES, 'untouched', 'team-a', 'merge', { spec: { state: 'Revoked' } }),
      /403 Forbidden/,
    );
    assert.deepEqual((await read('untouched')).spec, object.spec);
  });

  describe('Events', () => {
    const dropped: string[] = [];
    let recorder: EventRecorder;
    beforeEach(() => {
      dropped.length = 0;
      recorder = new EventRecorder({
        client,
        clock,
        random: randomBytes,
        controller: 'trustmint.dev/operator',
        instance: 'pod-1',
        onDropped: (reason) => dropped.push(reason),
      });
    });
    const eventOf = (object: KubeObject, note: string) => ({
      regarding: { ...object, apiVersion: 'trustmint.dev/v1alpha1', kind: 'TrustPolicy' },
      type: 'Warning' as const,
      reason: 'NoTenant',
      action: 'Compile',
      note,
    });

    it('stand in kubectl describe, once, with how often it happened', async () => {
      const object = await applied('told');
      recorder.record(eventOf(object, 'its namespace has no tenant'));
      await until(10_000, async () =>
        /has no tenant/.test(await cluster.kubectl(['-n', 'team-a', 'describe', 'tpol', 'told'])),
      );
      for (let i = 0; i < 5; i += 1) recorder.record(eventOf(object, 'its namespace has no tenant'));
      const count = ['-n', 'team-a', 'get', 'events.events.k8s.io', '-o', 'jsonpath={.items[*].series.count}'];
      await until(10_000, async () => Number(await cluster.kubectl(count)) >= 2);
      assert.deepEqual(dropped, []);
      await recorder.close(5_000);
    });

    it('of an object that is in no namespace are found with it too', async () => {
      const { kind, ...rest } = policy('wide');
      const manifest = { ...rest, kind: `Cluster${kind}`, metadata: { name: 'wide' } };
      const trustRules = [{ name: 'all', match: { namespace: 'team-a' }, issue: { ttl: '1h' } }];
      await cluster.apply([{ ...manifest, spec: { ...manifest.spec, trustRules } }]);
      const object = await client.get({ ...POLICIES, plural: 'clustertrustpolicies', namespaced: false }, 'wide');
      recorder.record({
        ...eventOf(object, 'told far and wide'),
        regarding: { ...object, apiVersion: 'trustmint.dev/v1alpha1', kind: 'ClusterTrustPolicy' },
      });
      await recorder.close(10_000);
      assert.deepEqual(dropped, []);
      assert.match(await cluster.kubectl(['describe', 'ctpol', 'wide']), /Warning +NoTenant .*told far and wide/);
    });

    it('of an ending namespace are dropped in silence', async () => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } };
      await cluster.apply([namespace, { ...policy('last'), metadata: { name: 'last', namespace: 'ending' } }]);
      const object = await client.get(POLICIES, 'last', 'ending');
      // No controller ends it here: it stays as it is.
      await cluster.kubectl(['delete', 'namespace', 'ending', '--wait=false']);
      recorder.record(eventOf(object, 'too late'));
      await recorder.close(10_000);
      assert.deepEqual(dropped, ['forbidden']);
    });
  });
});
