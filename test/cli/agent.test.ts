import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cleanUp, folder, trustmint } from '../whole/support.ts';
import { fakeCluster } from './fake-cluster.ts';

const AREGS = 'trustmint.dev/agentregistrations';
const ALICE = ['--type', 'worker', '--user', 'alice'];
const SVID = ['--spiffe', 'cluster.local/tenant-1'];

/** As a mint leaves it. */
function dataDir(): string {
  const dir = folder();
  mkdirSync(join(dir, 'revocations'));
  return dir;
}

describe('trustmint agent', () => {
  afterEach(cleanUp);

  it('refuses what is no agent, and says what is wrong', async () => {
    const dir = dataDir();
    for (const [args, message] of [
      [['register', ...SVID], /--type/],
      [['register', 'A', ...ALICE, ...SVID], /name: lower-case/],
      [['register', 'a', ...ALICE], /exactly one of/],
      [
        ['register', 'a', ...ALICE, ...SVID, '--service-account', 'n/sa', '--issuer', 'https://c.example'],
        /exactly one of/,
      ],
      [['register', 'a', ...ALICE, '--service-account', 'sa'], /give namespace\/name/],
      [['register', 'a', ...ALICE, ...SVID, '--pod', 'x'], /--pod goes with/],
      [['register', 'a', ...ALICE, ...SVID, '--issuer', 'https://c.example'], /--issuer goes with/],
      [['register', 'a', ...ALICE, '--service-account', 'n/sa'], /by --issuer of which cluster/],
      [['register', 'a', '--type', 'worker', '--user', 'user:root', ...SVID], /userId/],
      [['register', 'a', ...ALICE, ...SVID, '--expires-at', '2020-01-01T00:00:00Z'], /a time to come/],
      [['suspend', '../a'], /no agent is called so/],
      [['retire', 'a'], /there is no agent a/],
    ] as const) {
      const { code, err } = await trustmint(['agent', ...args, '--data-dir', dir]);
      assert.notEqual(code, 0, args.join(' '));
      assert.match(err, message);
    }
    assert.deepEqual(readdirSync(join(dir, 'agents')), []);
  });

  it('registers nobody where no mint looks, and lists none as if there were a mint', async () => {
    const dir = folder();
    for (const args of [['register', 'a', ...ALICE, ...SVID], ['list'], ['retire', 'a', '--revoke']]) {
      const { code, err } = await trustmint(['agent', ...args, '--data-dir', dir]);
      assert.notEqual(code, 0);
      assert.match(err, /^trustmint: --data-dir: [^\n]* \(no_data_dir\)\n$/);
    }
    assert.deepEqual(readdirSync(dir), []);
  });

  it('keeps registrations of a mint that serves files: register, suspend, list, retire', async () => {
    const dir = dataDir();
    const agent = async (...args: string[]) => {
      const { code, out, err } = await trustmint(['agent', ...args, '--data-dir', dir]);
      assert.equal(code, 0, err);
      return out;
    };
    const spec = (name: string) => parse(readFileSync(join(dir, 'agents', `${name}.yaml`), 'utf8')).spec;
    assert.match(
      await agent('register', 'a-1', ...ALICE, ...SVID, '--scope', 'x:r', '--scope', 'x:w'),
      /uid [0-9a-f-]{36}/,
    );
    assert.deepEqual(spec('a-1'), {
      agentType: 'worker',
      userId: 'alice',
      identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } },
      scopes: ['x:r', 'x:w'],
      state: 'Active',
    });
    assert.match((await trustmint(['agent', 'register', 'a-1', ...ALICE, ...SVID, '--data-dir', dir])).err, /already/);
    await agent('suspend', 'a-1');
    assert.equal(spec('a-1').state, 'Suspended');
    assert.match(await agent('list'), /^a-1 +worker +alice +Suspended +[0-9a-f-]{36}$/m);
    await agent('suspend', 'a-1', '--resume');
    assert.equal(spec('a-1').state, 'Active');
    await agent('register', 'sa', ...ALICE, '--service-account', 'n/bot', '--issuer', 'https://c.example');
    assert.deepEqual(spec('sa').identity, {
      serviceAccount: { namespace: 'n', name: 'bot', issuer: 'https://c.example' },
    });
    await agent('retire', 'sa');
    await agent('retire', 'a-1', '--revoke');
    assert.deepEqual(readdirSync(join(dir, 'agents')), []);
    const [revocation] = readdirSync(join(dir, 'revocations'));
    assert.match(readFileSync(join(dir, 'revocations', revocation!), 'utf8'), /agent: [0-9a-f-]{36}/);
  });

  describe('in a cluster', () => {
    const cluster = fakeCluster('agents');

    it('writes into the namespace of the context, or the one that is named', async () => {
      const agent = async (...args: string[]) => {
        const { code, out, err } = await trustmint(['agent', ...args, '--kubeconfig', cluster.kubeconfig]);
        assert.equal(code, 0, err);
        return out;
      };
      await agent('register', 'a-1', ...ALICE, '--service-account', 'team/sa');
      await agent('register', 'a-2', ...ALICE, ...SVID, '-n', 'others');
      const all = () =>
        cluster.server.store.list(AREGS).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      assert.deepEqual(all().sort(), ['agents/a-1', 'others/a-2']);
      assert.match(await agent('list'), /^a-1 +worker +alice +Active/m);
      await agent('suspend', 'a-1');
      assert.match(await agent('list'), /Suspended/);
      await agent('retire', 'a-1');
      assert.deepEqual(all(), ['others/a-2']);
      assert.match(
        (await trustmint(['agent', 'retire', 'a-1', '--kubeconfig', cluster.kubeconfig])).err,
        /there is no agent a-1/,
      );
    });
  });
});
