import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/policy/index.ts';
import { createManifestStore, type ManifestStore, uidOf } from '../../src/standalone/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { policy, type TemporaryDirectory, temporaryDirectory } from './support.ts';

const DAY = 86_400_000;

describe('what a policy had revoked, once it is gone or changed', () => {
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
  const dead = (issued = clock.now() / 1000) =>
    store!.revocations().check({ ...token, iat: issued }, clock.now() / 1000) !== undefined;
  const kept = () => readdirSync(join(data.path, 'revocations'));

  it('stays dead: removing the file of a Revoked one revives nothing, here and after a restart', async () => {
    const file = dir.write('a.yaml', policy('a', '  state: Revoked\n'));
    await open();
    const issued = clock.now() / 1000;
    clock.jump(clock.now() + 3_600_000);
    rmSync(file);
    await pass(1000);
    assert.equal(dead(issued), true);
    await store!.close();
    await open();
    assert.equal(dead(issued), true);
    clock.jump(clock.now() + 2 * DAY);
    assert.equal(dead(), false, 'a policy of that name may be made anew');
  });

  it('stays dead also if its file is removed while nothing runs', async () => {
    for (const spec of ['state: Revoked', 'revokeIssuedBefore: "2026-01-01T00:00:00Z"', 'deletionPolicy: Revoke']) {
      const issued = clock.now() / 1000;
      const file = dir.write('a.yaml', policy('a', `  ${spec}\n`));
      await open();
      await store!.close();
      rmSync(file);
      await open();
      assert.equal(dead(spec.startsWith('revoke') ? Date.parse('2026-01-01T00:00:00Z') / 1000 : issued), true, spec);
      assert.equal(kept().length, 1, spec);
      await store!.close();
      await open();
      assert.equal(kept().length, 1, 'a policy is buried once');
      await store!.close();
      rmSync(join(data.path, 'revocations', kept()[0]!));
    }
  });

  it('is not forgotten silently: what is known of revoking policies must be readable', async () => {
    data.write('revoking-policies.json', '{"version": 1, "policies": [{}]}');
    await assert.rejects(open(), { code: 'data_dir_unusable' });
  });

  it('stays dead when another state is written back: Revoked is terminal for what was issued', async () => {
    dir.write('a.yaml', policy('a', '  state: Revoked\n'));
    await open();
    const issued = clock.now() / 1000;
    clock.jump(clock.now() + 60_000);
    dir.write('a.yaml', policy('a'));
    await pass(1000);
    assert.equal(dead(issued), true);
    clock.jump(clock.now() + 60_000);
    assert.equal(dead(), false);
  });

  it('is kept as the policy asked: revokeIssuedBefore, deletionPolicy Revoke, or none', async () => {
    for (const [spec, expected] of [
      ['  revokeIssuedBefore: "2026-01-01T00:00:00Z"\n', 1],
      ['  deletionPolicy: Revoke\n', 1],
      ['  deletionPolicy: Drain\n', 0],
      ['', 0],
    ] as const) {
      const file = dir.write('a.yaml', policy('a', spec));
      await open();
      rmSync(file);
      await store!.reload();
      assert.equal(kept().length, expected, spec);
      await store!.close();
      for (const name of kept()) rmSync(join(data.path, 'revocations', name));
    }
  });
});
