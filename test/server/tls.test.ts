import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { connect, type PeerCertificate } from 'node:tls';
import { ServerError } from '../../src/server/index.ts';
import { ask, type Harness, start, stopAll } from './support.ts';

const OPENSSL = spawnSync('openssl', ['version']).status === 0;

describe('TLS', () => {
  let dir: string;
  let files: { certFile: string; keyFile: string };

  before(function () {
    if (!OPENSSL) {
      console.warn('      SKIPPED: the TLS tests need openssl on the PATH');
      this.skip();
    }
    dir = mkdtempSync(join(tmpdir(), 'trustmint-tls-'));
    for (const name of ['first', 'second']) {
      const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
      const output = ['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.crt`)];
      const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
      execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...output], { stdio: 'ignore' });
    }
    files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') };
  });
  beforeEach(() => {
    use('first', 'first');
  });
  afterEach(stopAll);
  after(() => {
    if (dir) rmSync(dir, { recursive: true });
  });

  function use(cert: string, key: string) {
    copyFileSync(join(dir, `${cert}.crt`), files.certFile);
    copyFileSync(join(dir, `${key}.key`), files.keyFile);
  }

  const trust = (name: string) => ({ ca: readFileSync(join(dir, `${name}.crt`)) });
  const both = { listen: { host: '127.0.0.1', port: 0 }, limits: { tlsPollMs: 5_000 } };

  function served(h: Harness): Promise<string> {
    const { hostname, port } = new URL(h.url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        const name = (socket.getPeerCertificate() as PeerCertificate).subject.CN;
        socket.end();
        resolve(String(name));
      });
      socket.on('error', reject);
    });
  }

  it('serves https on the public listener, and leaves a loopback ops listener to plain probes', async () => {
    const h = await start({ ...both, tls: files });
    assert.match(h.url, /^https:/);
    assert.match(h.opsUrl, /^http:/);
    const answer = await ask(`${h.url}/api/mint/keys?resource=a`, { tls: trust('first') });
    assert.equal(answer.status, 200);
    assert.equal((await ask(`${h.opsUrl}/healthz`)).status, 200);
  });

  it('serves https on both listeners beyond loopback', async () => {
    const beyond = { host: '0.0.0.0', port: 0 };
    const h = await start({ listen: beyond, opsListen: beyond, tls: files });
    const { port } = new URL(h.opsUrl);
    assert.match(h.opsUrl, /^https:/);
    assert.equal((await ask(`https://127.0.0.1:${port}/healthz`, { tls: trust('first') })).status, 200);
  });

  it('BR-6: speaks nothing older than TLS 1.2', async () => {
    const h = await start({ ...both, tls: files });
    const { hostname, port } = new URL(h.url);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const outcome = await new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...old });
      socket.on('secureConnect', () => resolve('connected'));
      socket.on('error', (e: NodeJS.ErrnoException) => resolve(e.code));
    });
    assert.equal(outcome, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('new files are used for new connections within seconds, while old connections go on', async () => {
    const h = await start({ ...both, tls: files });
    assert.equal(await served(h), 'first');
    use('second', 'second');
    assert.equal(await served(h), 'first');
    await h.clock.advance(5_000);
    assert.equal(await served(h), 'second');
    assert.deepEqual(
      h.logs.map((l) => l.level),
      ['info'],
    );
  });

  it('bad new files never replace good ones, are logged once, and good ones are taken up again', async () => {
    const h = await start({ ...both, tls: files });
    use('second', 'first');
    await h.clock.advance(20_000);
    assert.equal(await served(h), 'first');
    writeFileSync(files.certFile, 'rubbish');
    await h.clock.advance(5_000);
    rmSync(files.keyFile);
    await h.clock.advance(5_000);
    assert.equal(await served(h), 'first');
    assert.equal(
      h.logs.every((l) => l.level === 'error'),
      true,
    );
    assert.equal(h.logs.length, 3, JSON.stringify(h.logs));
    assert.doesNotMatch(JSON.stringify(h.logs), /BEGIN|rubbish/);
    use('second', 'second');
    await h.clock.advance(5_000);
    assert.equal(await served(h), 'second');
  });

  it('files that are no pair, or missing, are an error at the start that names them', async () => {
    use('first', 'second');
    const refused = (e: unknown) => e instanceof ServerError && e.code === 'tls_files' && e.message.includes('tls.crt');
    await assert.rejects(start({ ...both, tls: files }), refused);
    rmSync(files.keyFile);
    await assert.rejects(start({ ...both, tls: files }), refused);
  });

  it('stops looking at the files once it is closed', async () => {
    const h = await start({ ...both, tls: files });
    await h.server.close(0);
    assert.equal(h.clock.pending, 0);
  });

  /** Sends the first bytes of a handshake, or none, and no more; resolves when the server hangs up. */
  function stall(h: Harness, hello: boolean): { readonly connected: Promise<void>; readonly closed: Promise<void> } {
    const { hostname, port } = new URL(h.url);
    const socket = createConnection({ host: hostname, port: Number(port) });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
    const connected = new Promise<void>((resolve) =>
      socket.on('connect', () => {
        if (!hello) return resolve();
        const first = new PassThrough();
        first.once('data', (bytes) => socket.write(bytes));
        // A whole ClientHello; of what the server answers nothing is read, and nothing more is said.
        connect({ socket: Duplex.from({ readable: new PassThrough(), writable: first }) }).on('error', () => {});
        socket.once('data', () => resolve());
      }),
    );
    return { connected, closed };
  }

  for (const [what, hello] of [
    ['that says nothing', false],
    ['that stops in the middle of the handshake', true],
  ] as const) {
    it(`a connection ${what} is closed after the time that headers have`, async () => {
      const h = await start({ ...both, tls: files, limits: { headersMs: 100 } });
      await stall(h, hello).closed;
      assert.equal(await served(h), 'first');
    });

    it(`a connection ${what} does not outlast the grace of a drain`, async () => {
      const h = await start({ ...both, tls: files, limits: { headersMs: 60_000 } });
      const { connected, closed } = stall(h, hello);
      await connected;
      await served(h);
      const drained = h.server.close(10_000);
      await h.clock.advance(10_000);
      await closed;
      await drained;
    });
  }

  it('outlives a caller who speaks no TLS', async () => {
    const h = await start({ ...both, tls: files });
    await assert.rejects(ask(h.url.replace('https:', 'http:')));
    assert.equal(await served(h), 'first');
  });
});
