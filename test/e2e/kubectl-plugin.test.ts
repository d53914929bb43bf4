import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { until } from '../whole/support.ts';
import { binary, type Cluster, OPERATOR } from './cluster/index.ts';
import { account, exchange, namespaceNamed, policy, proofOf, startMint } from './serve-support.ts';
import { type Ended, runToEnd } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('kubectl trustmint', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trustmint-kubectl-'));
  let cluster: Cluster;
  let url: string;

  before(async () => {
    // What npm puts on the PATH under these names.
    mkdirSync(join(dir, 'bin'));
    for (const [name, file] of [
      ['kubectl-trustmint', 'kubectl-trustmint'],
      ['kubectl_complete-trustmint', 'kubectl-complete'],
    ]) {
      const program = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, `src/cli/${file}.ts`)}' "$@"\n`;
      writeFileSync(join(dir, 'bin', name!), program, { mode: 0o755 });
    }
    const objects = [namespaceNamed('ai'), account('ai', 'agent'), policy('ai', 'agents', 'agent')];
    const started = await startMint(1, objects);
    cluster = started.cluster;
    url = started.replicas[0]!.url;
    // Several contexts in one file, and the current one is not the one that is meant.
    const config = parse(readFileSync(cluster.adminKubeconfig, 'utf8'));
    config.contexts.push({
      name: 'operator',
      context: { ...config.contexts[0].context, namespace: OPERATOR.namespace },
    });
    config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
    config.contexts.push({ name: 'elsewhere', context: { cluster: 'gone', user: config.users[0].name } });
    writeFileSync(join(dir, 'config'), stringify({ ...config, 'current-context': 'elsewhere' }));
  });
  after(async () => {
    await cluster?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const kubectl = (...args: string[]): Promise<Ended> => {
    const path = [join(dir, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
    return runToEnd(binary('kubectl'), args, dir, { PATH: path, HOME: dir, KUBECONFIG: join(dir, 'config') });
  };

  it('is a plugin that kubectl finds, and calls itself so', async () => {
    assert.match((await kubectl('plugin', 'list')).out, /\/kubectl-trustmint$/m);
    assert.match((await kubectl('trustmint', '--help')).out, /^Usage: kubectl trustmint \[options\] \[command\]$/m);
    assert.match((await kubectl('trustmint', 'keys', 'list', '--help')).out, /^Usage: kubectl trustmint keys list /m);
  });

  it('speaks to the cluster and the namespace that kubectl’s own flags and variables name', async () => {
    // The leader writes how the keys are within moments.
    const list = () => kubectl('trustmint', 'keys', 'list', '--context', 'operator');
    const listed = await until('there are keys', async () => [await list()].find(({ code }) => code === 0), 60_000);
    assert.match(listed.out, /^KEY +STATE +CREATED/);
    const named = ['--kubeconfig', cluster.adminKubeconfig, '-n', OPERATOR.namespace];
    assert.equal((await kubectl('trustmint', 'keys', 'list', ...named)).out, listed.out);
    assert.match((await kubectl('trustmint', 'keys', 'list', '-n', 'x')).err, /ECONNREFUSED/, 'the current context');
  });

  it('revokes what a policy gave, as the docs say it', async () => {
    const proof = await proofOf(cluster, 'ai', 'agent');
    assert.equal((await exchange({ url }, proof)).status, 200);
    const { code, out, err } = await kubectl(
      'trustmint',
      'revoke',
      '--policy',
      'tpol/ai/agents',
      '--context',
      'operator',
    );
    assert.equal(code, 0, err);
    assert.match(out, /^kills every token of policy \S+ \(TrustPolicy\/ai\/agents\)/m);
    const { out: there } = await kubectl('get', 'tokenrevocations', '-A', '--context', 'operator', '-o', 'name');
    assert.equal(there.trim().split('\n').length, 1);
  });

  it('is completed by kubectl: commands, flags and choices', async () => {
    // What each shell asks kubectl at Tab.
    const offered = async (...words: string[]) => (await kubectl('__complete', 'trustmint', ...words)).out.split('\n');
    assert.ok((await offered('keys', '')).includes('rotate\tPublish a next key'));
    assert.ok((await offered('keys', 'list', '--con')).some((line) => line.startsWith('--context\t')));
    assert.ok((await offered('serve', '--tenancy', '')).includes('namespace-label'));
  });
});
