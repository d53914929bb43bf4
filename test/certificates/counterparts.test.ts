import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import {
  type Authority,
  bundleOf,
  type Certificates,
  keepUp,
  permits,
  renewalOf,
  textsOf,
} from '../../src/certificates/index.ts';
import { DAY, HOUR, make, NAMES, YEAR } from './support.ts';

const run = promisify(execFile);
const [NAME] = NAMES;
const there = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

/** What Python 3.13 makes its default: RFC 5280 to the letter. */
const PYTHON = `
import socket, ssl, sys
_, ca, port, name = sys.argv
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(('127.0.0.1', int(port))) as plain:
    with context.wrap_socket(plain, server_hostname=name) as secure:
        print(secure.version())
`;

describe('what others make of our certificates', () => {
  let dir: string;
  let now: number;
  let first: Required<Certificates>;
  let server: Server;
  const file = (name: string) => join(dir, name);
  const port = () => (server.address() as AddressInfo).port;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'trustmint-certificates-'));
    now = Math.floor(Date.now() / 1000) * 1000;
    first = await keepUp({ authorities: [] }, { names: NAMES, now, make });
    const other = await keepUp({ authorities: [] }, { names: NAMES, now, make });
    writeFileSync(file('ca.crt'), bundleOf(first.authorities));
    writeFileSync(file('both.crt'), bundleOf([...other.authorities, ...first.authorities]));
    writeFileSync(file('other.crt'), bundleOf(other.authorities));
    writeFileSync(file('tls.crt'), textsOf(first)['tls.crt']);
    writeFileSync(file('client.py'), PYTHON);
    server = createServer({ cert: textsOf(first)['tls.crt'], key: first.leaf.key }, (_req, res) => void res.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    if (server) await new Promise((resolve) => server.close(resolve));
    if (dir) rmSync(dir, { recursive: true });
  });

  const openssl = (...args: string[]) =>
    run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', NAME, ...args]);
  const node = (ca: string, servername: string, at = port()) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: at, servername, ca }, () => socket.end());
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });

  it('Node accepts them by the bundle, alone or with another CA in it, for their names and no other', async () => {
    const bundle = bundleOf(first.authorities);
    for (const name of NAMES) await node(bundle, name);
    await assert.rejects(node(bundle, 'other.trustmint-system.svc'), /altnames/);
    const { authorities } = await keepUp({ authorities: [] }, { names: NAMES, now, make });
    await node(bundleOf([...authorities, ...first.authorities]), NAME);
    await assert.rejects(node(bundleOf(authorities), NAME), /certificate/);
  });

  it('openssl verifies them strictly, from an hour before they were made until their end', async function () {
    if (!there('openssl', 'version')) return skip(this, 'openssl');
    const leaf = file('tls.crt');
    for (const at of [now - HOUR, now, first.leaf.until - 1_000])
      await openssl('-attime', String(at / 1000), '-CAfile', file('ca.crt'), leaf);
    await openssl('-CAfile', file('both.crt'), leaf);
    await assert.rejects(openssl('-attime', String(first.leaf.until / 1000 + 1), '-CAfile', file('ca.crt'), leaf));
    await assert.rejects(openssl('-CAfile', file('other.crt'), leaf));
    // Neither may do what it is not for.
    await assert.rejects(run('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', file('ca.crt'), leaf]));
  });

  it('openssl verifies the leaf of the next CA by a bundle of a year before, and what lies beyond 2050', async function () {
    if (!there('openssl', 'version')) return skip(this, 'openssl');
    let held: Certificates = first;
    const bundles = new Map<number, string>();
    for (let day = 0; day < 26 * 365; day += 20) {
      const time = now + day * DAY;
      held = await keepUp(held, { names: NAMES, now: time, make });
      bundles.set(day, bundleOf(held.authorities));
      if (day % 1_000 > 0 || day < 360) continue;
      writeFileSync(file('then.crt'), bundles.get(day - 360) ?? '');
      writeFileSync(file('leaf.crt'), held.leaf!.certificate.toString());
      await openssl('-attime', String(time / 1000), '-CAfile', file('then.crt'), file('leaf.crt'));
    }
    assert.ok(renewalOf(held.leaf!) > now + 25 * YEAR);
    assert.ok(held.authorities.at(-1)!.until > Date.parse('2050-01-01'));
  });

  it('Python accepts them, as strict as it gets, and refuses another name and another CA', async function () {
    if (!there('python3', '-c', 'import ssl')) return skip(this, 'python3');
    const python = (ca: string, name: string) => run('python3', [file('client.py'), file(ca), String(port()), name]);
    for (const ca of ['ca.crt', 'both.crt']) assert.match((await python(ca, NAME)).stdout, /^TLSv1\.[23]/);
    await assert.rejects(python('ca.crt', 'other.svc'), /CERTIFICATE_VERIFY_FAILED/);
    await assert.rejects(python('other.crt', NAME), /CERTIFICATE_VERIFY_FAILED/);
  });

  it('openssl, Node and Python refuse what the CA signs for a name of another kind', async () => {
    const [by] = first.authorities as [Authority];
    for (const name of ['api.example.com', 'svc.example', 'kubernetes.default.svc']) {
      const leaf = await make.leaf(by, [name], now);
      const other = createServer({ cert: leaf.certificate.toString(), key: leaf.key });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      try {
        await assert.rejects(node(bundleOf(first.authorities), name, port), /permitted subtree violation/);
        if (there('python3', '-c', 'import ssl'))
          await assert.rejects(
            run('python3', [file('client.py'), file('ca.crt'), String(port), name]),
            /permitted subtree violation/,
          );
      } finally {
        await new Promise((resolve) => other.close(resolve));
      }
      writeFileSync(file('wrong.crt'), leaf.certificate.toString());
      if (there('openssl', 'version'))
        await assert.rejects(
          run('openssl', ['verify', '-CAfile', file('ca.crt'), file('wrong.crt')]),
          /permitted subtree violation/,
        );
    }
    assert.ok(await permits(by, ['other.trustmint-system.svc', 'localhost']));
    for (const name of [
      'trustmint.other.svc',
      'a.trustmint-system.svc.example',
      'x-trustmint-system.svc',
      'svc',
      '10.0.0.1',
    ])
      assert.ok(!(await permits(by, [name])));
  });

  it('curl accepts them, and refuses another name and another CA', async function () {
    if (!there('curl', '--version')) return skip(this, 'curl');
    const curl = (ca: string, name: string) => {
      const to = ['--resolve', `${name}:${port()}:127.0.0.1`, `https://${name}:${port()}/`];
      return run('curl', ['--silent', '--show-error', '--noproxy', '*', '--cacert', file(ca), ...to]);
    };
    for (const ca of ['ca.crt', 'both.crt']) assert.equal((await curl(ca, NAME)).stdout, 'ok');
    await assert.rejects(curl('ca.crt', 'other.svc'));
    await assert.rejects(curl('other.crt', NAME));
  });
});

function skip(test: Mocha.Context, program: string): void {
  console.warn(`      SKIPPED: this test needs ${program} on the PATH`);
  test.skip();
}
