/** The command line in a cluster that is a fake API server, with a kubeconfig and nothing of whoever runs the tests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from '../kube/support/fake.ts';
import { OPENSSL } from '../support/certificates.ts';
import { FakeApiServer } from '../support/fake-api-server/index.ts';
import { cleanUp, folder } from '../whole/support.ts';

/**
 * Starts one before each test of the suite that calls this, and stops it afterwards; skips where there is no openssl.
 * @param namespace the kubeconfig's
 */
export function fakeCluster(namespace: string): { readonly server: FakeApiServer; readonly kubeconfig: string } {
  const env = { ...process.env };
  let server: FakeApiServer;
  let kubeconfig: string;
  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    const { first } = certificates();
    server = await FakeApiServer.start(first);
    const dir = folder();
    kubeconfig = join(dir, 'kubeconfig');
    writeFileSync(join(dir, 'ca.crt'), first.cert);
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': 'ca.crt' } }],
        users: [{ name: 'u', user: { token: 'good' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace } }],
        'current-context': 'x',
      }),
    );
    process.env = { ...env, HOME: dir };
    for (const name of ['KUBECONFIG', 'KUBERNETES_SERVICE_HOST', 'TRUSTMINT_DATA_DIR']) delete process.env[name];
  });
  afterEach(async () => {
    process.env = { ...env };
    await server.close();
    await cleanUp();
  });
  return {
    get server() {
      return server;
    },
    get kubeconfig() {
      return kubeconfig;
    },
  };
}
