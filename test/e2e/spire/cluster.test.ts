import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { type Cluster, OPERATOR, type Operator, until } from '../cluster/index.ts';
import { eventually, exchange, namespaceNamed, startMint } from '../serve-support.ts';
import { AGENT, SCOPE, withBundle } from './agents.ts';
import { type Spire, startSpire } from './spire.ts';

const AUDIENCE = 'http://mint.localhost:8080';
const BUNDLE = { namespace: OPERATOR.namespace, name: 'spire-bundle', key: 'bundle.spiffe' };
/** Every workload of the trust domain, for itself. */
const WORKLOADS = {
  name: 'workloads',
  match: { id: 'spiffe://cluster.local/**' },
  issue: { resources: ['sample-api-a'], scopes: [SCOPE], ttl: '10m' },
};
const MACAROONS = { name: 'macaroons', match: { id: 'spiffe://cluster.local/**' }, issue: { budgetCredits: 7 } };

describe('SVIDs of a real SPIRE that publishes its bundle into a real cluster', () => {
  let cluster: Cluster;
  let operator: Operator;
  let spire: Spire;

  before(async function () {
    this.timeout(300_000);
    const { 'policy.yaml': policy, 'resource.yaml': resource } = withBundle({ configMapRef: { name: BUNDLE.name } });
    Object.assign(policy.spec, { audience: AUDIENCE, trustRules: [WORKLOADS, MACAROONS] });
    const { namespace, name } = BUNDLE;
    // What SPIRE may do here: write this one ConfigMap.
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { namespace, name } };
    const started = await startMint(
      1,
      [
        namespaceNamed('spire'),
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'spire', name: 'spire-server' } },
        {
          ...{ ...rbac, kind: 'Role' },
          rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get', 'patch'] }],
        },
        {
          ...{ ...rbac, kind: 'RoleBinding' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
          subjects: [{ kind: 'ServiceAccount', namespace: 'spire', name: 'spire-server' }],
        },
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } },
        ...[policy, resource],
      ],
      ['--rate-limit=1000,1000'],
    );
    cluster = started.cluster;
    operator = started.replicas[0]!;
    const kubeconfig = await cluster.kubeconfigFor({ namespace: 'spire', serviceAccount: 'spire-server' });
    spire = await startSpire({ publishTo: { kubeconfig, ...BUNDLE } });
    await spire.register(AGENT);
  });
  after(async function () {
    this.timeout(120_000);
    await spire?.stop();
    await cluster?.stop();
  });

  it('become JWTs and macaroons', async () => {
    const proof = await spire.svid(AGENT, AUDIENCE);
    const jwt = await eventually(200, () => exchange(operator, proof, { scopes: [SCOPE] }));
    const { sub, act, tenant } = decodeJwt(jwt.body.token as string);
    assert.deepEqual([sub, act, tenant], [AGENT, undefined, 'tenant-1']);
    const { status, body } = await exchange(operator, proof);
    assert.deepEqual([status, body.policy], [200, 'agents']);
    assert.ok((body.caveats as string[]).includes('budget_credits <= 7'));
  });

  it('follow SPIRE: a new key is good within seconds, and one that it withdraws no longer is', async () => {
    const before = await spire.mint(AGENT, AUDIENCE, 600);
    assert.equal((await exchange(operator, before)).status, 200);
    const kid = await spire.rotate();
    const after = await spire.mint(AGENT, AUDIENCE, 600);
    await eventually(200, () => exchange(operator, after), 60_000);
    assert.equal((await exchange(operator, before)).status, 200);
    await spire.revokeKey(kid);
    const { body } = await eventually(401, () => exchange(operator, before), 60_000);
    assert.equal(body.error, 'invalid_proof');
    assert.equal((await exchange(operator, after)).status, 200);
  });

  it('are good for nothing once the bundle is gone, and again when it is back', async () => {
    // Not from the agent, which may still hand out what a withdrawn key signed.
    const proof = await spire.mint(AGENT, AUDIENCE, 600);
    await eventually(200, () => exchange(operator, proof));
    const map = JSON.parse(
      await cluster.kubectl(['get', 'configmap', BUNDLE.name, '-n', BUNDLE.namespace, '-o', 'json']),
    );
    await cluster.kubectl(['delete', 'configmap', BUNDLE.name, '-n', BUNDLE.namespace]);
    let status = 200;
    await until(20_000, async () => {
      status = (await exchange(operator, proof)).status;
      return status !== 200;
    });
    assert.equal(status, 503, 'the keys cannot be had: no word about the SVID');
    const { namespace, name } = BUNDLE;
    await cluster.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: map.data }]);
    await eventually(200, () => exchange(operator, proof), 30_000);
  });
});
