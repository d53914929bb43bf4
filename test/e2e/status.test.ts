import assert from 'node:assert/strict';
import { until } from './cluster/index.ts';
import { exchange, policy, proofOf, TRUST_POLICIES } from './serve-support.ts';
import { eventually, startWatched, TAKEN_OVER, type Watched } from './status-support.ts';

/** A policy that fits the schema and does not compile: a TrustPolicy trusts its own namespace alone. */
const thief = policy('team-a', 'thief', 'agent', {
  trustRules: [{ name: 'r', match: { namespace: 'team-b', serviceAccount: 'agent' }, issue: { ttl: '1h' } }],
});

describe('status in a cluster', () => {
  let w: Watched;
  before(async function () {
    this.timeout(300_000);
    w = await startWatched();
  });
  after(async function () {
    this.timeout(120_000);
    await w?.stop();
  });

  it('kubectl wait --for=condition=Ready ends as soon as a policy is served, and an exchange by it works', async () => {
    await w.cluster.apply([policy('team-a', 'agents', 'agent')]);
    assert.match(await w.waitFor('condition=Ready', 'agents', TAKEN_OVER), /condition met/);
    const proof = await proofOf(w.cluster, 'team-a', 'agent');
    assert.equal((await exchange(w.replicas[0]!, proof)).status, 200);
  });

  it('kubectl get tpol shows Ready, Phase, Provider, Proof-Aud, Rules and Age', async () => {
    const [header = '', row = ''] = (await w.inTeam('get', 'tpol', 'agents')).split('\n');
    assert.deepEqual(header.split(/\s+/), ['NAME', 'READY', 'PHASE', 'PROVIDER', 'PROOF-AUD', 'RULES', 'AGE']);
    assert.match(row, /^agents\s+True\s+Active\s+kubernetes\s+satgate\s+1\s+\d+s$/);
  });

  it('every condition and the status name the generation that was compiled', async () => {
    await w.cluster.apply([policy('team-a', 'agents', 'agent', { maxProofAge: '2h' })]);
    await w.waitFor('jsonpath={.status.observedGeneration}=2', 'agents');
    const { status } = await w.stored('agents');
    const { conditions } = status as { conditions: { type: string; observedGeneration: number }[] };
    assert.deepEqual(
      conditions.map(({ type, observedGeneration }) => [type, observedGeneration]),
      [
        ['Accepted', 2],
        ['ResolvedRefs', 2],
        ['Ready', 2],
        ['Revoked', 2],
      ],
    );
  });

  it('a policy that does not compile says why, with path and code, in describe, its conditions and an Event', async () => {
    await w.cluster.apply([thief]);
    await w.waitFor('condition=Ready=False', 'thief');
    assert.equal(await w.conditionOf('thief', 'Accepted', 'reason'), 'NamespaceNotAllowed');
    const message = await w.conditionOf('thief', 'Ready', 'message');
    assert.match(message, /^spec\.trustRules\[0\]\.match\.namespace: .*team-a.*\(NamespaceNotAllowed\)$/);
    assert.match(await w.inTeam('get', 'tpol', 'thief'), /\nthief +False +Invalid +kubernetes +satgate +0 /);
    const event = await w.eventOf('thief', 'Invalid');
    assert.equal(event.type, 'Warning');
    assert.match(String(event.note), /spec\.trustRules\[0\]\.match\.namespace/);
    const described = await w.inTeam('describe', 'tpol', 'thief');
    assert.match(described, /spec\.trustRules\[0\]\.match\.namespace/);
    assert.match(described, /Warning +Invalid .*trustmint/);
  });

  it('fixing it makes it Ready, and tells so', async () => {
    await w.cluster.apply([policy('team-a', 'thief', 'agent')]);
    await w.waitFor('condition=Ready', 'thief');
    assert.equal((await w.eventOf('thief', 'Accepted')).type, 'Normal');
  });

  it('a rule that another policy takes everything from is told in Accepted', async () => {
    await eventually('Unreachable', async () =>
      /spec\.trustRules\[0\]: rule agents of TrustPolicy agents .*\(Unreachable\)/.test(
        await w.conditionOf('thief', 'Accepted', 'message'),
      ),
    );
    await w.inTeam('delete', 'tpol', 'agents');
    await eventually(
      'nothing to look at',
      async () => (await w.conditionOf('thief', 'Accepted', 'message')) === 'the object is valid',
    );
  });

  it('Suspended and Revoked show in Phase and as Events, and Ready is False', async () => {
    for (const state of ['Suspended', 'Revoked']) {
      await w.cluster.apply([policy('team-a', 'thief', 'agent', { state })]);
      await w.waitFor(`jsonpath={.status.phase}=${state}`, 'thief');
      assert.equal(await w.conditionOf('thief', 'Ready', 'status'), 'False');
      await w.eventOf('thief', state);
    }
    assert.match(await w.waitFor('condition=Revoked', 'thief'), /condition met/);
  });

  it('a rule whose resource does not exist: ResolvedRefs is False until it does', async () => {
    await w.cluster.apply([policy('team-a', 'dangling', 'agent', {}, { resources: ['api'] })]);
    await w.waitFor('condition=ResolvedRefs=False', 'dangling');
    assert.match(await w.conditionOf('dangling', 'ResolvedRefs', 'message'), /resources.*api.*\(ResourceNotFound\)/);
    const resource = { audience: 'api', grantableFrom: { namespaces: ['team-a'] } };
    await w.cluster.apply([
      { apiVersion: 'trustmint.dev/v1alpha1', kind: 'ProtectedResource', metadata: { name: 'api' }, spec: resource },
    ]);
    await w.waitFor('condition=ResolvedRefs', 'dangling');
    await w.waitFor('condition=Ready', 'dangling');
    await w.cluster.kubectl(['wait', '--for=condition=Accepted', '--timeout=10s', 'pres/api']);
    assert.match(await w.cluster.kubectl(['get', 'pres', 'api']), /\napi +True /);
  });

  it('a ClusterTrustPolicy and a TokenRevocation have theirs', async () => {
    const spec = {
      provider: 'kubernetes',
      audience: 'satgate',
      trustRules: [{ name: 'r', match: { namespace: 'team-b' }, issue: { ttl: '1h' } }],
    };
    await w.cluster.apply([
      { apiVersion: 'trustmint.dev/v1alpha1', kind: 'ClusterTrustPolicy', metadata: { name: 'all' }, spec },
      {
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'TokenRevocation',
        metadata: { name: 'dead', namespace: 'team-a' },
        spec: { token: 'a-jti' },
      },
    ]);
    await w.cluster.kubectl(['wait', '--for=condition=Ready', '--timeout=10s', 'ctpol/all']);
    await w.inTeam('wait', '--for=condition=Accepted', '--timeout=10s', 'trev/dead');
    assert.match(await w.inTeam('get', 'trev', 'dead'), /\ndead .*True/);
  });

  it('nothing is written while nothing changes', async () => {
    await w.cluster.apply([policy('team-a', 'still', 'someone-else')]);
    await w.waitFor('condition=Ready', 'still');
    const written = await w.admin.list(TRUST_POLICIES, { namespace: 'team-a' });
    for (const { metadata } of written.items) await w.held(metadata.name);
    const versions = async () => {
      const { items } = await w.admin.list(TRUST_POLICIES, {});
      return items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
    };
    const before = await versions();
    const end = Date.now() + 4_000;
    await until(10_000, async () => Date.now() > end);
    assert.deepEqual(await versions(), before);
  });
});
