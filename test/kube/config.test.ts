import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInCluster, loadKubeconfig } from '../../src/kube/config.ts';
import type { CredentialSource } from '../../src/kube/credentials.ts';
import { KubeApiError } from '../../src/kube/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';

const refusedWith = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof KubeApiError);
  assert.deepEqual([error.status, error.reason], [0, 'NoCredentials']);
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /tok-/);
  return true;
};

describe('The configuration of the API server', () => {
  let dir: string;
  let clock: FakeClock;
  const env = { ...process.env };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-config-'));
    clock = new FakeClock();
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    process.env = { ...env };
  });

  function kubeconfig(user: object, cluster: object = {}): string {
    const path = join(dir, 'kubeconfig');
    const base = { server: 'https://127.0.0.1:6443', 'certificate-authority': 'ca.crt' };
    writeFileSync(join(dir, 'ca.crt'), 'CA 1');
    writeFileSync(
      path,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { ...base, ...cluster } }],
        users: [
          { name: 'u', user },
          { name: 'none', user: {} },
        ],
        contexts: [
          { name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team-a' } },
          { name: 'anonymous', context: { cluster: 'c', user: 'none' } },
        ],
        'current-context': 'x',
      }),
    );
    return path;
  }

  const load = (path: string, context?: string): Promise<CredentialSource> => loadKubeconfig(path, context, { clock });

  describe('of a kubeconfig', () => {
    it('is its server, authority, identity and namespace, and no agent', async () => {
      writeFileSync(join(dir, 'tls.crt'), 'CERT');
      writeFileSync(join(dir, 'tls.key'), 'KEY');
      const user = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
      const source = await load(kubeconfig(user, { 'tls-server-name': 'kube' }));
      const { server, ...rest } = await source.current();
      assert.equal(server.href, 'https://127.0.0.1:6443/');
      const pem = { ca: Buffer.from('CA 1'), cert: Buffer.from('CERT'), key: Buffer.from('KEY') };
      assert.deepEqual(rest, { ...pem, headers: {}, servername: 'kube' });
      assert.equal(source.namespace, 'team-a');
    });

    it('follows a token file once a minute, and when the server refuses the token', async () => {
      writeFileSync(join(dir, 'token'), 'tok-1\n');
      const source = await load(kubeconfig({ tokenFile: 'token' }));
      const bearer = async () => (await source.current()).headers.Authorization;
      assert.equal(await bearer(), 'Bearer tok-1');
      writeFileSync(join(dir, 'token'), 'tok-2\n');
      await clock.advance(59_999);
      assert.equal(await bearer(), 'Bearer tok-1');
      await clock.advance(1);
      assert.equal(await bearer(), 'Bearer tok-2');
      writeFileSync(join(dir, 'token'), 'tok-3');
      const used = await source.current();
      const [a, b] = await Promise.all([source.renew(used), source.renew(used)]);
      assert.equal(a.headers.Authorization, 'Bearer tok-3');
      assert.equal(a, b, 'read once for all who were refused');
      assert.equal(await source.renew(used), a);
    });

    it('follows its authority', async () => {
      const source = await load(kubeconfig({ token: 'tok-1' }));
      writeFileSync(join(dir, 'ca.crt'), 'CA 2');
      await clock.advance(60_000);
      assert.equal(String((await source.current()).ca), 'CA 2');
    });

    it('P11: is refused, rather than to go out anonymous, when its token file is emptied, and recovers', async () => {
      writeFileSync(join(dir, 'token'), 'tok-1');
      const source = await load(kubeconfig({ tokenFile: 'token' }));
      for (const empty of ['', '\n']) {
        writeFileSync(join(dir, 'token'), empty);
        await clock.advance(60_000);
        await assert.rejects(source.current(), refusedWith(/empty/));
      }
      rmSync(join(dir, 'token'));
      await assert.rejects(source.current(), refusedWith(/cannot be read \(ENOENT\)/));
      writeFileSync(join(dir, 'token'), 'tok-2');
      assert.equal((await source.current()).headers.Authorization, 'Bearer tok-2');
    });

    it('P11: is refused where nobody would be identified, or the server not verified', async () => {
      await assert.rejects(load(kubeconfig({ token: 'tok-1' }), 'anonymous'), refusedWith(/neither/));
      await assert.rejects(load(kubeconfig({ username: 'a', password: 'tok-1' })), refusedWith(/neither/));
      await assert.rejects(load(kubeconfig({ token: 'tok-1\r\nX: y' })), refusedWith(/malformed/));
      const insecure = { 'insecure-skip-tls-verify': true, 'certificate-authority': undefined };
      await assert.rejects(load(kubeconfig({ token: 'tok-1' }, insecure)), refusedWith(/insecure-skip-tls-verify/));
      const plain = { server: 'http://127.0.0.1:8080' };
      await assert.rejects(load(kubeconfig({ token: 'tok-1' }, plain)), refusedWith(/https|read/));
      const proxied = { 'proxy-url': 'http://127.0.0.1:1' };
      await assert.rejects(load(kubeconfig({ token: 'tok-1' }, proxied)), refusedWith(/proxy-url/));
    });

    it('is refused where the file is missing, garbled, or has no such context; its text is not quoted', async () => {
      await assert.rejects(load(join(dir, 'nowhere')), refusedWith(/ENOENT/));
      await assert.rejects(load(kubeconfig({ token: 'tok-1' }), 'other'), refusedWith(/no such context/));
      writeFileSync(join(dir, 'garbled'), 'users: [{token: tok-1');
      await assert.rejects(load(join(dir, 'garbled')), refusedWith(/cannot be read$/));
    });
  });

  describe('of a pod', () => {
    const place = () => join(dir, 'var/run/secrets/kubernetes.io/serviceaccount');
    beforeEach(() => {
      mkdirSync(place(), { recursive: true });
      writeFileSync(join(place(), 'ca.crt'), 'CA');
      writeFileSync(join(place(), 'token'), 'tok-1');
      writeFileSync(join(place(), 'namespace'), 'trustmint-system\n');
      Object.assign(process.env, { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' });
    });

    it('is its service account, its namespace and the address in its environment', async () => {
      const source = await loadInCluster({ clock, root: dir });
      const { server, ca, headers } = await source.current();
      assert.deepEqual([server.hostname, String(ca), headers.Authorization], ['[fd00::1]', 'CA', 'Bearer tok-1']);
      assert.equal(source.namespace, 'trustmint-system');
    });

    it('P11: is refused while its token is empty', async () => {
      writeFileSync(join(place(), 'token'), '');
      await assert.rejects(loadInCluster({ clock, root: dir }), refusedWith(/neither/));
      writeFileSync(join(place(), 'token'), '\n');
      await assert.rejects(loadInCluster({ clock, root: dir }), refusedWith(/empty/));
    });

    it('is refused anywhere but in a pod', async () => {
      delete process.env.KUBERNETES_SERVICE_HOST;
      await assert.rejects(loadInCluster({ clock, root: dir }), refusedWith(/no pod/));
    });
  });
});
