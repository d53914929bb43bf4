import assert from 'node:assert/strict';
import { type Cluster, OPERATOR, type Operator, OWN_ISSUER, startOperator, until } from './cluster/index.ts';
import {
  account,
  eventually,
  exchange,
  get,
  namespaceNamed,
  policy,
  post,
  proofOf,
  SOON,
  startMint,
} from './serve-support.ts';

const FAST = ['--rate-limit=10000,20000'];

const resource = (name: string, verifiers: object[]) => ({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name },
  spec: { audience: `${name}-aud`, grantableFrom: { namespaces: ['ai'] }, verifiers },
});

describe('gateways in a cluster', () => {
  let cluster: Cluster;
  let replicas: Operator[];
  let one: Operator;

  before(async function () {
    this.timeout(300_000);
    ({ cluster, replicas } = await startMint(
      2,
      [
        ...['ai', 'team-b', 'gateway'].map((name) => namespaceNamed(name)),
        account('ai', 'agent'),
        ...['proxy', 'stranger', 'nobody'].map((name) => account('gateway', name)),
        resource('api', [{ namespace: 'gateway', serviceAccount: 'proxy' }]),
        resource('vault', [{ namespace: 'gateway', serviceAccount: 'stranger' }]),
        policy('ai', 'api', 'agent', {}, { resources: ['api', 'vault'] }),
      ],
      FAST,
    ));
    one = replicas[0]!;
  });
  after(async function () {
    this.timeout(120_000);
    await cluster?.stop();
  });

  it('a gateway asks about its own resource by its service account; replicas verify each other’s tokens', async () => {
    const proof = await proofOf(cluster, 'ai', 'agent');
    const forApi = await eventually(200, () => exchange(one, proof, { resource: 'api' }));
    const forVault = await eventually(200, () => exchange(one, proof, { resource: 'vault' }));
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    for (const replica of replicas) {
      const verify = (token: unknown, resource: string, bearer?: string) =>
        post(`${replica.url}/api/mint/verify`, { token, resource }, bearer);
      const good = await eventually(200, () => verify(forApi.body.token, 'api', proxy));
      assert.equal(good.body.active, true, JSON.stringify(good.body));
      assert.equal(good.body.tenant, 'ai');
      const {
        correlation_id: _,
        stale_seconds: __,
        ...foreign
      } = (await verify(forVault.body.token, 'api', proxy)).body;
      assert.deepEqual(foreign, { active: false });
      assert.equal((await verify(forVault.body.token, 'vault', proxy)).status, 401);
      assert.equal((await verify(forApi.body.token, 'api')).status, 401);
      assert.equal((await get(`${replica.url}/api/mint/keys?resource=api`, proxy)).status, 200);
      assert.equal((await get(`${replica.url}/api/mint/keys?resource=vault`, proxy)).status, 401);
      assert.equal((await get(`${replica.url}/api/mint/revocations?resource=api`, proxy)).status, 200);
    }
    const nobody = await proofOf(cluster, 'gateway', 'nobody', OWN_ISSUER);
    assert.equal((await post(`${one.url}/api/mint/verify`, { token: 'x', resource: 'api' }, nobody)).status, 401);
  });

  it('a TokenRevocation of the own tenant kills at every replica, one of another tenant nothing', async function () {
    this.timeout(180_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    const { body } = await eventually(200, () => exchange(one, proof, { resource: 'api' }));
    const dead = (namespace: string) => ({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'TokenRevocation',
      metadata: { name: 'dead', namespace },
      spec: { grant: body.grant_id, reason: 'a test' },
    });
    const isActive = async (replica: Operator) =>
      (await post(`${replica.url}/api/mint/verify`, { token: body.token, resource: 'api' }, proxy)).body.active;
    await cluster.apply([dead('team-b')]);
    // Whatever comes after it was seen, so was it.
    await cluster.apply([
      { ...dead('team-b'), metadata: { name: 'marker', namespace: OPERATOR.namespace }, spec: { grant: 'marker' } },
    ]);
    const feed = async (replica: Operator) =>
      JSON.stringify((await get(`${replica.url}/api/mint/revocations?resource=api`, proxy)).body.entries);
    for (const replica of replicas) {
      await until(SOON, async () => (await feed(replica)).includes('"marker"'));
      assert.equal(await isActive(replica), true);
    }
    await cluster.apply([dead('ai')]);
    for (const replica of replicas) await until(SOON, async () => (await isActive(replica)) === false);
    await cluster.kubectl(['-n', 'ai', 'delete', 'trev', 'dead']);
    // First it is found out that a person took it back, and that takes more than half a minute.
    await until(120_000, async () => (await isActive(one)) === true);
  });

  it('keys that were deleted are written back by the leader; a new replica has the same', async function () {
    this.timeout(120_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    const { body } = await eventually(200, () => exchange(one, proof, { resource: 'api' }));
    const keysOf = (replica: Operator) => get(`${replica.url}/api/mint/keys?resource=api`, proxy);
    const before = (await keysOf(one)).body.keys;
    // Nobody writes them back before it was seen what a replica without them does.
    for (const replica of replicas) replica.process.signal('SIGSTOP');
    await cluster.kubectl(['-n', OPERATOR.namespace, 'delete', 'secret', 'trustmint-keys']);
    const late = await startOperator(cluster, { flags: FAST });
    const waiting = await get(`${late.ops}/readyz?verbose`);
    assert.equal(waiting.status, 503);
    await until(10_000, async () =>
      /is gone, though keys were created/.test(JSON.stringify((await get(`${late.ops}/readyz?verbose`)).body)),
    );
    assert.equal((await exchange(late, proof)).status, 503);
    for (const replica of replicas) replica.process.signal('SIGCONT');
    // The leader looks every 10 s.
    await late.ready(60_000);
    assert.deepEqual((await keysOf(late)).body.keys, before);
    const { body: verdict } = await post(`${late.url}/api/mint/verify`, { token: body.token, resource: 'api' }, proxy);
    assert.equal(verdict.active, true);
    await late.process.stop('SIGTERM');
  });
});
