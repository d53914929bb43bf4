import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/policy/index.ts';
import { createManifestStore, type ManifestStore, uidOf, writeRevocation } from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { policy, revocation, type TemporaryDirectory, temporaryDirectory } from './support.ts';

describe('revocations of a standalone mint', () => {
  let dir: TemporaryDirectory;
  let data: TemporaryDirectory;
  let clock: FakeClock;
  let store: ManifestStore | undefined;
  let counter = 0;
  const random = (n: number) => new Uint8Array(n).fill(++counter);
  beforeEach(() => {
    dir = temporaryDirectory();
    data = temporaryDirectory();
    clock = new FakeClock('2026-01-01T00:00:00Z');
  });
  afterEach(async () => {
    await store?.close();
    store = undefined;
    dir.remove();
    data.remove();
  });

  async function open(): Promise<ManifestStore> {
    store = await createManifestStore({
      dir: dir.path,
      dataDir: data.path,
      clock,
      random,
      compile: (objects) =>
        compile(objects, {
          tenancy: { mode: 'Single', tenant: 'acme' },
          defaultAudience: 'default',
          maxTtl: 86_400,
          ownIssuer: 'https://mint.example',
          allowLoopbackHttp: true,
        }),
      watch: () => ({ close: () => undefined }),
    });
    return store;
  }

  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 20) {
      await clock.advance(20);
      await store!.idle();
    }
  }

  const POLICY = uidOf('TrustPolicy', 'default', 'a');
  const token = { jti: 'j', gid: 'g', pol: POLICY, agt: null, tenant: 'acme', iat: 0, derivedFrom: () => ['d'] };
  const dead = (issued = clock.now() / 1000, jti = 'j') =>
    store!.revocations().check({ ...token, jti, iat: issued }, clock.now() / 1000) !== undefined;
  const kept = () => readdirSync(join(data.path, 'revocations'));

  it('that `trustmint revoke` writes are in force within a second, for any tenant', async () => {
    const s = await open();
    assert.equal(dead(), false);
    await writeRevocation(data.path, { token: 'j', reason: 'leaked' }, { clock, random });
    await pass(1000);
    assert.equal(dead(), true);
    assert.equal(dead(undefined, 'other'), false);
    assert.equal(s.revocations().feed(clock.now() / 1000).entries[0]?.tenant, null);
  });

  it('lie in files that only their owner can read', async () => {
    const { file } = await writeRevocation(data.path, { grant: 'g' }, { clock, random });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(data.path, 'revocations')).mode & 0o777, 0o700);
    assert.deepEqual(kept().length, 1, 'no temporary file is left');
  });

  it('of one token end when no such token can live; of a grant or policy never', async () => {
    const single = await writeRevocation(data.path, { token: 'j' }, { clock, random });
    assert.equal(single.object.spec.expiresAt, '2026-01-02T01:00:00Z');
    const grant = await writeRevocation(data.path, { grant: 'g' }, { clock, random });
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
      await assert.rejects(writeRevocation(data.path, spec, { clock, random }), { code: 'invalid_revocation' });
    }
  });

  it('last at least 24 h, then stop, and their files go', async () => {
    await open();
    await writeRevocation(data.path, { token: 'j', expiresAt: '2026-01-01T00:10:00Z' }, { clock, random });
    await pass(1000);
    clock.jump(Date.parse('2026-01-01T23:59:00Z'));
    assert.equal(dead(), true);
    clock.jump(Date.parse('2026-01-02T00:01:00Z'));
    assert.equal(dead(), false);
    await pass(61_000);
    assert.deepEqual(kept(), []);
  });

  it('stay in force while a file among them is broken, and others still come into force', async () => {
    const s = await open();
    await writeRevocation(data.path, { token: 'j' }, { clock, random });
    await pass(1000);
    writeFileSync(join(data.path, 'revocations/broken.yaml'), 'a: [');
    rmSync(join(data.path, 'revocations', kept().find((name) => name.startsWith('token-'))!));
    await writeRevocation(data.path, { token: 'k' }, { clock, random });
    await pass(2000);
    assert.equal(dead(), true);
    assert.equal(dead(undefined, 'k'), true);
    assert.deepEqual(
      s.readErrors().map(({ source, code }) => [source, code]),
      [['broken.yaml:1', 'bad_yaml']],
    );
    assert.ok(s.staleSeconds() > 1, 'a view that may miss a revocation is stale');
  });

  it('come into force while others come and never rest, one of them broken', async () => {
    await open();
    data.write('revocations/broken.yaml', 'a: [');
    await writeRevocation(data.path, { token: 'j' }, { clock, random });
    for (let i = 0; i < 20; i += 1) {
      data.write(`revocations/r${i}.yaml`, revocation(`r${i}`, `token: t${i}`));
      await pass(40);
    }
    assert.equal(dead(), true);
  });

  it('stay in force when their directory vanishes', async () => {
    const s = await open();
    await writeRevocation(data.path, { token: 'j' }, { clock, random });
    await pass(1000);
    rmSync(join(data.path, 'revocations'), { recursive: true });
    await pass(2000);
    assert.equal(dead(), true);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unreadable'],
    );
  });

  it('are known before the first token is judged; broken ones from the start keep the store stale', async () => {
    dir.write('a.yaml', policy('a'));
    data.write('revocations/x.yaml', 'a: [');
    const s = await open();
    assert.equal(s.staleSeconds(), Number.POSITIVE_INFINITY);
  });

  it('may stand among the manifests; a manifest has no place among them', async () => {
    dir.write('r.yaml', revocation('r', 'grant: g'));
    data.write('revocations/a.yaml', policy('a'));
    const s = await open();
    assert.equal(dead(), true);
    assert.deepEqual(
      s.readErrors().map(({ code }) => code),
      ['unknown_kind'],
    );
  });

  it('come into force from manifests that are wrong elsewhere', async () => {
    dir.write('a.yaml', policy('a'));
    await open();
    dir.write('a.yaml', `${policy('a', '  typo: 1\n')}---\n${revocation('r', 'token: j')}`);
    await pass(1000);
    assert.equal(dead(), true);
  });

  it('follow from a policy that is Revoked, even one that does not compile', async () => {
    dir.write('a.yaml', policy('a', '  state: Revoked\n').replace('ttl: 1h', 'ttl: 1s'));
    const s = await open();
    assert.equal(s.snapshot()?.reports[0]?.served, false);
    assert.equal(dead(), true);
  });
});
