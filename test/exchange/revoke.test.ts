import assert from 'node:assert/strict';
import { attenuateMacaroon, describeMacaroon } from '../../src/macaroon/index.ts';
import type { RevocationEntry } from '../../src/revocation/index.ts';
import { OBJECTS } from './jwt-support.ts';
import { type World, world } from './support.ts';

describe('giving a token up', () => {
  let w: World;
  let written: RevocationEntry[];
  let broken: boolean;
  beforeEach(async () => {
    written = [];
    broken = false;
    w = await world([...OBJECTS], {
      async writeRevocation(entry) {
        if (broken) throw new Error('no disk');
        written.push(entry);
      },
    });
  });

  const revoke = (token: string) => w.engine.revoke({ token, correlationId: 'id-1' });
  const lives = (token: string) => {
    const said = w.engine.introspect(token);
    return 'active' in said && said.active;
  };
  const jwt = async () => (await w.granted({ scopes: ['a:r'] })).token;
  const macaroon = async () => (await w.granted({ resource: 'files' })).token;

  it('RV-4: kills a JWT by its id at once here, and nothing else of its grant', async () => {
    const grant = await w.granted({ scopes: ['a:r'] });
    const other = await jwt();
    assert.deepEqual(await revoke(grant.token), { made: true });
    assert.deepEqual([lives(grant.token), lives(other)], [false, true]);
    const [entry] = written;
    assert.deepEqual([entry?.by, entry?.value, entry?.tenant], ['token', grant.jti, 'acme']);
    assert.ok(entry!.expiresAt! >= grant.expiresAt);
    const told = w.engine.revocations('api');
    assert.ok('entries' in told);
    assert.deepEqual(
      told.entries.map(({ value }) => value),
      [grant.jti],
      'offline verifiers are told as well',
    );
  });

  it('is recorded under the correlation id of the answer', async () => {
    const grant = await w.granted({ scopes: ['a:r'] });
    await revoke(grant.token);
    const { kind, id, action, by, value } = w.record() as unknown as Record<string, unknown>;
    assert.deepEqual([kind, id, action, by, value], ['revocation', 'id-1', 'made', 'token', grant.jti]);
    assert.ok(!JSON.stringify(w.record()).includes(grant.token));
  });

  it('kills a macaroon with all that is appended to it, and not what it was appended to', async () => {
    const root = await macaroon();
    const [child, sibling] = ['tool = a', 'tool = b'].map((one) => attenuateMacaroon(root, [one])) as [string, string];
    const below = attenuateMacaroon(child, ['method = GET']);
    assert.deepEqual(await revoke(child), { made: true });
    assert.deepEqual([root, sibling, child, below].map(lives), [true, true, false, false]);
    assert.deepEqual(
      written.map(({ by, value }) => [by, value]),
      [['derivedFrom', describeMacaroon(child).derivedFrom]],
    );
    assert.deepEqual(await revoke(below), { made: false }, 'it is dead already');
    await revoke(root);
    assert.deepEqual([root, sibling].map(lives), [false, false]);
  });

  it('kills a macaroon that is of use later only', async () => {
    const token = attenuateMacaroon(await macaroon(), ['time >= 2026-01-01T01:00:00Z']);
    assert.equal(lives(token), false);
    assert.deepEqual(await revoke(token), { made: true });
    await w.clock.advance(3_700_000);
    assert.equal(lives(token), false);
  });

  it('RV-2: has nothing to do for what is not ours, over, or dead already', async () => {
    const token = await jwt();
    const forged = [`${token.slice(0, -8)}AAAAAAAA`, `${(await macaroon()).slice(0, -8)}AAAAAAAA`];
    for (const none of ['', 'x', 'a.b.c', await w.proof(), ...forged])
      assert.deepEqual(await revoke(none), { made: false }, none);
    await revoke(token);
    assert.deepEqual(await revoke(token), { made: false });
    const over = await jwt();
    await w.clock.advance(9 * 3_600_000);
    assert.deepEqual(await revoke(over), { made: false });
    assert.equal(written.length, 1);
  });

  it('that cannot be kept is not said to be done, is dead here meanwhile, and is kept by the next try', async () => {
    const token = await jwt();
    broken = true;
    for (let i = 0; i < 2; i += 1) {
      const outcome = await revoke(token);
      assert.ok('code' in outcome);
      assert.equal(outcome.code, 'temporarily_unavailable');
      assert.equal(lives(token), false);
    }
    broken = false;
    assert.deepEqual(await revoke(token), { made: true });
    assert.deepEqual(await revoke(token), { made: false });
    assert.equal(written.length, 1);
  });

  it('lives again once the object that says so was there, and was taken back', async () => {
    const token = await jwt();
    await revoke(token);
    w.revoke(written[0]!);
    assert.equal(lives(token), false);
    w.revoke();
    assert.equal(lives(token), true);
  });

  it('is limited by grant, for from one token any number is derived', async () => {
    const root = await macaroon();
    let limited = 0;
    for (let i = 0; i < 40; i += 1) {
      const outcome = await revoke(attenuateMacaroon(root, [`tool = t${i}`]));
      if ('code' in outcome && outcome.code === 'rate_limited') limited += 1;
    }
    assert.deepEqual([written.length, limited], [30, 10]);
    const claims = { 'kubernetes.io': { namespace: 'ai-agents', serviceaccount: { name: 'other', uid: 'u2' } } };
    const sub = 'system:serviceaccount:ai-agents:other';
    const other = (await w.granted({ scopes: ['a:r'] }, 'kubernetes', { sub, ...claims })).token;
    assert.deepEqual(await revoke(other), { made: true }, 'others are not');
  });

  it('needs no fresh view, but keys and somewhere to keep it', async () => {
    const token = await jwt();
    w.view.stale = 100_000;
    assert.deepEqual(await revoke(token), { made: true });
    w.unserve();
    assert.ok('code' in (await revoke(token)));
  });
});
