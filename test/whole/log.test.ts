import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { ask, post } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, serve, trustmint, until } from './support.ts';

const JSON_LOG = ['--log-format', 'json', '--log-level', 'debug'];

describe('the log of serve', () => {
  let issuer: DevIssuer;
  before(async () => {
    issuer = await createDevIssuer();
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const entries = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('is JSON from the first line to the last, and says where it listens', async () => {
    const { write, exchange, stop, log, url, ops } = await serve(
      { 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) },
      JSON_LOG,
    );
    assert.equal((await exchange(await issuer.sign(account('agent')))).status, 200);
    write('broken.yaml', 'kind: TrustPolicy');
    await until('the slip is told', () => log().includes('broken.yaml'));
    assert.equal(await stop(), 0);
    const all = entries(log());
    for (const { time, level, message } of all) {
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(['debug', 'info', 'warn', 'error'].includes(level));
      assert.ok(typeof message === 'string' && message !== '');
    }
    const first = all.findIndex(({ message }) => message === 'listening');
    assert.deepEqual([all[first].level, all[first].url, all[first].ops], ['info', url, ops]);
    assert.equal(all[0].message, 'starting');
    assert.deepEqual(
      all.filter(({ object }) => object === 'TrustPolicy/ai-agents/agents').map(({ level }) => level),
      ['debug'],
      'what was there at the start and is well is no news',
    );
    assert.equal(all.at(-1).message, 'draining');
  });

  it('has why serve could not start, in its own form', async () => {
    const { url, dataDir } = await serve({});
    const args = ['serve', '--manifests', dataDir, '--issuer', 'http://mint.localhost', '--data-dir', dataDir];
    for (const flags of [[], ['--data-dir', join(dataDir, 'other'), '--listen', new URL(url).host]]) {
      const ran = await trustmint([...args, ...flags, '--ops-listen', '127.0.0.1:0', '--log-format', 'json']);
      assert.equal(ran.code, 1);
      const { level, code } = entries(ran.err).at(-1);
      assert.deepEqual([level, code], ['error', flags.length === 0 ? 'data_dir_locked' : 'listen_failed']);
    }
  });

  it('of debug and below holds no proof, token or key, whatever is sent', async () => {
    const mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) }, JSON_LOG);
    const good = await issuer.sign(account('agent'));
    const { token } = (await mint.exchange(good)).json;
    const secrets = fc.constantFrom(good, token, `${good.slice(0, -20)}AAAA`, randomBytes(200).toString('base64url'));
    const ways: ((secret: string) => Promise<unknown>)[] = [
      (secret) => mint.exchange(secret),
      (secret) => mint.exchange(good, { resource: secret.slice(0, 512), [secret.slice(0, 60)]: secret }),
      (secret) => mint.verify(secret),
      (secret) => mint.verify(token, { path: secret }),
      (secret) => ask(`${mint.url}/api/mint/exchange?token=${secret}`, { method: 'POST' }),
      (secret) => ask(`${mint.url}/${secret}`),
      (secret) => ask(`${mint.ops}/${secret}%zz`, { headers: { 'X-Request-Id': secret } }),
      (secret) => ask(`${mint.url}/oauth2/jwks`, { headers: { Authorization: `Bearer ${secret}`, Cookie: secret } }),
      (secret) => post(`${mint.url}/oauth2/token`, secret, { 'Content-Type': 'application/x-www-form-urlencoded' }),
      (secret) => post(`${mint.url}/oauth2/revoke`, `token=${secret}`, { 'Content-Type': 'text/plain' }),
      (secret) => post(`${mint.ops}/explain`, { credentials: secret }),
    ];
    const sent = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ways), secrets, async (way, secret) => {
        sent.add(secret);
        await way(secret);
      }),
      { numRuns: 150 },
    );
    // A manifest may be wrong by holding what it should not.
    mint.write('oops.yaml', `apiVersion: trustmint.dev/v1alpha1\nkind: TrustPolicy\n${good}: ${token}\n`);
    await until('it is told', () => mint.log().includes('oops.yaml'));
    const keys = JSON.stringify(JSON.parse(readFileSync(join(mint.dataDir, 'keys.json'), 'utf8')));
    const material = keys.match(/[A-Za-z0-9_+/-]{43,}/g) ?? [];
    assert.ok(material.length >= 2);
    assert.equal(await mint.stop(), 0);
    const text = mint.log();
    for (const secret of [...sent, token, ...material])
      for (const part of String(secret)
        .split('.')
        .filter((one) => one.length > 40))
        assert.ok(!text.includes(part.slice(0, 40)), 'a credential is in the log');
  });
});
