import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import { certificateMaker, keepUp, makeStopgap, textsOf } from '../../src/certificates/index.ts';
import type { CertificatePair } from '../../src/server/index.ts';
import { ask, type Harness, start, stopAll } from './support.ts';

const make = certificateMaker({ random: (n) => randomBytes(n) });
const EXPIRY = 'trustmint_tls_certificate_expiry_timestamp_seconds';

/** A source that has what the test gives it. */
class Source {
  #pair: CertificatePair | undefined;
  #changed: ((pair: CertificatePair) => void) | undefined;
  readonly stopgap: CertificatePair;
  constructor(stopgap: CertificatePair) {
    this.stopgap = stopgap;
  }
  current = () => this.#pair;
  follow = (changed: (pair: CertificatePair) => void) => {
    this.#changed = changed;
    return () => {
      this.#changed = undefined;
    };
  };
  get followed(): boolean {
    return this.#changed !== undefined;
  }
  give(pair: CertificatePair): void {
    this.#pair = pair;
    this.#changed?.(pair);
  }
}

describe('TLS by certificates that are made', () => {
  const beyond = { listen: { host: '0.0.0.0', port: 0 }, opsListen: { host: '0.0.0.0', port: 0 } };
  const names = ['localhost'];
  let source: Source;
  beforeEach(async () => {
    source = new Source(await makeStopgap(make, names, Date.now()));
  });
  afterEach(stopAll);

  async function made() {
    const { authorities, leaf } = await keepUp({ authorities: [] }, { names, now: Date.now(), make });
    return { ca: textsOf({ authorities })['ca.crt'], pair: { cert: leaf.certificate.toString(), key: leaf.key }, leaf };
  }
  const at = (url: string, path: string) => `https://127.0.0.1:${new URL(url).port}${path}`;
  const handshake = (h: Harness) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(h.url).port), rejectUnauthorized: false });
      socket.on('secureConnect', () => resolve(socket.end().getPeerCertificate().serialNumber));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    });
  const probe = async (h: Harness) => ask(at(h.opsUrl, '/readyz'), { tls: { rejectUnauthorized: false } });
  const expiry = async (h: Harness) => {
    const { text } = await ask(at(h.opsUrl, '/metrics'), { tls: { rejectUnauthorized: false } });
    return new RegExp(`^${EXPIRY} (.*)$`, 'm').exec(text)?.[1];
  };

  it('until there is one no caller is served, but probes are, and hear why', async () => {
    const h = await start({ ...beyond, tls: source });
    h.engine.checks = [{ name: 'tls', ok: false, message: 'cannot read Secret trustmint-tls: RBAC missing' }];
    assert.match(await handshake(h), /HANDSHAKE_FAILURE|ECONNRESET/);
    const answer = await probe(h);
    assert.equal(answer.status, 503);
    assert.match(answer.text, /tls/);
    assert.equal(await expiry(h), undefined);
  });

  it('serves the first and each that replaces it to new connections, on both listeners, and says when it ends', async () => {
    const h = await start({ ...beyond, tls: source });
    for (const { ca, pair, leaf } of [await made(), await made()]) {
      source.give(pair);
      const tls = { ca, servername: 'localhost' };
      assert.equal((await ask(at(h.url, '/oauth2/jwks'), { tls })).status, 200);
      assert.equal((await ask(at(h.opsUrl, '/healthz'), { tls })).status, 200);
      assert.equal(await handshake(h), leaf.certificate.serialNumber);
      assert.equal(Number(await expiry(h)), leaf.until / 1000);
    }
  });

  it('serves from the start what there is at the start, and asks no more once it is closed', async () => {
    const { pair, leaf } = await made();
    source.give(pair);
    const h = await start({ ...beyond, tls: source });
    assert.equal(await handshake(h), leaf.certificate.serialNumber);
    assert.ok(source.followed);
    await h.server.close(0);
    assert.ok(!source.followed);
  });
});
