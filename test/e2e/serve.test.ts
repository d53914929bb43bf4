import assert from 'node:assert/strict';
import type { KubeClient } from '../../src/kube/types.ts';
import {
  type Cluster,
  install,
  OPERATOR,
  type Operator,
  OWN_ISSUER,
  startCluster,
  startOperator,
  until,
} from './cluster/index.ts';
import {
  type Answer,
  AUDIENCE,
  account,
  administrator,
  exchange,
  get,
  namespaceNamed,
  policy,
  post,
  proofOf,
  TRUST_POLICIES,
} from './serve-support.ts';

/** Milliseconds in which a change of a policy must be seen; how fast it really is a benchmark tells. */
const SOON = 5_000;
/** The API server itself remembers for 10 s that a token was good, Trustmint for 5 s. */
const ACCOUNT_GONE_WITHIN = 30_000;
const FAST = ['--rate-limit=10000,20000'];

describe('the mint in a cluster', () => {
  let cluster: Cluster;
  let admin: KubeClient;
  let replicas: Operator[];
  let one: Operator;

  before(async function () {
    this.timeout(300_000);
    cluster = await startCluster();
    await install(cluster);
    admin = await administrator(cluster);
    await cluster.apply([
      ...['ai', 'team-a', 'team-b', 'gateway'].map((name) => namespaceNamed(name)),
      ...['agent', 'other', 'leaver'].map((name) => account('ai', name)),
      ...['team-a', 'team-b'].map((namespace) => account(namespace, 'agent')),
      ...['proxy', 'stranger'].map((name) => account('gateway', name)),
    ]);
    // There is always one policy, so that a proof of this cluster is known for what it is.
    await cluster.apply([policy('ai', 'base', 'other')]);
    replicas = await Promise.all([1, 2, 3].map(() => startOperator(cluster, { flags: FAST })));
    for (const replica of replicas) await replica.ready();
    one = replicas[0]!;
  });
  after(async function () {
    this.timeout(120_000);
    admin?.close();
    await cluster?.stop();
  });

  async function eventually(wanted: number, ask: () => Promise<Answer>, withinMs = SOON): Promise<Answer> {
    let last: Answer | undefined;
    await until(withinMs, async () => {
      last = await ask();
      return last.status === wanted;
    }).catch(() => assert.equal(last?.status, wanted, JSON.stringify(last?.body)));
    return last!;
  }

  it('a policy applied with kubectl turns a pod’s token into a macaroon; deleted, it gives nothing more', async () => {
    const proof = await proofOf(cluster, 'ai', 'agent');
    assert.equal((await exchange(one, proof)).body.error, 'no_matching_policy');
    await cluster.apply([
      policy('ai', 'research', 'agent', {}, { budgetCredits: 1000, caveats: ['department = research'] }),
    ]);
    const { body } = await eventually(200, () => exchange(one, proof));
    assert.equal(body.policy, 'ai/research');
    assert.match(body.token as string, /^[\w-]{100,}$/);
    const caveats = body.caveats as string[];
    for (const caveat of ['tenant = ai', 'department = research', 'budget_credits <= 1000'])
      assert.ok(caveats.includes(caveat), `${caveat} in ${caveats}`);
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', 'research']);
    const refused = await eventually(403, () => exchange(one, proof));
    assert.equal(refused.body.error, 'no_matching_policy');
  });

  it('a proof for another audience, or for the API server, is none', async () => {
    for (const audience of ['elsewhere', cluster.server]) {
      const proof = await proofOf(cluster, 'ai', 'other', audience);
      assert.equal((await exchange(one, proof)).body.error, 'invalid_proof', audience);
    }
  });

  it('K8-6: an account that is deleted gets nothing, though its token is not over', async function () {
    this.timeout(ACCOUNT_GONE_WITHIN + 20_000);
    await cluster.apply([policy('ai', 'leaver', 'leaver')]);
    const proof = await proofOf(cluster, 'ai', 'leaver');
    await eventually(200, () => exchange(one, proof));
    await cluster.kubectl(['-n', 'ai', 'delete', 'serviceaccount', 'leaver']);
    const { body } = await eventually(401, () => exchange(one, proof), ACCOUNT_GONE_WITHIN);
    assert.equal(body.error, 'invalid_proof');
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', 'leaver']);
  });

  it('P47: a team’s policy that names another’s namespace is not served, and says so', async () => {
    const thief = policy('team-a', 'thief', 'agent');
    const rule = { ...thief.spec.trustRules[0]!, match: { namespace: 'team-b', serviceAccount: 'agent' } };
    await cluster.apply([{ ...thief, spec: { ...thief.spec, trustRules: [rule] } }, policy('team-a', 'own', 'agent')]);
    const mine = await eventually(200, async () => exchange(one, await proofOf(cluster, 'team-a', 'agent')));
    assert.ok((mine.body.caveats as string[]).includes('tenant = team-a'));
    assert.equal((await exchange(one, await proofOf(cluster, 'team-b', 'agent'))).body.error, 'no_matching_policy');
    const report = (await policies()).find(({ name }) => name === 'thief');
    assert.equal(report?.served, false);
    assert.equal(report?.conditions[0]?.reason, 'NamespaceNotAllowed');
    await cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', '--all']);
  });

  interface Report {
    name: string;
    served: boolean;
    conditions: { reason: string }[];
  }

  async function policies(): Promise<Report[]> {
    const { status, body } = await get(`${one.ops}/policies`, await viewerToken());
    assert.equal(status, 200, JSON.stringify(body));
    return body.objects as Report[];
  }

  let viewer: string | undefined;
  async function viewerToken(): Promise<string> {
    if (viewer) return viewer;
    await cluster.apply([
      account('gateway', 'viewer'),
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'viewer' },
        rules: [{ apiGroups: ['trustmint.dev'], resources: ['trustpolicies'], verbs: ['list', 'explain'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'viewer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' },
        subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'gateway' }],
      },
    ]);
    viewer = await proofOf(cluster, 'gateway', 'viewer', OWN_ISSUER);
    return viewer;
  }

  it('policies and explain are for whoever RBAC lets list and explain them, and for nobody else on this machine', async () => {
    assert.ok((await policies()).some(({ name }) => name === 'base'));
    const credentials = await proofOf(cluster, 'ai', 'other');
    const explained = await post(`${one.ops}/explain`, { credentials }, await viewerToken());
    assert.equal(explained.body.granted, true, JSON.stringify(explained.body));
    assert.equal((await get(`${one.ops}/policies`)).status, 401);
    assert.equal((await get(`${one.ops}/policies`, 'e30.e30.e30')).status, 401);
    const nobody = await proofOf(cluster, 'gateway', 'stranger', OWN_ISSUER);
    assert.equal((await get(`${one.ops}/policies`, nobody)).status, 403);
    assert.equal((await post(`${one.ops}/explain`, { credentials }, nobody)).status, 403);
    const wrongAudience = await proofOf(cluster, 'gateway', 'viewer', AUDIENCE);
    assert.equal((await get(`${one.ops}/policies`, wrongAudience)).status, 401);
  });

  it('a gateway asks about its own resource by its service account; replicas verify each other’s tokens', async () => {
    const resource = (name: string, verifiers: object[]) => ({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'ProtectedResource',
      metadata: { name },
      spec: { audience: `${name}-aud`, grantableFrom: { namespaces: ['ai'] }, verifiers },
    });
    await cluster.apply([
      resource('api', [{ namespace: 'gateway', serviceAccount: 'proxy' }]),
      resource('vault', [{ namespace: 'gateway', serviceAccount: 'stranger' }]),
      policy('ai', 'api', 'agent', {}, { resources: ['api', 'vault'] }),
    ]);
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
    const viewerOnly = await viewerToken();
    assert.equal((await post(`${one.url}/api/mint/verify`, { token: 'x', resource: 'api' }, viewerOnly)).status, 401);
  });

  it('a TokenRevocation of the own tenant kills at every replica, one of another tenant nothing', async () => {
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
    await until(SOON, async () => (await isActive(one)) === true);
  });

  it('three replicas serve what is applied, edited and deleted', async function () {
    this.timeout(120_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    const times: Record<string, number[]> = { apply: [], edit: [], delete: [] };
    const all = async (wanted: (answer: Answer) => boolean) => {
      const since = performance.now();
      await Promise.all(
        replicas.map(async (replica) => {
          while (!wanted(await exchange(replica, proof))) assert.ok(performance.now() - since < SOON, 'too late');
        }),
      );
      return performance.now() - since;
    };
    for (let i = 0; i < 10; i += 1) {
      const name = `quick-${i}`;
      const object = policy('ai', name, 'agent', {}, { caveats: ['round = 1'] });
      const made = await admin.create(TRUST_POLICIES, object, 'ai');
      times.apply!.push(await all(({ body }) => body.policy === `ai/${name}`));
      const edited = policy('ai', name, 'agent', {}, { caveats: ['round = 2'] });
      const { resourceVersion } = made.metadata;
      const next = { ...edited, metadata: { ...edited.metadata, resourceVersion } };
      const stored = await admin.get(TRUST_POLICIES, name, 'ai');
      next.metadata.resourceVersion = stored.metadata.resourceVersion;
      await admin.replace(TRUST_POLICIES, next, name, 'ai');
      times.edit!.push(await all(({ body }) => (body.caveats as string[] | undefined)?.includes('round = 2') ?? false));
      await admin.delete(TRUST_POLICIES, name, 'ai');
      times.delete!.push(await all(({ body }) => body.policy !== `ai/${name}`));
    }
    for (const [what, measured] of Object.entries(times)) {
      const sorted = measured.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)]!;
      console.log(
        `      ${what}: median ${median.toFixed(0)} ms, worst ${sorted.at(-1)!.toFixed(0)} ms until 3 replicas serve it`,
      );
      assert.ok(sorted.at(-1)! < SOON);
    }
  });

  it('keys that were deleted are written back by the leader; a new replica has the same', async function () {
    this.timeout(120_000);
    const proof = await proofOf(cluster, 'ai', 'agent');
    const proxy = await proofOf(cluster, 'gateway', 'proxy', OWN_ISSUER);
    const { body } = await eventually(200, () => exchange(one, proof, { resource: 'api' }));
    const keysOf = (replica: Operator) => get(`${replica.url}/api/mint/keys?resource=api`, proxy);
    const before = (await keysOf(one)).body.keys;
    await cluster.kubectl(['-n', OPERATOR.namespace, 'delete', 'secret', 'trustmint-keys']);
    const late = await startOperator(cluster, { flags: FAST });
    const waiting = await get(`${late.ops}/readyz?verbose`);
    assert.equal(waiting.status, 503);
    await until(10_000, async () =>
      /is gone, though keys were created/.test(JSON.stringify((await get(`${late.ops}/readyz?verbose`)).body)),
    );
    assert.equal((await exchange(late, proof)).status, 503);
    // The leader looks every 30 s.
    await late.ready(60_000);
    assert.deepEqual((await keysOf(late)).body.keys, before);
    const { body: verdict } = await post(`${late.url}/api/mint/verify`, { token: body.token, resource: 'api' }, proxy);
    assert.equal(verdict.active, true);
    await late.process.stop('SIGTERM');
  });
});
