import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uidOf, writeRevocation } from '../../src/standalone/index.ts';
import { followed } from './followed.ts';
import { policy, revocation } from './support.ts';

describe('revocations of a standalone mint', () => {
  const at = followed({ start: '2026-01-01T00:00:00Z', hasData: true });

  const POLICY = uidOf('TrustPolicy', 'default', 'a');
  const token = { jti: 'j', gid: 'g', pol: POLICY, agt: null, tenant: 'acme', iat: 0, derivedFrom: () => ['d'] };
  const dead = (issued = at.clock.now() / 1000, jti = 'j') =>
    at.store!.revocations().check({ ...token, jti, iat: issued }, at.clock.now() / 1000) !== undefined;
  const kept = () => readdirSync(join(at.data.path, 'revocations'));

  it('that `trustmint revoke` writes are in force within a second, for any tenant', async () => {
    const s = await at.open();
    assert.equal(dead(), false);
    await writeRevocation(at.data.path, { token: 'j', reason: 'leaked' }, { clock: at.clock, random: at.random });
    await at.pass(1000);
    assert.equal(dead(), true);
    assert.equal(dead(undefined, 'other'), false);
    assert.equal(s.revocations().feed(at.clock.now() / 1000).entries[0]?.tenant, null);
  });

  it('lie in files that only their owner can read', async () => {
    const { file } = await writeRevocation(at.data.path, { grant: 'g' }, { clock: at.clock, random: at.random });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(at.data.path, 'revocations')).mode & 0o777, 0o700);
    assert.deepEqual(kept().length, 1, 'no temporary file is left');
  });

  it('of one token end when no such token can live; of a grant or policy never', async () => {
    const single = await writeRevocation(at.data.path, { token: 'j' }, { clock: at.clock, random: at.random });
    assert.equal(single.object.spec.expiresAt, '2026-01-02T01:00:00Z');
    const grant = await writeRevocation(at.data.path, { grant: 'g' }, { clock: at.clock, random: at.random });
    assert.equal(grant.object.spec.expiresAt, undefined);
    assert.match(readFileSync(grant.file, 'utf8'), /creationTimestamp: 2026-01-01T00:00:00Z/);
  });

  it('must name exactly one thing, and times that exist', async () => {
    const wrong = [
      {},
      { token: 'a', grant: 'b' },
      { token: 'a', issuedBefore: 'yesterday' },
      { token: 'a', expiresAt: '2026-13-01T00:00:00Z' },
      { token: 'a', issuedBefore: '2026-02-30T00:00:00Z' },
      { token: '' },
    ];
    for (const spec of wrong) {
      await assert.rejects(writeRevocation(at.data.path, spec, { clock: at.clock, random: at.random }), {
        code: 'invalid_revocation',
      });
    }
  });

  it('last at least 24 h and the hour that clocks may be apart, then stop, and their files go', async () => {
    await at.open();
    await writeRevocation(
      at.data.path,
      { token: 'j', expiresAt: '2026-01-01T00:10:00Z' },
      { clock: at.clock, random: at.random },
    );
    await at.pass(1000);
    at.clock.jump(Date.parse('2026-01-02T00:59:00Z'));
    assert.equal(dead(), true);
    at.clock.jump(Date.parse('2026-01-02T01:01:00Z'));
    assert.equal(dead(), false);
    await at.pass(61_000);
    assert.deepEqual(kept(), []);
  });

  it('stay in force while a file among them is broken, and others still come into force', async () => {
    const s = await at.open();
    await writeRevocation(at.data.path, { token: 'j' }, { clock: at.clock, random: at.random });
    await at.pass(1000);
    writeFileSync(join(at.data.path, 'revocations/broken.yaml'), 'a: [');
    rmSync(join(at.data.path, 'revocations', kept().find((name) => name.startsWith('token-'))!));
    await writeRevocation(at.data.path, { token: 'k' }, { clock: at.clock, random: at.random });
    await at.pass(2000);
    assert.equal(dead(), true);
    assert.equal(dead(undefined, 'k'), true);
    assert.deepEqual(
      s.readErrors().map(({ source, code }) => [source, code]),
      [['broken.yaml:1', 'bad_yaml']],
    );
    assert.ok(s.staleSeconds() > 1, 'a view that may miss a revocation is stale');
  });

  it('come into force while others come and never rest, one of them broken', async () => {
    await at.open();
    at.data.write('revocations/broken.yaml', 'a: [');
    await writeRevocation(at.data.path, { token: 'j' }, { clock: at.clock, random: at.random });
    for (let i = 0; i < 20; i += 1) {
      at.data.write(`revocations/r${i}.yaml`, revocation(`r${i}`, `token: t${i}`));
      await at.pass(40);
    }
    assert.equal(dead(), true);
  });

  it('stay in force when their directory vanishes', async () => {
    const s = await at.open();
    await writeRevocation(at.data.path, { token: 'j' }, { clock: at.clock, random: at.random });
    await at.pass(1000);
    rmSync(join(at.data.path, 'revocations'), { recursive: true });
    await at.pass(2000);
    assert.equal(dead(), true);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unreadable'],
    );
  });

  it('are known before the first token is judged; broken ones from the start keep the store stale', async () => {
    at.dir.write('a.yaml', policy('a'));
    at.data.write('revocations/x.yaml', 'a: [');
    const s = await at.open();
    assert.equal(s.staleSeconds(), Number.POSITIVE_INFINITY);
  });

  it('may stand among the manifests; a manifest has no place among them', async () => {
    at.dir.write('r.yaml', revocation('r', 'grant: g'));
    at.data.write('revocations/a.yaml', policy('a'));
    const s = await at.open();
    assert.equal(dead(), true);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unknown_kind'],
    );
  });

  it('come into force from manifests that are wrong elsewhere', async () => {
    at.dir.write('a.yaml', policy('a'));
    await at.open();
    at.dir.write('a.yaml', `${policy('a', '  typo: 1\n')}---\n${revocation('r', 'token: j')}`);
    await at.pass(1000);
    assert.equal(dead(), true);
  });

  it('follow from a policy that is Revoked, even one that does not compile', async () => {
    at.dir.write('a.yaml', policy('a', '  state: Revoked\n').replace('ttl: 1h', 'ttl: 1s'));
    const s = await at.open();
    assert.equal(s.snapshot()?.reports[0]?.served, false);
    assert.equal(dead(), true);
  });
});
