import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createDevIssuer } from '../../src/dev/index.ts';
import { post } from '../server/support.ts';
import { account, agentsPolicy, EVERYONE } from '../whole/support.ts';
import { type Ended, runToEnd, type Started, start } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MB = 1 << 20;

/**
 * The machine's npm with its own node and settings: npm finds its global settings (registry, proxy, CA) beside the
 * node that runs it, and there are none beside the one of our dependencies.
 */
function machinesOwn(): Record<string, string> {
  const path = (process.env.PATH ?? '').split(':').filter((dir) => !resolve(dir).startsWith(`${ROOT}/`));
  return { ...(process.env as Record<string, string>), PATH: path.join(':') };
}

describe('the package', function () {
  this.timeout(170_000);
  const home = mkdtempSync(join(tmpdir(), 'trustmint-package-'));
  const folder = join(home, 'project');
  const started: Started[] = [];
  /** Node 24 and npm, an empty HOME, nothing else of ours. */
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: join(home, 'home') };
  let files: string[];
  let packed: { filename: string; size: number; unpackedSize: number; files: { path: string }[] };

  const npm = async (args: string[], cwd: string, environment: Record<string, string> = env): Promise<Ended> => {
    const ended = await runToEnd('npm', args, cwd, environment);
    assert.equal(ended.code, 0, `npm ${args.join(' ')}: ${ended.err}`);
    return ended;
  };
  const bin = () => join(folder, 'node_modules', '.bin', 'trustmint');

  before(async () => {
    for (const path of [env.HOME!, folder]) mkdirSync(path, { recursive: true });
    const made = await npm(['pack', '--json', '--pack-destination', home], ROOT, machinesOwn());
    [packed] = JSON.parse(made.out.slice(made.out.indexOf('[')));
    const { filename, files: listed } = packed;
    files = listed.map(({ path }) => path);
    writeFileSync(join(folder, 'package.json'), '{"name":"somebody","private":true}');
    await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', join(home, filename)], folder, machinesOwn());
  });
  after(async () => {
    for (const { child, ended } of started) {
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  });

  it('holds what runs and what explains it, and neither sources nor tests', () => {
    for (const file of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'dist/main.js', 'dist/main.d.ts']) {
      assert.ok(files.includes(file), file);
    }
    assert.ok(files.some((file) => /^crds\/trustmint\.dev_.*\.yaml$/.test(file)));
    const strange = files.filter(
      (file) =>
        !/^(dist|charts|config|crds|docs|examples)\/|^(package\.json|LICENSE|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md)$/.test(
          file,
        ),
    );
    assert.deepEqual(strange, []);
    assert.deepEqual(
      files.filter((file) => /(^|[^d])\.ts$/.test(file) && !file.endsWith('.d.ts')),
      [],
    );
    const built = files.filter((file) => /^dist\/.*\.js$/.test(file));
    const orphans = built.filter((file) => !existsSync(join(ROOT, file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts'))));
    assert.deepEqual(orphans, [], 'nor leftovers of an earlier build');
  });

  it('is plain JavaScript with a shebang, and every import of it is of JavaScript that is there', () => {
    const dist = join(folder, 'node_modules', 'trustmint', 'dist');
    assert.match(readFileSync(join(dist, 'main.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/);
    for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.js'))) {
      const text = readFileSync(join(dist, name), 'utf8');
      for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)) {
        assert.ok(existsSync(join(dist, dirname(name), target)), `${name} imports ${target}`);
      }
    }
  });

  it('answers --version and --help through npx, from an empty HOME', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal((await npm(['exec', '--offline', '--', 'trustmint', '--version'], folder)).out, `${version}\n`);
    assert.match((await npm(['exec', '--offline', '--', 'trustmint', '--help'], folder)).out, /^Usage: trustmint /);
  });

  it('has the help of every command, none of them by way of what only development has', async () => {
    const commands = async (...path: string[]): Promise<string[][]> => {
      const { code, out, err } = await runToEnd(bin(), [...path, '--help'], folder, env);
      assert.deepEqual([code, err], [0, ''], path.join(' '));
      assert.match(out, new RegExp(`^Usage: ${['trustmint', ...path].join(' ')} `));
      const listed = out.includes('\nCommands:\n') ? out.slice(out.indexOf('\nCommands:\n')) : '';
      const names = [...listed.matchAll(/^ {2}([a-z]+)\b/gm)]
        .map(([, name]) => name!)
        .filter((name) => name !== 'help');
      const below = [];
      for (const name of names) below.push([...path, name], ...(await commands(...path, name)));
      return below;
    };
    const all = (await commands()).map((path) => path.join(' '));
    for (const one of [
      'serve',
      'exchange',
      'token verify',
      'keys rotate',
      'agent register',
      'completion',
      'uninstall',
    ]) {
      assert.ok(all.includes(one), one);
    }
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    for (const name of Object.keys(devDependencies)) {
      const wanted = lock[`node_modules/${name}`].dev === true;
      assert.equal(existsSync(join(folder, 'node_modules', name)), !wanted, name);
    }
  });

  it('is a plugin of kubectl, under the names that kubectl looks for', async () => {
    const plugin = (name: string, ...args: string[]) =>
      runToEnd(join(folder, 'node_modules', '.bin', name), args, folder, env);
    assert.match((await plugin('kubectl-trustmint', '--help')).out, /^Usage: kubectl trustmint /);
    assert.match((await plugin('kubectl_complete-trustmint', 'keys', 'l')).out, /^list\t.*\n:4\n$/);
  });

  it('stays small: what is downloaded, and what is unpacked', () => {
    assert.ok(packed.size < 1.5 * MB, `${packed.size} bytes`);
    assert.ok(packed.unpackedSize < 6 * MB, `${packed.unpackedSize} bytes`);
  });

  it('serves without type stripping: one exchange, one verification, and it drains on SIGTERM', async () => {
    const issuer = await createDevIssuer();
    try {
      mkdirSync(join(folder, 'policies'));
      writeFileSync(join(folder, 'policies', 'agents.yaml'), agentsPolicy(issuer.url, [EVERYONE]));
      const args = ['serve', '--manifests', 'policies', '--issuer', 'http://mint.localhost'];
      const listen = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--log-format', 'text'];
      const mint = start(bin(), [...args, ...listen], folder, {
        ...env,
        NODE_OPTIONS: '--no-experimental-strip-types',
      });
      started.push(mint);
      const [, url = ''] = await mint.said(/ listening url=(\S+)/m);
      const { status, json } = await post(`${url}/api/mint/exchange`, {
        credentials: await issuer.sign(account('agent')),
      });
      assert.equal(status, 200, JSON.stringify(json));
      assert.ok(json.caveats.includes('budget_credits <= 200'));
      const verdict = await post(`${url}/api/mint/verify`, { token: json.token, resource: 'default', call: {} });
      assert.equal(verdict.json.active, true);
      writeFileSync(join(folder, 'proof'), await issuer.sign(account('agent')));
      const asked = ['exchange', '--url', url, '--proof-file', 'proof', '--out', 'token', '--inspect'];
      assert.match((await runToEnd(bin(), asked, folder, env)).out, /^granted by {2}ai-agents\/agents$/m);
      assert.equal(statSync(join(folder, 'token')).mode & 0o777, 0o600);
      assert.equal(statSync(join(folder, '.trustmint', 'keys.json')).mode & 0o777, 0o600);
      mint.child.kill('SIGTERM');
      const { code, out, err } = await mint.ended;
      assert.equal(code, 0, err);
      assert.equal(
        out
          .trimEnd()
          .split('\n')
          .filter((line) => JSON.parse(line).outcome === 'granted').length,
        2,
      );
      assert.doesNotMatch(err, /Warning/);
    } finally {
      await issuer.close();
    }
  });

  it('reads and narrows a token through a pipe', async () => {
    const ended = await runToEnd('sh', ['-c', `echo nonsense | "${bin()}" token inspect`], folder, env);
    assert.deepEqual([ended.code, ended.out], [1, '']);
    assert.match(ended.err, /^trustmint: .*\(malformed\)\n$/);
  });
});
