import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runToEnd } from '../support.ts';

/** An address of Services in many clusters; here of a network namespace that ends with the test. */
const ADDRESS = '10.96.0.10';
const UNSHARE = ['unshare', process.getuid?.() === 0 ? '-n' : '-Urn'];

describe('The bundle endpoint of a real SPIRE at a private address, in a cluster', () => {
  const within = async (script: string, ...args: string[]) => {
    const [command = '', ...words] = [...UNSHARE, 'sh', '-ec', script, ...args];
    return runToEnd(command, words, process.cwd(), { ...(process.env as Record<string, string>), ADDRESS });
  };

  it('is asked where the policy says that it is private and who vouches for it, and never on loopback', async function () {
    // Elsewhere than on CI a machine may not let its users have network namespaces.
    if (!process.env.CI && (await within('true')).code !== 0) this.skip();
    const up = 'ip link set lo up; ip address add "$ADDRESS/32" dev lo; exec "$0" "$1"';
    const { code, out, err } = await within(up, process.execPath, join(import.meta.dirname, 'endpoint.probe.ts'));
    assert.equal(code, 0, err);
    const unavailable = [503, 'temporarily_unavailable'];
    assert.deepEqual(JSON.parse(out), {
      trusted: [200, 'agents'],
      'not said to be private': unavailable,
      again: [200, 'agents'],
      'of an authority that nobody knows': unavailable,
      'and again': [200, 'agents'],
      'on loopback': unavailable,
    });
  });
});
