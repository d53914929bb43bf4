import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../server/support.ts';
import { cleanUp, folder, type Ran, serve, trustmint } from '../whole/support.ts';

const ISSUER = ['--issuer', 'https://mint.example'];

/** One line that says what is wrong, nothing on standard output, no stack. */
function assertRefused(ran: Ran, says: RegExp): void {
  assert.notEqual(ran.code, 0);
  assert.equal(ran.out, '');
  assert.match(ran.err, says);
  assert.equal(ran.err.trimEnd().split('\n').length, 1, ran.err);
}

describe('trustmint', () => {
  afterEach(cleanUp);

  it('--version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual(await trustmint(['--version']), { code: 0, out: `${version}\n`, err: '' });
  });

  it('--help lists every command, and each command has its own', async () => {
    const { code, out } = await trustmint(['--help']);
    assert.equal(code, 0);
    for (const command of ['serve', 'policy', 'token', 'revoke', 'keys', 'audit', 'dev']) {
      assert.match(out, new RegExp(`^  ${command}\\b`, 'm'));
      const own = await trustmint([command, '--help']);
      assert.equal(own.code, 0);
      assert.match(own.out, new RegExp(`Usage: trustmint ${command}`));
    }
  });

  const dir = ['--manifests', '.'];
  const wrong: [string, string[], RegExp][] = [
    ['an unknown command', ['mint'], /unknown command 'mint'/],
    [
      'an unknown flag',
      ['serve', ...dir, ...ISSUER, '--tenat', 'x'],
      /unknown option '--tenat'\s+.*Did you mean --tenant/,
    ],
    [
      'neither manifests nor a cluster',
      ['serve', ...ISSUER],
      /give --manifests DIR, or --kubeconfig FILE outside a pod/,
    ],
    [
      'a tenancy of manifests',
      ['serve', ...dir, ...ISSUER, '--tenancy', 'single'],
      /--tenancy goes without --manifests/,
    ],
    [
      'an unknown tenancy',
      ['serve', ...ISSUER, '--tenancy', 'label'],
      /Allowed choices are namespace, namespace-label, single/,
    ],
    [
      'one token for all verifiers of a cluster',
      ['serve', ...ISSUER, '--verifier-token-file', 'x'],
      /--verifier-token-file goes with --manifests/,
    ],
    ['no issuer', ['serve', ...dir], /'--issuer <url>' not specified/],
    ['an issuer that is no URL', ['serve', ...dir, '--issuer', 'mint'], /give a URL, as https/],
    ['an http issuer', ['serve', ...dir, '--issuer', 'http://mint.example'], /give an https URL/],
    ['an issuer with a query', ['serve', ...dir, '--issuer', 'https://mint.example?x'], /no query, fragment or user/],
    ['a port that is none', ['serve', ...dir, ...ISSUER, '--listen', 'localhost:99999'], /give host:port/],
    ['a duration in days', ['serve', ...dir, ...ISSUER, '--max-ttl', '1d'], /give a duration, as 10m or 8h/],
    ['a staleness beyond that of verifying', ['serve', ...dir, ...ISSUER, '--max-staleness', '31m'], /at most 30m/],
    [
      'a namespace with a capital',
      ['serve', ...ISSUER, '--watch-namespaces', 'team-a,Team-B'],
      /--watch-namespaces.*as team-a,team-b/,
    ],
    [
      'namespaces of a directory',
      ['serve', ...dir, ...ISSUER, '--watch-namespaces', 'team-a'],
      /--watch-namespaces goes without --manifests/,
    ],
    ['a rate of nothing', ['serve', ...dir, ...ISSUER, '--rate-limit', '0'], /tokens a second and burst, as 20,100/],
    ['a certificate without its key', ['serve', ...dir, ...ISSUER, '--tls-cert', 'x'], /both --tls-cert and --tls-key/],
    ['a key that signs for an hour', ['serve', ...dir, ...ISSUER, '--rotate-keys', '1h'], /--rotate-keys.*at least 2h/],
    ['a tenant with a space', ['serve', ...dir, ...ISSUER, '--tenant', 'a b'], /--tenant.*1 to 128 of A-Z/],
    ['an empty tenant', ['serve', ...dir, ...ISSUER, '--tenant', ''], /--tenant.*1 to 128 of A-Z/],
    ['a tenant to lint for', ['policy', 'lint', '.', '--tenant', 'a b'], /--tenant.*1 to 128 of A-Z/],
    [
      'an audience that no caveat could hold',
      ['serve', ...dir, ...ISSUER, '--default-audience', 'ä'],
      /--default-audience.*printable ASCII/,
    ],
    [
      'an audience for APIs that is for us alone',
      ['serve', ...dir, ...ISSUER, '--default-audience', ISSUER[1]!],
      /--default-audience must not be --issuer/,
    ],
    ['a mint that is no URL', ['token', 'verify', '-', '--resource', 'x', '--url', 'mint'], /--url.*give a URL/],
    ['a count that is none', ['audit', 'tail', '-n', 'x'], /give a whole number/],
    ['a caveat left out', ['token', 'attenuate', '-'], /'--caveat <caveat>' not specified/],
    ['no resource', ['token', 'verify', '-', '--keys', 'x'], /'--resource <name>' not specified/],
  ];
  for (const [what, args, says] of wrong) {
    it(`refuses ${what} with what would have been right`, async () => {
      const ran = await trustmint(args);
      assert.notEqual(ran.code, 0);
      assert.equal(ran.out, '');
      assert.match(ran.err, says);
      assert.ok(ran.err.trimEnd().split('\n').length <= 2, ran.err);
      assert.doesNotMatch(ran.err, /\n\s+at /);
    });
  }

  for (const issuer of [
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://mint.trustmint.svc',
    'http://mint:8080/x',
  ]) {
    it(`P37: takes ${issuer} for an issuer: nothing beyond this machine or cluster resolves it`, async () => {
      const mint = await serve({}, ['--issuer', issuer]);
      assert.equal(await mint.stop(), 0);
    });
  }
});

describe('trustmint serve', () => {
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('TRUSTMINT_')) delete process.env[name];
    await cleanUp();
  });
  const text = ['--log-format', 'text'];
  const args = (dataDir: string) => ['serve', '--manifests', folder(), '--data-dir', dataDir, ...ISSUER, ...text];

  it('reads every flag from TRUSTMINT_… too, and the flag wins', async () => {
    process.env.TRUSTMINT_TENANT = 'acme';
    process.env.TRUSTMINT_DEFAULT_AUDIENCE = 'from-env';
    process.env.TRUSTMINT_MAX_TTL = 'nonsense';
    assertRefused(await trustmint(args(folder())), /TRUSTMINT_MAX_TTL.*give a duration/);
    process.env.TRUSTMINT_MAX_TTL = '1h';
    const mint = await serve({}, ['--default-audience', 'from-flag']);
    const keys = await fetch(`${mint.url}/api/mint/keys?resource=from-flag`);
    assert.equal(keys.status, 200);
    await keys.body?.cancel();
    assert.equal(await mint.stop(), 0);
  });

  it('refuses plain HTTP beyond loopback, on either listener, and lets go of the data directory', async () => {
    const dataDir = folder();
    for (const flag of ['--listen', '--ops-listen']) {
      const other = flag === '--listen' ? '--ops-listen' : '--listen';
      const ran = await trustmint([...args(dataDir), flag, '0.0.0.0:0', other, '127.0.0.1:0']);
      assert.equal(ran.code, 1);
      assert.match(
        ran.err,
        /trustmint: the (public|ops) listener is on 0\.0\.0\.0: give --tls-cert .* \(tls_required\)\n$/,
      );
    }
    const mint = await serve({}, ['--data-dir', dataDir]);
    assert.equal(await mint.stop(), 0);
  });

  it('takes TRUSTMINT_INSECURE_HTTP=true for leave, and no other value', async () => {
    const listen = ['--listen', '0.0.0.0:0', '--ops-listen', '127.0.0.1:0'];
    for (const value of ['false', '0', '']) {
      process.env.TRUSTMINT_INSECURE_HTTP = value;
      assert.match((await trustmint([...args(folder()), ...listen])).err, /tls_required/);
    }
    process.env.TRUSTMINT_INSECURE_HTTP = 'true';
    const mint = await serve({}, listen);
    assert.equal(await mint.stop(), 0);
  });

  it('is one process for a data directory: a second says who holds it', async () => {
    const mint = await serve({});
    const ran = await trustmint([...args(mint.dataDir), '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0']);
    assertRefused(ran, new RegExp(`${process.pid}.*\\(data_dir_locked\\)$`, 'm'));
    assert.equal(await mint.stop(), 0);
    const next = await serve({}, [], mint);
    assert.equal(await next.stop(), 0);
  });

  it('refuses an audit log that cannot be written, and says at /readyz when one no longer can', async () => {
    const home = folder();
    const lost = join(home, 'none', 'audit.log');
    assertRefused(
      await trustmint([...args(folder()), '--audit-log', lost]),
      /^trustmint: --audit-log \S+: ENOENT \(audit_log\)$/m,
    );

    mkdirSync(join(home, 'logs'));
    const mint = await serve({}, ['--audit-log', join(home, 'logs', 'audit.log')]);
    const check = async () => (await ask(`${mint.ops}/readyz/audit`)).json.checks[0];
    assert.deepEqual(await check(), { name: 'audit', ok: true });
    rmSync(join(home, 'logs'), { recursive: true });
    assert.equal((await mint.exchange('nonsense')).status, 503);
    assert.deepEqual(await check(), { name: 'audit', ok: true, message: 'file takes no records: ENOENT' });
    mkdirSync(join(home, 'logs'));
    assert.equal((await mint.exchange('nonsense')).status, 401);
    assert.deepEqual(await check(), { name: 'audit', ok: true });
  });

  it('says of a port in use which one, and ends', async () => {
    const mint = await serve({});
    const { host } = new URL(mint.url);
    const ran = await trustmint([...args(folder()), '--listen', host, '--ops-listen', '127.0.0.1:0']);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /\(listen_failed\)\n$/);
  });

  it('prints each policy’s state, and problems with their codes, and no key', async () => {
    const policy = JSON.stringify({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'TrustPolicy',
      metadata: { name: 'broad', namespace: 'x' },
      spec: {
        provider: 'oidc',
        issuer: 'https://idp.example',
        audience: 'a',
        keys: { inline: '{"keys":[]}' },
        trustRules: [{ name: 'all', match: {}, issue: {} }],
      },
    });
    const mint = await serve({ 'broad.yaml': policy });
    assert.match(mint.log(), /warn TrustPolicy\/x\/broad is not served phase=Invalid rules=0 reason=MustNarrow/);
    assert.match(mint.log(), /error TrustPolicy\/x\/broad spec\.trustRules\[0\]\.match: .* code=MustNarrow/);
    const { keys } = (await ask(`${mint.url}/api/mint/keys?resource=default`)).json;
    await mint.stop();
    const stored = readFileSync(`${mint.dataDir}/keys.json`, 'utf8');
    const written = mint.log() + JSON.stringify(mint.audit());
    assert.ok(!written.includes(keys[0].key));
    for (const [, secret = ''] of stored.matchAll(/"([A-Za-z0-9_-]{40,})"/g)) assert.ok(!written.includes(secret));
    assert.equal(mint.audit()[0].kind, 'key');
  });
});
