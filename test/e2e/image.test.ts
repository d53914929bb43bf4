import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createDevIssuer } from '../../src/dev/index.ts';
import { selfSigned } from '../support/certificates.ts';
import { account, agentsPolicy, EVERYONE } from '../whole/support.ts';
import { buildImage, canEnter, IMAGE, ROOTFS, runInImage, startInImage } from './image-support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NOBODY = 65_532;
const MB = 1 << 20;

describe('the image', function () {
  this.timeout(300_000);
  const home = mkdtempSync(join(tmpdir(), 'trustmint-image-'));
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a document.
  let config: any;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a document.
  let sbom: any;

  before(async function () {
    const built = await buildImage();
    if (built.code !== 0 || !canEnter()) {
      assert.ok(!process.env.CI, `it cannot be built or run here: ${built.err}`);
      console.warn(`      SKIPPED: the image cannot be built or run here: ${built.err.trim()}`);
      return this.skip();
    }
    config = JSON.parse(readFileSync(join(IMAGE, 'config.json'), 'utf8'));
    sbom = JSON.parse(readFileSync(join(IMAGE, 'sbom.spdx.json'), 'utf8'));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  /** A folder for /run that the image's user owns. */
  function runFolder(name: string): string {
    const path = join(home, name);
    mkdirSync(path, { recursive: true });
    if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
    return path;
  }

  /** Every file of it, by its path; links are not followed. */
  const files = () =>
    readdirSync(ROOTFS, { recursive: true, encoding: 'utf8' }).map((path) => ({
      path,
      stat: lstatSync(join(ROOTFS, path)),
    }));

  it('says who runs it, what it runs, and what it is', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal(config.config.User, `${NOBODY}:${NOBODY}`);
    assert.deepEqual(config.config.Entrypoint, ['/usr/local/bin/trustmint']);
    const label = (name: string) => config.config.Labels[`org.opencontainers.image.${name}`];
    assert.deepEqual([label('title'), label('version'), label('licenses')], ['trustmint', version, 'Apache-2.0']);
    assert.match(label('revision'), /^[0-9a-f]{40}$/);
    assert.equal(config.os, 'linux');
  });

  it('holds two programs, ours and Node; no shell, no package manager, nothing that gives rights', () => {
    const all = files();
    const programs = all.filter(({ path, stat }) => /^(usr\/(local\/)?)?s?bin\/./.test(path) && !stat.isDirectory());
    assert.deepEqual(programs.map(({ path }) => path).sort(), ['usr/local/bin/node', 'usr/local/bin/trustmint']);
    const shells = all.filter(({ path }) =>
      /(^|\/)((ba|da|z|c|k|a|fi)?sh|busybox|perl|python[\d.]*|apt|dpkg|npm|npx)$/.test(path),
    );
    assert.deepEqual(
      shells.filter(({ stat }) => stat.isFile() && stat.mode & 0o111),
      [],
    );
    const raised = all.filter(({ stat }) => stat.isFile() && stat.mode & 0o6000);
    assert.deepEqual(raised, []);
    const open = all.filter(({ stat }) => !stat.isSymbolicLink() && stat.mode & 0o002);
    assert.deepEqual(
      open.filter(({ stat }) => !stat.isDirectory() || !(stat.mode & 0o1000)),
      [],
    );
    assert.ok(statSync(join(ROOTFS, 'etc/ssl/certs/ca-certificates.crt')).size > 100_000);
  });

  it('holds the program, and of its packages what runs: no sources, types, maps or development', () => {
    const home = join(ROOTFS, 'usr/lib/trustmint');
    assert.deepEqual(readdirSync(home).sort(), ['LICENSE', 'dist', 'node_modules', 'package.json']);
    const within = readdirSync(home, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      within.filter((path) => /\.d\.[cm]?ts$|\.map$/.test(path)),
      [],
    );
    assert.deepEqual(
      within.filter((path) => path.startsWith('dist') && path.endsWith('.ts')),
      [],
    );
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    for (const [path, { dev, devOptional, optional }] of Object.entries<Record<string, boolean>>(packages)) {
      if (path === '' || optional) continue;
      assert.equal(existsSync(join(home, path)), !(dev || devOptional), path);
    }
    const { size } = statSync(join(IMAGE, 'oci.tar'));
    assert.ok(size < 80 * MB, `${size} bytes to pull`);
  });

  it('is Node of the version that the tests run', async () => {
    const { out, err } = await runInImage(runFolder('version'), 'node', '--version');
    assert.equal(out, `${process.version}\n`, err);
  });

  it('runs as nobody in particular, read-only, without a capability', async () => {
    const look = `
      import { readFileSync, writeFileSync } from 'node:fs';
      const wrote = ['/x', '/tmp/x', '/usr/lib/trustmint/x'].map((f) => { try { writeFileSync(f, ''); return 'written'; } catch (e) { return e.code; } });
      const status = readFileSync('/proc/self/status', 'utf8');
      const of = (name) => new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status)[1];
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), wrote, caps: of('CapEff'), no: of('NoNewPrivs') }));`;
    const { out, err } = await runInImage(runFolder('look'), 'node', '--input-type=module', '-e', look);
    assert.deepEqual(JSON.parse(out || err), {
      uid: NOBODY,
      gid: NOBODY,
      wrote: ['EROFS', 'EROFS', 'EROFS'],
      caps: '0'.repeat(16),
      no: '1',
    });
  });

  it('serves so: an exchange over TLS, asked for from the image too, and it drains on SIGTERM', async () => {
    const issuer = await createDevIssuer();
    const run = runFolder('serve');
    mkdirSync(join(run, 'policies'));
    writeFileSync(join(run, 'policies', 'agents.yaml'), agentsPolicy(issuer.url, [EVERYONE]));
    writeFileSync(join(run, 'proof'), await issuer.sign(account('agent')));
    selfSigned(run, 'mint');
    for (const name of ['mint.key', 'mint.crt'])
      if (process.getuid?.() === 0) chownSync(join(run, name), NOBODY, NOBODY);
    const serve = [
      'serve',
      '--manifests',
      '/run/policies',
      '--data-dir',
      '/run/data',
      '--issuer',
      'https://mint.example',
    ];
    const tls = ['--tls-cert', '/run/mint.crt', '--tls-key', '/run/mint.key'];
    const listen = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--log-format', 'text'];
    const mint = startInImage(run, 'trustmint', ...serve, ...tls, ...listen);
    try {
      const [, url = ''] = await mint.said(/listening url=(\S+)/);
      const ask = ['exchange', '--url', url, '--proof-file', '/run/proof', '--ca-file', '/run/mint.crt', '--inspect'];
      const { code, out, err } = await runInImage(run, 'trustmint', ...ask);
      assert.equal(code, 0, err);
      assert.match(out, /^granted by {2}ai-agents\/agents$/m);
      assert.match(out, /budget_credits <= 200/);
      mint.child.kill('SIGTERM');
      assert.equal((await mint.ended).code, 0);
    } finally {
      mint.child.kill('SIGKILL');
      await mint.ended;
      await issuer.close();
    }
  });

  it('has a bill of materials that names what is in it, each once, and nothing else', () => {
    const digest = readFileSync(join(IMAGE, 'digest'), 'utf8').trim();
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const [image, ...packages] = sbom.packages;
    assert.deepEqual([sbom.spdxVersion, sbom.documentDescribes], ['SPDX-2.3', [image.SPDXID]]);
    assert.equal(`sha256:${image.checksums[0].checksumValue}`, digest);
    const ids = new Set(sbom.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID));
    assert.equal(ids.size, sbom.packages.length);
    for (const { spdxElementId, relatedSpdxElement } of sbom.relationships) {
      for (const id of [spdxElementId, relatedSpdxElement]) assert.ok(id === 'SPDXRef-DOCUMENT' || ids.has(id), id);
    }
    const purls: string[] = packages.map(
      (one: { externalRefs: { referenceLocator: string }[] }) => one.externalRefs[0]!.referenceLocator,
    );
    const told = (kind: string) =>
      purls
        .filter((purl) => purl.startsWith(`pkg:${kind}/`))
        .map((purl) => decodeURIComponent(purl.split('/').slice(1).join('/').replace(/\?.*/, '')));
    const installed = readdirSync(join(ROOTFS, 'usr/lib/trustmint'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(join(ROOTFS, 'usr/lib/trustmint', path), 'utf8')))
      .map(({ name, version }) => `${name}@${version}`);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.deepEqual(told('npm').sort(), [...new Set([...installed, `trustmint@${version}`])].sort());
    const names = told('deb').map((one) => /^debian\/(.*)@/.exec(one)![1]);
    const status = readdirSync(join(ROOTFS, 'var/lib/dpkg/status.d')).filter((name) => !name.endsWith('.md5sums'));
    assert.deepEqual(names.sort(), status.sort());
    assert.deepEqual(told('generic'), [`node@${process.version.slice(1)}`]);
  });

  it('is the same image when it is built again, from the beginning', async () => {
    const again = join(home, 'again');
    const SOURCE_DATE_EPOCH = String(Date.parse(config.created) / 1000);
    const REVISION = config.config.Labels['org.opencontainers.image.revision'];
    const { code, err } = await buildImage(again, { SOURCE_DATE_EPOCH, REVISION });
    assert.equal(code, 0, err);
    for (const file of ['digest', 'sbom.spdx.json', 'config.json']) {
      assert.equal(readFileSync(join(again, file), 'utf8'), readFileSync(join(IMAGE, file), 'utf8'), file);
    }
  });
});

describe('the Node of the image', () => {
  it('is the one of the dependencies, by its checksum, for each kind of machine', () => {
    const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
    const { node } = read('package.json').devDependencies;
    const { packages } = read('hack/image/runtime/package-lock.json');
    for (const arch of ['x64', 'arm64']) {
      const locked = packages[`node_modules/node-linux-${arch}`];
      assert.equal(locked.version, node);
      assert.match(locked.integrity, /^sha512-/);
    }
  });
});
