import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENSSL, selfSigned } from '../support/certificates.ts';
import { agentsPolicy, EVERYONE, serve, trustmint } from '../whole/support.ts';
import { exchangeWorld } from './exchange-support.ts';

const API = JSON.stringify({
  apiVersion: 'trustmint.dev/v1alpha1',
  kind: 'ProtectedResource',
  metadata: { name: 'orders' },
  spec: {
    audience: 'orders',
    tokenType: 'JWT',
    scopes: ['orders:read', 'orders:write'],
    grantableFrom: { namespaces: ['*'] },
  },
});
const BOTH = {
  name: 'both',
  match: { serviceAccount: '*' },
  issue: { ttl: '4h', resources: ['default', 'orders'], scopes: ['orders:read', 'orders:write'] },
};

describe('trustmint exchange', () => {
  const world = exchangeWorld(BOTH, { 'api.yaml': API });

  const run = (...args: string[]) =>
    trustmint(['exchange', '--url', world.mint.url, '--proof-file', world.proofFile, ...args]);

  it('prints a token that the mint verifies, and nothing else', async () => {
    const { code, out, err } = await run();
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^[\w-]+\n$/);
    assert.equal((await world.mint.verify(out.trim())).json.active, true);
  });

  it('reads the proof from standard input, as from a file', async () => {
    const { out } = await trustmint(['exchange', '--url', world.mint.url, '--proof-file', '-'], `${world.proof}\n`);
    assert.equal((await world.mint.verify(out.trim())).json.active, true);
  });

  it('writes it to --out for nobody else to read, in place of what was there, and prints nothing', async () => {
    const file = join(world.dir, 'token');
    writeFileSync(file, 'old', { mode: 0o644 });
    assert.deepEqual(await run('--out', file), { code: 0, out: '', err: '' });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await world.mint.verify(readFileSync(file, 'utf8').trim())).json.active, true);
    assert.deepEqual(readdirSync(world.dir).sort(), ['proof', 'token'], 'nothing is left beside it');
  });

  it('says of a file that cannot be written which, and leaves nothing', async () => {
    const { code, out, err } = await run('--out', join(world.dir, 'none', 'token'));
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^trustmint: \S+\/none\/token: ENOENT \(unreadable\)\n$/);
  });

  it('with --inspect says what a macaroon says and who gave it, never the token', async () => {
    const file = join(world.dir, 'token');
    const { code, out } = await run('--inspect', '--out', file);
    assert.equal(code, 0);
    assert.match(out, /^granted by {2}ai-agents\/agents$/m);
    assert.match(out, /^resource {4}default$/m);
    assert.match(out, /^correlation [0-9a-f]{32}$/m);
    assert.match(out, /^subject {5}k8s:ai-agents\/agents:ai-agents:agent$/m);
    assert.match(out, /^ {4}aud = default$/m);
    const token = readFileSync(file, 'utf8').trim();
    assert.ok(!out.includes(token));
    const signature = Buffer.from(token, 'base64url').subarray(-32);
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      assert.ok(!out.includes(signature.toString(encoding)));
    }
  });

  it('asks for one resource and fewer scopes: the claims of a JWT, never its signature', async () => {
    const file = join(world.dir, 'token');
    const { out } = await run(
      '--resource',
      'orders',
      '--scope',
      'orders:read',
      '--ttl',
      '5m',
      '--inspect',
      '--out',
      file,
    );
    assert.match(out, /^aud {9}orders$/m);
    assert.match(out, /^scope {7}orders:read$/m);
    const [, , signature = ''] = readFileSync(file, 'utf8').trim().split('.');
    assert.ok(signature.length > 80 && !out.includes(signature));
    const at = (name: string) => Date.parse(new RegExp(`^${name} +(\\S+)$`, 'm').exec(out)![1]!);
    assert.equal(at('exp') - at('iat'), 300_000);
  });

  it('a refusal is one line with the mint’s own code and the id of the audit record', async () => {
    const { code, out, err } = await run('--ttl', '6h');
    assert.deepEqual([code, out], [1, '']);
    const [, id] = /^trustmint: ttl: at most 14400 seconds; correlation id ([0-9a-f]{32}) \(exceeds_policy\)\n$/.exec(
      err,
    )!;
    assert.equal(world.mint.audit().at(-1).id, id);
    assert.ok(!err.includes(world.proof));
  });

  it('refuses a second resource, an empty proof, and http to anywhere else than this machine or cluster', async () => {
    assert.match((await run('--resource', 'a', '--resource', 'b')).err, /--resource.*give it once/);
    const far = ['exchange', '--url', 'http://mint.example.com', '--proof-file', world.proofFile];
    assert.match((await trustmint(far)).err, /--url.*give an https URL/);
    writeFileSync(world.proofFile, '\n');
    assert.match((await run()).err, /nothing in it \(no_proof\)/);
    rmSync(world.proofFile);
    assert.match((await run()).err, /^trustmint: \S+\/proof: ENOENT \(unreadable\)\n$/);
    assert.deepEqual(
      world.mint.audit().filter(({ kind }) => kind === 'exchange'),
      [],
    );
  });

  it('follows no redirect, for the proof would go with it', async () => {
    let asked = 0;
    const elsewhere = await world.stranger((_req, res) => {
      asked += 1;
      res.end('{}');
    });
    const url = await world.stranger((_req, res) => res.writeHead(307, { location: elsewhere }).end());
    const { err } = await trustmint(['exchange', '--url', url, '--proof-file', world.proofFile]);
    assert.match(err, /^trustmint: no mint: \S+ answered 307 \(refused\)\n$/);
    assert.equal(asked, 0);
  });

  it('shows what a stranger answers as one short line of printable text', async () => {
    const description = `\u001b[2J${'x'.repeat(5000)}`;
    const url = await world.stranger((_req, res) =>
      res.writeHead(400).end(JSON.stringify({ error: 'invalid\nrequest', error_description: description })),
    );
    const { err } = await trustmint(['exchange', '--url', url, '--proof-file', world.proofFile]);
    assert.match(err, /^trustmint: \?\[2Jx+ \(invalid\?request\)\n$/);
    assert.ok(err.length < 400);
  });

  describe('over TLS', () => {
    before(function () {
      if (!OPENSSL) this.skip();
    });

    it('trusts the CA of --ca-file, and no other', async () => {
      selfSigned(world.dir, 'mint');
      selfSigned(world.dir, 'other');
      const tls = ['--tls-cert', join(world.dir, 'mint.crt'), '--tls-key', join(world.dir, 'mint.key')];
      const { url } = await serve({ 'agents.yaml': agentsPolicy(world.issuer.url, [EVERYONE]) }, tls);
      assert.match(url, /^https:/);
      const ask = (...args: string[]) =>
        trustmint(['exchange', '--url', url, '--proof-file', world.proofFile, ...args]);
      const good = await ask('--ca-file', join(world.dir, 'mint.crt'));
      assert.deepEqual([good.code, good.err], [0, '']);
      const verify = ['token', 'verify', '-', '--resource', 'default', '--url', url];
      assert.equal((await trustmint([...verify, '--ca-file', join(world.dir, 'mint.crt')], good.out)).code, 0);
      for (const args of [['--ca-file', join(world.dir, 'other.crt')], []]) {
        assert.match((await ask(...args)).err, /^trustmint: https:\S+: [^\n]+ \(untrusted\)\n$/);
      }
      assert.match((await trustmint(verify, good.out)).err, /\(untrusted\)\n$/);
      // What somebody set for another program does not give the proof to whoever is on the way.
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      try {
        assert.match((await ask()).err, /\(untrusted\)\n$/);
      } finally {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      }
      writeFileSync(join(world.dir, 'empty.crt'), '');
      for (const [file, says] of [
        ['empty.crt', /no certificate in it \(no_ca\)/],
        ['none.crt', /ENOENT \(no_ca\)/],
      ] as const) {
        assert.match((await ask('--ca-file', join(world.dir, file))).err, says);
      }
    });
  });
});
