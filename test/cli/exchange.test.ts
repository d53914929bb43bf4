import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { OPENSSL, selfSigned } from '../support/certificates.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, folder, type Mint, serve, trustmint } from '../whole/support.ts';

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
  let issuer: DevIssuer;
  let mint: Mint;
  let dir: string;
  let proof: string;
  let proofFile: string;
  const strangers: http.Server[] = [];
  before(async () => {
    issuer = await createDevIssuer();
  });
  after(() => issuer.close());
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [BOTH]), 'api.yaml': API });
    dir = folder();
    proof = await issuer.sign(account('agent'));
    proofFile = join(dir, 'proof');
    writeFileSync(proofFile, `${proof}\n`);
  });
  afterEach(async () => {
    for (const server of strangers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await cleanUp();
  });

  const run = (...args: string[]) => trustmint(['exchange', '--url', mint.url, '--proof-file', proofFile, ...args]);

  /** Something that answers, but is no mint of ours. */
  async function stranger(answer: http.RequestListener): Promise<string> {
    const server = http.createServer(answer).listen(0, '127.0.0.1');
    strangers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('prints a token that the mint verifies, and nothing else', async () => {
    const { code, out, err } = await run();
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^[\w-]+\n$/);
    assert.equal((await mint.verify(out.trim())).json.active, true);
  });

  it('reads the proof from standard input, as from a file', async () => {
    const { out } = await trustmint(['exchange', '--url', mint.url, '--proof-file', '-'], `${proof}\n`);
    assert.equal((await mint.verify(out.trim())).json.active, true);
  });

  it('writes it to --out for nobody else to read, in place of what was there, and prints nothing', async () => {
    const file = join(dir, 'token');
    writeFileSync(file, 'old', { mode: 0o644 });
    assert.deepEqual(await run('--out', file), { code: 0, out: '', err: '' });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await mint.verify(readFileSync(file, 'utf8').trim())).json.active, true);
    assert.deepEqual(readdirSync(dir).sort(), ['proof', 'token'], 'nothing is left beside it');
  });

  it('says of a file that cannot be written which, and leaves nothing', async () => {
    const { code, out, err } = await run('--out', join(dir, 'none', 'token'));
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^trustmint: \S+\/none\/token: ENOENT \(unreadable\)\n$/);
  });

  it('with --inspect says what a macaroon says and who gave it, never the token', async () => {
    const file = join(dir, 'token');
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
    const file = join(dir, 'token');
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
    assert.equal(mint.audit().at(-1).id, id);
    assert.ok(!err.includes(proof));
  });

  it('refuses a second resource, an empty proof, and http to anywhere else than this machine or cluster', async () => {
    assert.match((await run('--resource', 'a', '--resource', 'b')).err, /--resource.*give it once/);
    const far = ['exchange', '--url', 'http://mint.example.com', '--proof-file', proofFile];
    assert.match((await trustmint(far)).err, /--url.*give an https URL/);
    writeFileSync(proofFile, '\n');
    assert.match((await run()).err, /nothing in it \(no_proof\)/);
    rmSync(proofFile);
    assert.match((await run()).err, /^trustmint: \S+\/proof: ENOENT \(unreadable\)\n$/);
    assert.deepEqual(
      mint.audit().filter(({ kind }) => kind === 'exchange'),
      [],
    );
  });

  it('follows no redirect, for the proof would go with it', async () => {
    let asked = 0;
    const elsewhere = await stranger((_req, res) => {
      asked += 1;
      res.end('{}');
    });
    const url = await stranger((_req, res) => res.writeHead(307, { location: elsewhere }).end());
    const { err } = await trustmint(['exchange', '--url', url, '--proof-file', proofFile]);
    assert.match(err, /^trustmint: no mint: \S+ answered 307 \(refused\)\n$/);
    assert.equal(asked, 0);
  });

  it('shows what a stranger answers as one short line of printable text', async () => {
    const description = `\u001b[2J${'x'.repeat(5000)}`;
    const url = await stranger((_req, res) =>
      res.writeHead(400).end(JSON.stringify({ error: 'invalid\nrequest', error_description: description })),
    );
    const { err } = await trustmint(['exchange', '--url', url, '--proof-file', proofFile]);
    assert.match(err, /^trustmint: \?\[2Jx+ \(invalid\?request\)\n$/);
    assert.ok(err.length < 400);
  });

  describe('over TLS', () => {
    before(function () {
      if (!OPENSSL) this.skip();
    });

    it('trusts the CA of --ca-file, and no other', async () => {
      selfSigned(dir, 'mint');
      selfSigned(dir, 'other');
      const tls = ['--tls-cert', join(dir, 'mint.crt'), '--tls-key', join(dir, 'mint.key')];
      const { url } = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) }, tls);
      assert.match(url, /^https:/);
      const ask = (...args: string[]) => trustmint(['exchange', '--url', url, '--proof-file', proofFile, ...args]);
      const good = await ask('--ca-file', join(dir, 'mint.crt'));
      assert.deepEqual([good.code, good.err], [0, '']);
      const verify = ['token', 'verify', '-', '--resource', 'default', '--url', url];
      assert.equal((await trustmint([...verify, '--ca-file', join(dir, 'mint.crt')], good.out)).code, 0);
      for (const args of [['--ca-file', join(dir, 'other.crt')], []]) {
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
      writeFileSync(join(dir, 'empty.crt'), '');
      for (const [file, says] of [
        ['empty.crt', /no certificate in it \(no_ca\)/],
        ['none.crt', /ENOENT \(no_ca\)/],
      ] as const) {
        assert.match((await ask('--ca-file', join(dir, file))).err, says);
      }
    });
  });
});
