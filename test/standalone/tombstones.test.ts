import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { uidOf } from '../../src/standalone/index.ts';
import { followed } from './followed.ts';
import { policy } from './support.ts';

const DAY = 86_400_000;

describe('what a policy had revoked, once it is gone or changed', () => {
  const at = followed({ start: '2026-01-01T00:00:00Z', hasData: true });

  const POLICY = uidOf('TrustPolicy', 'default', 'a');
  const token = { jti: 'j', gid: 'g', pol: POLICY, agt: null, tenant: 'acme', iat: 0, derivedFrom: () => ['d'] };
  const dead = (issued = at.clock.now() / 1000) =>
    at.store!.revocations().check({ ...token, iat: issued }, at.clock.now() / 1000) !== undefined;
  const kept = () => readdirSync(join(at.data.path, 'revocations'));

  it('stays dead: removing the file of a Revoked one revives nothing, here and after a restart', async () => {
    const file = at.dir.write('a.yaml', policy('a', '  state: Revoked\n'));
    await at.open();
    const issued = at.clock.now() / 1000;
    at.clock.jump(at.clock.now() + 3_600_000);
    rmSync(file);
    await at.pass(1000);
    assert.equal(dead(issued), true);
    await at.store!.close();
    await at.open();
    assert.equal(dead(issued), true);
    at.clock.jump(at.clock.now() + 2 * DAY);
    assert.equal(dead(), false, 'a policy of that name may be made anew');
  });

  it('stays dead also if its file is removed while nothing runs', async () => {
    for (const spec of ['state: Revoked', 'revokeIssuedBefore: "2026-01-01T00:00:00Z"', 'deletionPolicy: Revoke']) {
      const issued = at.clock.now() / 1000;
      const file = at.dir.write('a.yaml', policy('a', `  ${spec}\n`));
      await at.open();
      await at.store!.close();
      rmSync(file);
      await at.open();
      assert.equal(dead(spec.startsWith('revoke') ? Date.parse('2026-01-01T00:00:00Z') / 1000 : issued), true, spec);
      assert.equal(kept().length, 1, spec);
      await at.store!.close();
      await at.open();
      assert.equal(kept().length, 1, 'a policy is buried once');
      await at.store!.close();
      rmSync(join(at.data.path, 'revocations', kept()[0]!));
    }
  });

  it('is not forgotten silently: what is known of revoking policies must be readable', async () => {
    at.data.write('revoking-policies.json', '{"version": 1, "policies": [{}]}');
    await assert.rejects(at.open(), { code: 'data_dir_unusable' });
  });

  it('stays dead when another state is written back: Revoked is terminal for what was issued', async () => {
    at.dir.write('a.yaml', policy('a', '  state: Revoked\n'));
    await at.open();
    const issued = at.clock.now() / 1000;
    at.clock.jump(at.clock.now() + 60_000);
    at.dir.write('a.yaml', policy('a'));
    await at.pass(1000);
    assert.equal(dead(issued), true);
    at.clock.jump(at.clock.now() + 60_000);
    assert.equal(dead(), false);
  });

  it('is kept as the policy asked: revokeIssuedBefore, deletionPolicy Revoke, or none', async () => {
    for (const [spec, expected] of [
      ['  revokeIssuedBefore: "2026-01-01T00:00:00Z"\n', 1],
      ['  deletionPolicy: Revoke\n', 1],
      ['  deletionPolicy: Drain\n', 0],
      ['', 0],
    ] as const) {
      const file = at.dir.write('a.yaml', policy('a', spec));
      await at.open();
      rmSync(file);
      await at.store!.reload();
      assert.equal(kept().length, expected, spec);
      await at.store!.close();
      for (const name of kept()) rmSync(join(at.data.path, 'revocations', name));
    }
  });
});
