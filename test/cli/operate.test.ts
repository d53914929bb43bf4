import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parse } from 'yaml';
import { run } from '../../src/cli/program.ts';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask, post } from '../server/support.ts';
import {
  account,
  agentsPolicy,
  cleanUp,
  collector,
  EVERYONE,
  folder,
  serve,
  trustmint,
  until,
} from '../whole/support.ts';

const JTI = 'p4YML6bHX_7s7KQGTPR81g';

describe('trustmint revoke', () => {
  afterEach(cleanUp);

  /** As a mint leaves it. */
  function dataDirectory(): string {
    const path = folder();
    mkdirSync(join(path, 'revocations'));
    return path;
  }

  it('writes one TokenRevocation that expires once no token can live any more', async () => {
    const dataDir = dataDirectory();
    const ran = await trustmint(['revoke', '--data-dir', dataDir, '--token', JTI, '--reason', 'leaked']);
    assert.equal(ran.code, 0, ran.err);
    const [file = ''] = readdirSync(join(dataDir, 'revocations'));
    const { kind, metadata, spec } = parse(readFileSync(join(dataDir, 'revocations', file), 'utf8'));
    assert.equal(kind, 'TokenRevocation');
    assert.deepEqual([spec.token, spec.reason], [JTI, 'leaked']);
    assert.ok(Date.parse(spec.expiresAt) - Date.parse(metadata.creationTimestamp) >= 24 * 3600_000);
    assert.ok(ran.out.includes(metadata.name));
  });

  for (const [what, args, says] of [
    ['no target', [], /give exactly one of token, derivedFrom, grant, agent, policy \(invalid_revocation\)/],
    ['two targets', ['--token', JTI, '--grant', JTI], /give exactly one of/],
    ['a time that is none', ['--token', JTI, '--issued-before', 'yesterday'], /issuedBefore: no such time/],
    ['a macaroon that is none', ['--derived-from', '-'], /--derived-from: .* \(malformed\)/],
    ['an id that no token can have', ['--grant', 'a b'], /--grant: an id has 22 characters of base64url/],
    ['a uid that no policy can have', ['--policy', 'research'], /--policy: give the object's uid, a UUID/],
  ] as const) {
    it(`refuses ${what} in one line, and writes nothing`, async () => {
      const dataDir = dataDirectory();
      const ran = await trustmint(['revoke', '--data-dir', dataDir, ...args], 'nonsense');
      assert.deepEqual([ran.code, ran.out], [1, '']);
      assert.match(ran.err, says);
      assert.equal(ran.err.split('\n').length, 2);
      assert.deepEqual(readdirSync(join(dataDir, 'revocations')), []);
    });
  }

  it('refuses a directory where no mint looks, and makes none: nothing would be revoked', async () => {
    for (const path of [folder(), join(folder(), 'none')]) {
      const ran = await trustmint(['revoke', '--data-dir', path, '--token', JTI]);
      assert.deepEqual([ran.code, ran.out], [1, '']);
      assert.match(ran.err, /^trustmint: --data-dir: [^\n]* \(no_data_dir\)\n$/);
      assert.ok(!existsSync(join(path, 'revocations')));
    }
  });
});

describe('trustmint keys list', () => {
  afterEach(cleanUp);

  it('shows ids, states and times, never a key', async () => {
    const mint = await serve({});
    await mint.stop();
    const { code, out } = await trustmint(['keys', 'list', '--data-dir', mint.dataDir]);
    assert.equal(code, 0);
    assert.match(out, /^KEY +STATE +CREATED +SIGNS SINCE +RETIRED\n\S+ +active +\S+Z +\S+Z +-\s*\n$/);
    const stored = readFileSync(join(mint.dataDir, 'keys.json'), 'utf8');
    for (const [, secret = ''] of stored.matchAll(/"([A-Za-z0-9_-]{40,})"/g)) assert.ok(!out.includes(secret));
  });

  it('says so where there are none, or none that can be read', async () => {
    const dataDir = folder();
    assert.match((await trustmint(['keys', 'list', '--data-dir', dataDir])).err, /no keys yet.* \(no_keys\)\n$/);
    writeFileSync(join(dataDir, 'keys.json'), '{"keys": "secret-of-ours"}', { mode: 0o600 });
    const damaged = await trustmint(['keys', 'list', '--data-dir', dataDir]);
    assert.match(damaged.err, /^trustmint: [^\n]*\(keys_damaged\)\n$/);
    assert.ok(!damaged.err.includes('secret-of-ours'));
  });
});

describe('trustmint audit tail', () => {
  let issuer: DevIssuer;
  before(async () => {
    issuer = await createDevIssuer();
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  it('prints what serve wrote: a grant, a refusal with its reason, for people', async () => {
    const log = join(folder(), 'audit.log');
    const mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) }, ['--audit-log', log]);
    await mint.exchange(await issuer.sign(account('agent')));
    const refused = await mint.exchange(await issuer.sign(account('agent', { namespace: 'other' })));
    await mint.stop();
    const records = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(records, mint.audit(), 'both sinks say the same');
    const { code, out } = await trustmint(['audit', 'tail', log]);
    assert.equal(code, 0);
    const lines = out.trimEnd().split('\n');
    assert.equal(lines.length, records.length);
    assert.match(lines.at(-2)!, /GRANTED .*ai-agents:agent.*by ai-agents\/agents#everyone.*200 credits/);
    assert.match(lines.at(-1)!, /REFUSED .*at policy: no_rule.*answered no_matching_policy/);
    assert.ok(lines.at(-1)!.includes(refused.json.correlation_id));
    const last = await trustmint(['audit', 'tail', '-n', '1', log]);
    assert.equal(last.out, `${lines.at(-1)}\n`);
    const piped = await trustmint(['audit', 'tail'], `${readFileSync(log, 'utf8')}not a record\n`);
    assert.equal(piped.out, `${out}not a record\n`);
  });

  it('-f goes on as the file grows, until it is told to stop', async () => {
    const log = join(folder(), 'audit.log');
    const line = (action: string) =>
      `${JSON.stringify({ time: '2026-01-01T00:00:00Z', v: 1, kind: 'key', id: '-', action, kid: 'k1' })}\n`;
    writeFileSync(log, line('created'));
    const abort = new AbortController();
    const [out, err] = [collector(), collector()];
    const io = { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream, signal: abort.signal };
    const ended = run(['node', 'trustmint', 'audit', 'tail', '-f', log], io);
    await until('the first line', () => out.text().includes('created'));
    appendFileSync(log, line('promoted'));
    await until('the new line', () => out.text().includes('promoted'));
    abort.abort();
    assert.equal(await ended, 0, err.text());
  });

  it('says in one line that there is no such file', async () => {
    const ran = await trustmint(['audit', 'tail', join(folder(), 'none')]);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /^trustmint: [^\n]*ENOENT[^\n]*\n$/);
  });
});

describe('trustmint dev issuer', () => {
  it('signs for whoever asks on this machine, until told to stop', async () => {
    const abort = new AbortController();
    const [out, err] = [collector(), collector()];
    const io = { stdin: Readable.from([]), stdout: out.stream, stderr: err.stream, signal: abort.signal };
    const ended = run(['node', 'trustmint', 'dev', 'issuer'], io);
    const [, url = ''] = await until('it listens', () =>
      /^listening url=(\S+) github=\S+ request-token=\S+$/m.exec(err.text()),
    );
    const { json } = await post(`${url}/token`, account('agent'));
    assert.equal(json.token.split('.').length, 3);
    const [, bundle = ''] = /^the bundle of spiffe:\/\/cluster\.local: (\S+)$/m.exec(err.text()) ?? [];
    assert.equal((await ask(bundle)).json.keys[0].use, 'jwt-svid');
    abort.abort();
    assert.equal(await ended, 0);
    await assert.rejects(post(`${url}/token`, {}));
  });

  it('refuses any address but loopback', async () => {
    const ran = await trustmint(['dev', 'issuer', '--listen', '0.0.0.0:0']);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /loopback only \(not_loopback\)\n$/);
  });
});
