import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, install, type Operator, startCluster, startOperator, until } from './cluster/index.ts';
import { exchange } from './serve-support.ts';
import { runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NAMESPACE = 'ai-agents';

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly initContainers?: readonly Container[];
    readonly volumes: readonly {
      readonly projected?: { readonly sources: readonly { readonly serviceAccountToken?: ProjectedToken }[] };
    }[];
  };
}

interface ProjectedToken {
  readonly audience?: string;
  readonly expirationSeconds: number;
  readonly path: string;
}

describe('examples/kubernetes', () => {
  let cluster: Cluster;
  let operator: Operator;
  before(async function () {
    this.timeout(300_000);
    // Deployments and Jobs become pods; there is no node, so that nothing runs in them.
    cluster = await startCluster({ controllerManager: true });
    await install(cluster);
    operator = await startOperator(cluster);
    await operator.ready();
    await apply('research-agent.yaml');
  });
  after(async function () {
    this.timeout(120_000);
    await cluster?.stop();
  });

  const apply = (file: string) => cluster.kubectl(['apply', '-f', join(ROOT, 'examples/kubernetes', file)]);

  /** The pod of a service account, once there is one. */
  async function podOf(selector: string): Promise<Pod> {
    let pods: Pod[] = [];
    await until(30_000, async () => {
      const out = await cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'json', ...selector.split(' ')]);
      pods = (JSON.parse(out) as { items: Pod[] }).items;
      return pods.length > 0;
    });
    return pods[0]!;
  }

  /** Writes the token that the kubelet would write for the pod. @returns the folder, and the token */
  async function project({ metadata: { name }, spec }: Pod): Promise<{ dir: string; token: string }> {
    const sources = spec.volumes.flatMap(({ projected }) => projected?.sources ?? []);
    const asked = sources.flatMap(({ serviceAccountToken: one }) => (one?.audience === undefined ? [] : [one]));
    assert.equal(asked.length, 1, 'one token with an audience');
    const { audience = '', expirationSeconds, path } = asked[0]!;
    const token = await cluster.token({
      namespace: NAMESPACE,
      serviceAccount: spec.serviceAccountName,
      audience,
      duration: `${expirationSeconds}s`,
      pod: name,
    });
    const dir = join(cluster.dir, `pod-${name}`);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, path), token);
    return { dir, token };
  }

  it('agent-pod.yaml: the token of the file becomes one of the mint', async () => {
    await apply('agent-pod.yaml');
    const { token } = await project(await podOf('--field-selector=metadata.name=research-agent'));
    await until(10_000, async () => (await exchange(operator, token)).status === 200);
    const { body } = await exchange(operator, token);
    assert.equal(body.policy, 'ai-agents/research');
    assert.ok((body.caveats as string[]).includes('budget_credits <= 1000'));
  });

  it('init-container.yaml: what the init container runs leaves a token that verifies, and nothing when it is refused', async () => {
    await apply('init-container.yaml');
    const pod = await podOf('-l job-name=nightly-report');
    const { dir } = await project(pod);
    const [init] = pod.spec.initContainers!;
    const script = init!.args!.join('\n').replaceAll('/var/run/secrets/tokens', dir).replaceAll('/run/mint', dir);
    const env = { PATH: process.env.PATH ?? '', SATGATE_MINT_URL: `${operator.url}/api/mint/exchange` };
    const { code, err } = await runToEnd('sh', ['-euc', script], ROOT, env);
    assert.equal(code, 0, err);
    assert.match(readFileSync(join(dir, 'token'), 'utf8'), /^[\w-]{100,}\n?$/);
    writeFileSync(join(dir, 'satgate-token'), 'not.a.token');
    const refused = await runToEnd('sh', ['-euc', script], ROOT, env);
    assert.notEqual(refused.code, 0);
  });

  it('in-process.yaml: the program of the ConfigMap gets its token from the mint', async () => {
    await apply('in-process.yaml');
    const pod = await podOf('-l app=support-agent');
    const { dir, token } = await project(pod);
    await until(10_000, async () => (await exchange(operator, token)).status === 200);
    const map = await cluster.kubectl(['get', 'configmap', 'support-agent', '-n', NAMESPACE, '-o', 'json']);
    writeFileSync(join(dir, 'agent.py'), (JSON.parse(map) as { data: Record<string, string> }).data['agent.py']!);
    const program = spawn('python3', [join(dir, 'agent.py')], {
      env: {
        ...process.env,
        SATGATE_MINT_URL: `${operator.url}/api/mint/exchange`,
        IDENTITY_TOKEN_FILE: join(dir, 'satgate-token'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value, 'a token for 3600 s');
    } finally {
      program.kill();
    }
  });

  it('platform.yaml: what the platform team says holds in every namespace', async () => {
    await apply('platform.yaml');
    await cluster.kubectl(['create', 'namespace', 'elsewhere']);
    await cluster.kubectl(['create', 'serviceaccount', 'any-agent', '-n', 'elsewhere']);
    const of = (serviceAccount: string) =>
      cluster.token({ namespace: 'elsewhere', serviceAccount, audience: 'satgate' });
    const anyone = await of('any-agent');
    await until(10_000, async () => (await exchange(operator, anyone)).status === 200);
    const { body } = await exchange(operator, anyone);
    assert.equal(body.policy, 'small-for-agents');
    assert.ok((body.caveats as string[]).includes('tenant = elsewhere'));
    await until(10_000, async () => (await cluster.tryKubectl(['get', 'sa', 'default', '-n', 'elsewhere'])).code === 0);
    assert.equal((await exchange(operator, await of('default'))).body.error, 'no_matching_policy');
  });
});
