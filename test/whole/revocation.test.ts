import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { createDevIssuer, type DevIssuer } from '../../src/dev/index.ts';
import { FileKeyStore, makeJwtKeys, openKeyRing } from '../../src/keyring/index.ts';
import { attenuateMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import { ask } from '../server/support.ts';
import { account, agentsPolicy, cleanUp, EVERYONE, type Mint, serve, trustmint, until } from './support.ts';

describe('a token in the wild', function () {
  // Bounds of a second are ours; what else this machine is busy with is not.
  this.retries(2);
  let issuer: DevIssuer;
  let policy: string;
  let mint: Mint;
  let token: string;
  before(async () => {
    issuer = await createDevIssuer();
    policy = agentsPolicy(issuer.url, [EVERYONE]);
  });
  beforeEach(async () => {
    mint = await serve({ 'agents.yaml': policy });
    const answer = await mint.exchange(await issuer.sign(account('agent')));
    assert.equal(answer.status, 200, answer.text);
    token = answer.json.token;
  });
  afterEach(cleanUp);
  after(() => issuer.close());

  const active = async (one = token) => (await mint.verify(one)).json.active as boolean;
  const revoke = (...args: string[]) => trustmint(['revoke', '--data-dir', mint.dataDir, ...args], token);

  const targets: [string, (token: string) => string[]][] = [
    ['--token', (one) => ['--token', describeMacaroon(one).identifier!.jti]],
    ['--derived-from', () => ['--derived-from', '-']],
    ['--grant', (one) => ['--grant', describeMacaroon(one).identifier!.gid]],
    ['--policy', (one) => ['--policy', describeMacaroon(one).identifier!.pol]],
  ];
  for (const [flag, args] of targets) {
    it(`is refused within a second of trustmint revoke ${flag}, with all that was appended to it`, async () => {
      const child = attenuateMacaroon(token, ['note = child']);
      assert.deepEqual([await active(), await active(child)], [true, true]);
      const ran = await revoke(...args(token), '--reason', 'leaked');
      assert.equal(ran.code, 0, ran.err);
      assert.match(ran.out, /^TokenRevocation \S+ written to \S+\n$/);
      await until('it is refused', async () => !(await active()), 1000);
      assert.equal((await mint.verify(child)).json.reason, 'revoked');
      const feed = await ask(`${mint.url}/api/mint/revocations?resource=default`);
      assert.equal(feed.json.entries.length, 1);
      const record = await until('it is recorded', () => mint.audit().find(({ kind }) => kind === 'revocation'));
      assert.deepEqual([record.action, record.value], ['made', feed.json.entries[0].value]);
      assert.ok(!(ran.out + ran.err + mint.log() + JSON.stringify(mint.audit())).includes(token));
    });
  }

  it('stays dead across a restart, and lives again if the revocation is taken back', async () => {
    await revoke('--token', describeMacaroon(token).identifier!.jti);
    await mint.stop();
    mint = await serve({}, [], mint);
    assert.equal((await mint.verify(token)).json.reason, 'revoked');
    const [file = ''] = readdirSync(join(mint.dataDir, 'revocations')).filter((name) => name.endsWith('.yaml'));
    rmSync(join(mint.dataDir, 'revocations', file));
    await until('it lives', () => active());
    const undone = await until('that is recorded', () => mint.audit().find(({ action }) => action === 'undone'));
    assert.equal(undone.by, 'token');
  });

  it('dies with a policy that says Revoked, also once its file is gone', async () => {
    mint.write('agents.yaml', policy.replace('"audience"', '"state":"Revoked","audience"'));
    await until('it is refused', async () => !(await active()), 1000);
    rmSync(join(mint.dir, 'agents.yaml'));
    const proof = await issuer.sign(account('agent'));
    await until('the policy is gone', async () => (await mint.exchange(proof)).status === 401);
    assert.equal(await active(), false);
  });

  it('runs out at its ttl where the policy is suspended or removed: nothing new is issued, what was issued goes on', async () => {
    mint.write('agents.yaml', policy.replace('"audience"', '"state":"Suspended","audience"'));
    const proof = await issuer.sign(account('agent'));
    await until('nothing is issued', async () => (await mint.exchange(proof)).status === 403);
    assert.equal(mint.audit().at(-1).refused.reason, 'policy_suspended');
    assert.equal(await active(), true);
    rmSync(join(mint.dir, 'agents.yaml'));
    await until('the policy is gone', async () => (await mint.exchange(proof)).status === 401);
    assert.equal(await active(), true);
  });

  it('verifies after the keys have rotated and the mint was restarted, and new tokens are signed by the new key', async () => {
    await mint.stop();
    const random = (n: number) => randomBytes(n);
    const ring = await openKeyRing({
      store: new FileKeyStore(mint.dataDir),
      clock: systemClock,
      random,
      makeJwtKeys,
      maxTtl: 86_400,
    });
    await ring.rotate({ now: true });
    await ring.close();
    mint = await serve({}, [], mint);
    assert.equal(await active(), true);
    const fresh = (await mint.exchange(await issuer.sign(account('agent')))).json.token;
    assert.equal(await active(fresh), true);
    const kid = (one: string) => describeMacaroon(one).identifier?.kid;
    assert.notEqual(kid(fresh), kid(token));
    const { keys } = (await ask(`${mint.url}/api/mint/keys?resource=default`)).json;
    assert.deepEqual(
      keys.map(({ kid, state }: Record<string, string>) => [kid, state]),
      [
        [kid(fresh), 'active'],
        [kid(token), 'retired'],
      ],
    );
  });

  it('is of the same grant after a restart: a budget is not renewed', async () => {
    await mint.stop();
    mint = await serve({}, [], mint);
    const again = (await mint.exchange(await issuer.sign(account('agent')))).json.grant_id;
    assert.equal(again, describeMacaroon(token).identifier?.gid);
  });
});
