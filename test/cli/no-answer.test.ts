import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runToEnd } from '../e2e/support.ts';
import { cleanUp, folder } from '../whole/support.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A port of this machine that nobody listens on. */
async function nobodysPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a command for a cluster whose API server does not answer', () => {
  afterEach(cleanUp);

  for (const command of [
    ['keys', 'list'],
    ['keys', 'rotate'],
    ['revoke', '--token', '0123456789012345678901'],
  ]) {
    it(`${command.join(' ')} waits between its tries, and says so in one line`, async () => {
      const kubeconfig = join(folder(), 'kubeconfig');
      const cluster = { server: `https://127.0.0.1:${await nobodysPort()}` };
      const context = { cluster: 'c', user: 'u' };
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token: 'none' } }],
        contexts: [{ name: 'x', context }],
        'current-context': 'x',
      };
      writeFileSync(kubeconfig, JSON.stringify(config));
      const args = ['src/main.ts', ...command, '--kubeconfig', kubeconfig, '-n', 'trustmint-system'];
      // A process of its own: what is tried again must keep it.
      const { code, out, err } = await runToEnd(process.execPath, args, ROOT, {});
      assert.equal(code, 1);
      assert.equal(out, '');
      assert.match(err, /^trustmint: .*ECONNREFUSED.*\n$/);
    });
  }
});
