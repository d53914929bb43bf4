import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsePage } from '../docs/markdown.ts';
import { ROOT } from '../monitoring/rules.ts';
import { resource } from './bad-days/world.ts';
import { binary, type Cluster, install, OPERATOR, startCluster, until } from './cluster/index.ts';
import { type Nodes, startNodes } from './node/index.ts';
import { type Asked, askSecurely } from './secure-ask.ts';
import { account, namespaceNamed, policy, proofOf } from './serve-support.ts';

const { namespace } = OPERATOR;
const ISSUER = 'https://trustmint.trustmint-system.svc:8443';
/** The blocks of the pages, in their order. */
const [BACKUP, SECRET_LOST, NAMESPACE_LOST, ...REST] = ['docs/operations.md', 'docs/kubernetes.md'].flatMap((page) =>
  parsePage(page)
    .fences.filter(({ marker }) => marker?.does === 'run' && marker.world === 'disaster')
    .map(({ text }) => text),
) as [string, string, string, string];
const [GIVEN_UP] = REST as [string];

/** The operator's Pods really run here, so that they go, come and become ready as in a cluster. */
describe('What is lost, and restored as the page says', function () {
  this.timeout(400_000);
  let cluster: Cluster;
  let nodes: Nodes;
  let dir: string;
  let agent: string;
  let gateway: string;
  /** One that is good, and one that was revoked. */
  let token: string;
  let dead: string;
  let ca: string;

  /** What a person types, in a clone of this repository. */
  async function type(script: string): Promise<string> {
    const env = { PATH: `${dir}/bin:${process.env.PATH}`, KUBECONFIG: cluster.adminKubeconfig, HOME: dir };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: dir, env });
    return stdout;
  }
  const pods = () => cluster.kubectl(['-n', namespace, 'get', 'pods', '-o', 'name']);
  const gone = (what: () => Promise<string>) => until(120_000, async () => (await what()).trim() === '');

  async function ask(path: string, body: object, bearer?: string): Promise<Asked> {
    const port = await nodes.reachService(namespace, 'trustmint', 'mint');
    return askSecurely({
      port,
      servername: 'trustmint.trustmint-system.svc',
      ca,
      path,
      body,
      ...(bearer && { bearer }),
    });
  }
  async function mint(): Promise<string> {
    let body: Asked['body'] = {};
    await until(60_000, async () => {
      const answer = await ask('/api/mint/exchange', { credentials: agent, resource: 'api' }).catch(() => undefined);
      body = answer?.body ?? {};
      return answer?.status === 200;
    });
    return body.token as string;
  }
  const isActive = async (what: string) => {
    let answer: Asked | undefined;
    await until(60_000, async () => {
      answer = await ask('/api/mint/verify', { token: what, resource: 'api' }, gateway).catch(() => undefined);
      return answer?.status === 200;
    });
    return answer!.body.active;
  };

  before(async () => {
    assert.equal(REST.length, 1, 'each block of the world "disaster" has its test here');
    cluster = await startCluster({ controllerManager: true });
    nodes = await startNodes(cluster);
    dir = join(cluster.dir, 'person');
    mkdirSync(join(dir, 'bin'), { recursive: true });
    symlinkSync(binary('kubectl'), join(dir, 'bin/kubectl'));
    symlinkSync(join(ROOT, 'config'), join(dir, 'config'));
    await install(cluster);
    await cluster.kubectl(['apply', '-k', join(ROOT, 'config/default')]);
    await cluster.apply([
      ...['team', 'gateway'].map((name) => namespaceNamed(name)),
      account('team', 'agent'),
      account('gateway', 'proxy'),
      resource('api', {
        audience: 'api-aud',
        grantableFrom: { namespaces: ['team'] },
        verifiers: [{ namespace: 'gateway', serviceAccount: 'proxy' }],
      }),
      policy('team', 'agents', 'agent', {}, { resources: ['api'] }),
    ]);
    await cluster.kubectl(['-n', namespace, 'rollout', 'status', 'deployment/trustmint', '--timeout=3m']);
    ca = await cluster.kubectl([
      '-n',
      namespace,
      'get',
      'configmap',
      'trustmint-ca',
      '-o',
      'jsonpath={.data.ca\\.crt}',
    ]);
    agent = await proofOf(cluster, 'team', 'agent');
    gateway = await proofOf(cluster, 'gateway', 'proxy', ISSUER);
    token = await mint();
    dead = await mint();
    const jti = (await ask('/api/mint/verify', { token: dead, resource: 'api' }, gateway)).body.jti;
    await cluster.apply([
      {
        apiVersion: 'trustmint.dev/v1alpha1',
        kind: 'TokenRevocation',
        metadata: { name: 'leaked', namespace },
        spec: { token: jti },
      },
    ]);
    await until(30_000, async () => (await isActive(dead)) === false);
    await type(BACKUP);
  });
  after(async () => {
    await nodes?.stop();
    await cluster?.stop();
  });

  it('the Secret, when no replica is left that has the keys: none is ready until the backup is there, and old tokens verify', async () => {
    await type(`kubectl -n ${namespace} scale deployment trustmint --replicas=0`);
    await gone(pods);
    await type(`kubectl -n ${namespace} delete secret trustmint-keys
kubectl -n ${namespace} scale deployment trustmint --replicas=2`);
    await until(60_000, async () => (await pods()).trim() !== '');
    await assert.rejects(type(`kubectl -n ${namespace} rollout status deployment/trustmint --timeout=20s`));
    await type(SECRET_LOST);
    assert.equal(await isActive(token), true);
    assert.equal(await isActive(dead), false);
    await mint();
  });

  it('the whole namespace: tokens of before verify, what was revoked stays dead, and clients know the certificate', async () => {
    await type(`kubectl delete namespace ${namespace} --timeout=120s`);
    assert.match(await type('kubectl get tpol -n team'), /agents/, 'policies of teams are not its business');
    await type(NAMESPACE_LOST);
    assert.equal(await isActive(token), true);
    assert.equal(await isActive(dead), false);
    await mint();
    writeFileSync(join(dir, 'keys-now.json'), await type(`kubectl -n ${namespace} get secret trustmint-keys -o json`));
    assert.equal(
      await type('jq -r \'.data["keys.json"]\' keys-now.json'),
      await type('jq -r \'.items[] | select(.metadata.name == "trustmint-keys").data["keys.json"]\' keys.json'),
    );
  });

  it('every token, given up because the keys leaked: they are dead, and workloads exchange again', async () => {
    const before = await type(`kubectl -n ${namespace} get secret trustmint-keys -o jsonpath='{.data}'`);
    await type(`${GIVEN_UP}kubectl -n ${namespace} rollout status deployment/trustmint --timeout=3m`);
    assert.notEqual(await type(`kubectl -n ${namespace} get secret trustmint-keys -o jsonpath='{.data}'`), before);
    assert.equal(await isActive(token), false);
    assert.equal(await isActive(await mint()), true);
  });
});
