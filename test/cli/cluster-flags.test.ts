import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

/** What each command asks of a cluster first. */
const COMMANDS = [
  ['keys', 'list'],
  ['agent', 'list'],
  ['revoke', '--token', '0123456789012345678901'],
  ['uninstall', '--timeout', '1s'],
];

describe('a command that speaks to a cluster', () => {
  const cluster = fakeCluster('trustmint-system');

  /** A second context, of a cluster that is not there, which is the current one. */
  function elsewhere(): void {
    const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'));
    config.clusters.push({ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } });
    config.contexts.push({ name: 'elsewhere', context: { cluster: 'gone', user: 'u' } });
    writeFileSync(cluster.kubeconfig, JSON.stringify({ ...config, 'current-context': 'elsewhere' }));
  }

  for (const command of COMMANDS) {
    it(`${command[0]} asks the one that --context names, as kubectl does, not the current one`, async () => {
      elsewhere();
      const before = cluster.server.seen.length;
      const ran = await trustmint([...command, '--kubeconfig', cluster.kubeconfig, '--context', 'x']);
      assert.doesNotMatch(ran.err, /127\.0\.0\.1:1\b|ECONNREFUSED/);
      assert.ok(cluster.server.seen.length > before);
    });

    it(`${command[0]} says of a context that there is none, and asks nobody`, async () => {
      const ran = await trustmint([...command, '--kubeconfig', cluster.kubeconfig, '--context', 'prod']);
      assert.equal(ran.code, 1);
      assert.match(ran.err, /^trustmint: \S+: .*the kubeconfig has no such context \(\w+\)\n$/);
      assert.equal(cluster.server.seen.length, 0);
    });
  }
});
