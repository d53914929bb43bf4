import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { describeMacaroon } from '../../src/macaroon/index.ts';
import { ask } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, folder, type Mint, serve, trustmint } from '../whole/support.ts';

describe('trustmint token', () => {
  let issuer: DevIssuer;
  let mint: Mint;
  let token: string;
  let keys: string;
  before(async () => {
    issuer = await createDevIssuer();
    mint = await serve({ 'agents.yaml': agentsPolicy(issuer.url, [EVERYONE]) });
    token = (await mint.exchange(await issuer.sign(account('agent')), { caveats: ['tool in search,fetch'] })).json
      .token;
    keys = join(folder(), 'keys.json');
    writeFileSync(keys, (await ask(`${mint.url}/api/mint/keys?resource=default`)).text);
  });
  after(async () => {
    await cleanUp();
    await issuer.close();
  });

  it('inspect prints who, what and until when, and marks what a holder appended; the signature never', async () => {
    const { code, out, err } = await trustmint(['token', 'inspect'], `${token}\n`);
    assert.deepEqual([code, err], [0, '']);
    const { identifier, derivedFrom } = describeMacaroon(token);
    assert.match(out, /^subject {5}k8s:ai-agents\/agents:ai-agents:agent$/m);
    assert.match(out, /^tenant {6}default$/m);
    assert.match(out, new RegExp(`^grant {7}${identifier?.gid}$`, 'm'));
    assert.match(out, new RegExp(`^derivedFrom ${derivedFrom}$`, 'm'));
    assert.match(out, /^ {4}budget_credits <= 200$/m);
    assert.match(out, /^ {2}\+ tool in search,fetch$/m);
    const signature = Buffer.from(token, 'base64url').subarray(-32);
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      assert.ok(!out.includes(signature.toString(encoding)));
  });

  it('inspect --json is the same for programs', async () => {
    const { out } = await trustmint(['token', 'inspect', '--json'], token);
    const said = JSON.parse(out);
    assert.equal(said.identifier.ten, 'default');
    assert.deepEqual(said.caveats.at(-1), { text: 'tool in search,fetch', by: 'appended', sort: 'checked' });
  });

  it('says of a JWT what a JWT cannot do, and where it is verified', async () => {
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.e30.AA';
    const narrowed = await trustmint(['token', 'attenuate', '-', '--caveat', 'tool = search'], jwt);
    assert.deepEqual([narrowed.code, narrowed.out], [1, '']);
    assert.match(narrowed.err, /^trustmint: a JWT cannot be narrowed [^\n]*\n$/);
    const offline = await trustmint(['token', 'verify', '-', '--resource', 'x', '--keys', 'keys.json'], jwt);
    assert.match(offline.err, /^trustmint: --keys [^\n]* --url [^\n]*\n$/);
  });

  it('attenuate appends, offline, and only what some call could satisfy', async () => {
    const args = ['token', 'attenuate', '-', '--caveat', 'tool = search', '--caveat', 'budget_credits <= 5'];
    const { code, out } = await trustmint(args, token);
    assert.equal(code, 0);
    assert.deepEqual(
      describeMacaroon(out.trim())
        .caveats.slice(-2)
        .map(({ text }) => text),
      ['tool = search', 'budget_credits <= 5'],
    );
    assert.equal((await mint.verify(out.trim(), { tool: 'search', cost: 5 })).json.active, true);
    assert.equal((await mint.verify(out.trim(), { tool: 'search', cost: 6 })).json.active, false);
    const dead = await trustmint(['token', 'attenuate', '-', '--caveat', 'department = sales'], token);
    assert.deepEqual([dead.code, dead.out], [1, '']);
    assert.match(dead.err, /^trustmint: department is not what the issuer states \(never_holds\)\n$/);
  });

  const verify = (...args: string[]) => trustmint(['token', 'verify', '-', '--resource', 'default', ...args], token);

  it('verify --keys judges a call offline, and says that revocation was not looked at', async () => {
    const good = await verify('--keys', keys, '--tool', 'search', '--cost', '200');
    assert.equal(good.code, 0, good.err);
    const said = JSON.parse(good.out);
    assert.deepEqual([said.active, said.ten, said.revocation], [true, 'default', 'not checked']);
    const bad = await verify('--keys', keys, '--tool', 'delete');
    assert.equal(bad.code, 1);
    assert.deepEqual(JSON.parse(bad.out), { active: false, reason: 'no_match', caveat: 'tool in search,fetch' });
    assert.match(bad.err, /not good for this call \(inactive\)/);
    for (const ran of [good, bad]) assert.ok(!(ran.out + ran.err).includes(token));
  });

  it('verify --url asks the mint, with a verifier’s token where it wants one', async () => {
    const online = await verify('--url', mint.url, '--tool', 'search');
    assert.equal(online.code, 0, online.err);
    assert.equal(JSON.parse(online.out).subject, 'k8s:ai-agents/agents:ai-agents:agent');

    const secret = join(folder(), 'verifier');
    writeFileSync(secret, 'a-long-enough-secret-of-the-gateway\n');
    const guarded = await serve({}, ['--verifier-token-file', secret]);
    const refused = await verify('--url', guarded.url);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^trustmint: .*Bearer.* \(unauthorized\)\n$/);
    const asked = await verify('--url', guarded.url, '--verifier-token-file', secret);
    assert.deepEqual([asked.code, JSON.parse(asked.out).active], [1, false], 'another mint’s token');
    assert.ok(!(asked.out + asked.err + guarded.log()).includes(readFileSync(secret, 'utf8').trim()));
    await guarded.stop();
  });

  it('verify says in one line what stands in its way', async () => {
    const page = http
      .createServer((_req, res) => res.writeHead(404).end('<html>no mint</html>'))
      .listen(0, '127.0.0.1');
    await new Promise((resolve) => page.once('listening', resolve));
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    try {
      assert.match((await verify('--url', url)).err, /^trustmint: no mint: \S+ answered 404 \(refused\)\n$/);
    } finally {
      page.close();
    }
    assert.match((await verify('--url', url)).err, /^trustmint: .*ECONNREFUSED.* \(unreachable\)\n$/);
    assert.match((await verify('--url', 'nonsense')).err, /^error: [^\n]*--url[^\n]*give a URL[^\n]*\n$/);
    assert.match((await verify()).err, /give --keys .* or --url .* \(usage\)\n$/);
    assert.match((await verify('--keys', join(folder(), 'none'))).err, /ENOENT \(unreadable\)\n$/);
    const other = join(folder(), 'other.json');
    writeFileSync(other, '{"keys":{}}');
    assert.match((await verify('--keys', other)).err, /not the answer of \/api\/mint\/keys \(keys\)\n$/);
  });

  for (const [what, text, code] of [
    ['nothing', '', 'malformed'],
    ['an unsigned JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.AA', '(?:algorithm_none|malformed|jwt)'],
    ['too much', 'A'.repeat(10_000), 'too_large'],
  ] as const) {
    it(`inspect and attenuate refuse ${what}, and do not repeat it`, async () => {
      for (const args of [['inspect'], ['attenuate', '-', '--caveat', 'note = x']]) {
        const ran = await trustmint(['token', ...args], text);
        assert.deepEqual([ran.code, ran.out], [1, '']);
        assert.match(ran.err, new RegExp(`^trustmint: [^\\n]*\\(${code}\\)\\n$`));
        if (text) assert.ok(!ran.err.includes(text.slice(0, 30)));
      }
    });
  }

  it('refuses more than 1 MiB on standard input', async () => {
    const ran = await trustmint(['token', 'inspect'], 'x'.repeat((1 << 20) + 1));
    assert.match(ran.err, /more than 1 MiB \(too_large\)/);
  });
});
