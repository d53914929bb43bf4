import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, KubectlError, startCluster, until } from './cluster/index.ts';

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Starts a cluster, tells of it and waits: whoever kills this kills its owner. */
const OWNER = `
  import { startCluster } from '${join(import.meta.dirname, 'cluster/index.ts')}';
  const { etcd, apiserver, dir } = await startCluster();
  console.log(JSON.stringify({ pids: [etcd.pid, apiserver.pid], dir }));
  setInterval(() => {}, 1000);
`;

describe('The test cluster', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ controllerManager: true });
  });
  after(() => cluster?.stop());

  it('obeys its administrator, and runs the controllers that were asked for', async () => {
    assert.equal(await cluster.kubectl(['auth', 'can-i', '*', '*', '-A']), 'yes\n');
    await cluster.kubectl(['create', 'namespace', 'team-a']);
    await until(30_000, async () => {
      const { code } = await cluster.tryKubectl(['-n', 'team-a', 'get', 'serviceaccount', 'default']);
      return code === 0;
    });
  });

  it('knows who its kubeconfigs are: a user with groups, a service account', async () => {
    const editor = await cluster.kubeconfigFor({ user: 'o/hara+1', groups: ['team-a:editors', 'all'] });
    const whoAmI = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}'];
    assert.equal(
      await cluster.kubectl(whoAmI, { kubeconfig: editor }),
      'o/hara+1 ["team-a:editors","all","system:authenticated"]',
    );
    await cluster.kubectl(['-n', 'team-a', 'create', 'serviceaccount', 'worker']);
    const worker = await cluster.kubeconfigFor({ namespace: 'team-a', serviceAccount: 'worker' });
    assert.match(await cluster.kubectl(whoAmI, { kubeconfig: worker }), /^system:serviceaccount:team-a:worker /);
    await assert.rejects(cluster.kubectl(['get', 'namespaces'], { kubeconfig: worker }), (error: Error) => {
      assert.ok(error instanceof KubectlError);
      assert.match(error.message, /Forbidden/);
      return true;
    });
  });

  it('its tokens have the audience that was asked for', async () => {
    const token = await cluster.token({ namespace: 'team-a', serviceAccount: 'worker', audience: 'mint' });
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    assert.deepEqual(claims.aud, ['mint']);
    assert.equal(claims.iss, cluster.server);
    assert.equal(claims.sub, 'system:serviceaccount:team-a:worker');
  });

  it('keeps what it holds when both its servers crash, on the same ports', async () => {
    await cluster.apiserver.stop();
    await cluster.etcd.restart();
    assert.equal(cluster.apiserver.pid, undefined);
    assert.notEqual((await cluster.tryKubectl(['get', 'namespaces'])).code, 0);
    await cluster.apiserver.start();
    assert.match(await cluster.kubectl(['get', 'namespaces', '-o', 'name']), /^namespace\/team-a$/m);
  });

  it('can be frozen, and goes on', async () => {
    cluster.apiserver.signal('SIGSTOP');
    const frozen = await cluster.tryKubectl(['get', 'namespaces', '--request-timeout=1s']);
    assert.notEqual(frozen.code, 0);
    cluster.apiserver.signal('SIGCONT');
    await cluster.apiserver.ready();
    await cluster.kubectl(['get', 'namespaces']);
  });

  it('can be given another authority, which its kubeconfigs then refer to', async () => {
    const before = readFileSync(cluster.ca, 'utf8');
    await cluster.rotateServingAuthority();
    assert.notEqual(readFileSync(cluster.ca, 'utf8'), before);
    await cluster.kubectl(['get', 'namespaces']);
  });

  it('is one of several, each its own', async () => {
    const others = await Promise.all([startCluster(), startCluster()]);
    try {
      await others[0].kubectl(['create', 'namespace', 'only-here']);
      assert.doesNotMatch(await others[1].kubectl(['get', 'namespaces', '-o', 'name']), /only-here/);
    } finally {
      await Promise.all(others.map((other) => other.stop()));
    }
    for (const { dir, apiserver } of others) {
      assert.equal(apiserver.pid, undefined);
      assert.ok(!existsSync(dir));
    }
  });

  it('what cannot start says why, and leaves nothing', async () => {
    await assert.rejects(startCluster({ apiserverFlags: ['--no-such-flag'] }), /kube-apiserver.*no-such-flag/s);
  });

  it('ends with its owner, however that ends', async () => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: owner.stdout }).once('line', resolve);
      owner.once('exit', (code) => reject(new Error(`ended with ${code}`)));
    });
    const { pids, dir } = JSON.parse(line) as { pids: number[]; dir: string };
    assert.ok(pids.every(isAlive));
    owner.kill('SIGKILL');
    await until(20_000, async () => !pids.some(isAlive) && !existsSync(dir));
  });
});
