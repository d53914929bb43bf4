import assert from 'node:assert/strict';
import type { KubeClient } from '../../src/kube/types.ts';
import type { Cluster, Operator } from './cluster/index.ts';
import { OWN_ISSUER } from './cluster/index.ts';
import {
  type Answer,
  AUDIENCE,
  account,
  administrator,
  eventually,
  exchange,
  get,
  namespaceNamed,
  policy,
  post,
  proofOf,
  SOON,
  startMint,
  TRUST_POLICIES,
} from './serve-support.ts';

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
    ({ cluster, replicas } = await startMint(
      3,
      [
        ...['ai', 'team-a', 'team-b', 'people'].map((name) => namespaceNamed(name)),
        ...['agent', 'other', 'leaver'].map((name) => account('ai', name)),
        ...['team-a', 'team-b'].map((namespace) => account(namespace, 'agent')),
        ...['viewer', 'stranger'].map((name) => account('people', name)),
        // There is always one policy, so that a proof of this cluster is known for what it is.
        policy('ai', 'base', 'other'),
      ],
      FAST,
    ));
    one = replicas[0]!;
    admin = await administrator(cluster);
  });
  after(async function () {
    this.timeout(120_000);
    admin?.close();
    await cluster?.stop();
  });

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

  it('K8-6: a pod that is deleted gets nothing, though its account stays and its token is not over', async function () {
    this.timeout(ACCOUNT_GONE_WITHIN + 20_000);
    const metadata = { name: 'short-lived', namespace: 'ai' };
    const spec = { serviceAccountName: 'stayer', containers: [{ name: 'c', image: 'none' }] };
    await cluster.apply([
      account('ai', 'stayer'),
      policy('ai', 'stayer', 'stayer'),
      { apiVersion: 'v1', kind: 'Pod', metadata, spec },
    ]);
    const of = { namespace: 'ai', serviceAccount: 'stayer', audience: AUDIENCE };
    const bound = await cluster.token({ ...of, pod: metadata.name });
    await eventually(200, () => exchange(one, bound));
    await cluster.kubectl(['-n', 'ai', 'delete', 'pod', metadata.name, '--now']);
    const { body } = await eventually(401, () => exchange(one, bound), ACCOUNT_GONE_WITHIN);
    assert.equal(body.error, 'invalid_proof');
    assert.equal((await exchange(one, await cluster.token(of))).status, 200, 'the account still gets its own');
    await cluster.kubectl(['-n', 'ai', 'delete', 'tpol', 'stayer']);
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
        subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'people' }],
      },
    ]);
    viewer = await proofOf(cluster, 'people', 'viewer', OWN_ISSUER);
    return viewer;
  }

  it('policies and explain are for whoever RBAC lets list and explain them, and for nobody else on this machine', async () => {
    assert.ok((await policies()).some(({ name }) => name === 'base'));
    const credentials = await proofOf(cluster, 'ai', 'other');
    const explained = await post(`${one.ops}/explain`, { credentials }, await viewerToken());
    assert.equal(explained.body.granted, true, JSON.stringify(explained.body));
    assert.equal((await get(`${one.ops}/policies`)).status, 401);
    assert.equal((await get(`${one.ops}/policies`, 'e30.e30.e30')).status, 401);
    const nobody = await proofOf(cluster, 'people', 'stranger', OWN_ISSUER);
    assert.equal((await get(`${one.ops}/policies`, nobody)).status, 403);
    assert.equal((await post(`${one.ops}/explain`, { credentials }, nobody)).status, 403);
    const wrongAudience = await proofOf(cluster, 'people', 'viewer', AUDIENCE);
    assert.equal((await get(`${one.ops}/policies`, wrongAudience)).status, 401);
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
      await admin.create(TRUST_POLICIES, object, 'ai');
      times.apply!.push(await all(({ body }) => body.policy === `ai/${name}`));
      const { spec } = policy('ai', name, 'agent', {}, { caveats: ['round = 2'] });
      await admin.patch(TRUST_POLICIES, name, 'ai', 'merge', { spec });
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
});
