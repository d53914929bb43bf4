import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { ask } from '../server/support.ts';
import { cleanUp, folder, until } from './support.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

describe('the process in a cluster whose API server is away', () => {
  let child: ChildProcess;
  let said = '';

  before(async () => {
    // A port that nobody listens on any more.
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const kubeconfig = join(folder(), 'kubeconfig');
    const context = { cluster: 'gone', user: 'me', namespace: 'trustmint-system' };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'gone', cluster: { server: `https://127.0.0.1:${port}` } }],
        users: [{ name: 'me', user: { token: 'x' } }],
        contexts: [{ name: 'gone', context }],
        'current-context': 'gone',
      }),
    );
    const args = ['serve', `--kubeconfig=${kubeconfig}`, '--issuer=https://mint.svc', '--tls-self-signed=mint.svc'];
    const listen = ['--listen=127.0.0.1:0', '--ops-listen=0.0.0.0:0', '--log-format=text'];
    child = spawn(process.execPath, [MAIN, ...args, ...listen], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr!.on('data', (chunk) => {
      said += chunk;
    });
  });
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await cleanUp();
  });

  it('answers probes over TLS by a stopgap, and says that it has no certificate and why', async () => {
    const [, ops] = await until('it listens', () => / ops=https:\/\/0\.0\.0\.0:(\d+)/.exec(said), 15_000);
    const tls = { rejectUnauthorized: false };
    const at = (path: string) => ask(`https://127.0.0.1:${ops}${path}`, { tls });
    assert.equal((await at('/healthz')).status, 200);
    assert.equal((await at('/readyz')).status, 503);
    assert.match((await at('/readyz/tls')).text, /cannot read Secret trustmint-tls: NetworkError/);
  });

  it('told to stop, it closes all that it began, and ends well', async () => {
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    assert.deepEqual([code, signal], [0, null], said);
    assert.doesNotMatch(said, /unsettled/);
  });
});
