import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/index.ts';
import { namespaceNamed } from '../serve-support.ts';
import { createGraves, type Graves, isAlive, REVOKED, revocation, STRIPPED } from './graves.ts';
import { watchman } from './watchman.ts';
import { says } from './world.ts';

/** Milliseconds: a Lease that is not renewed is another's after 15 s; then the leader reads, judges and writes. */
const LED_WITHIN = 60_000;
/** Milliseconds for which what must not happen has time to. */
const LONG_ENOUGH = 40_000;
/** TokenRevocations that go with one namespace. */
const MANY = 400;

describe('A dead token on bad days', () => {
  let g: Graves;

  before(async function () {
    this.timeout(300_000);
    g = await createGraves();
  });
  after(async function () {
    this.timeout(120_000);
    await g?.cluster.stop();
  });
  afterEach(() => g.relieve());

  it('stays dead when its policy’s finalizer is taken off by hand, before it is deleted or while it is', async () => {
    const before = await g.policyThat('team-a', 'before', { deletionPolicy: 'Revoke' });
    const meanwhile = await g.policyThat('team-a', 'meanwhile', { deletionPolicy: 'Revoke' });
    await g.patch('team-a', 'before', STRIPPED);
    await g.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'before', 'meanwhile', '--wait=false']);
    // It may be gone already.
    await g.patch('team-a', 'meanwhile', STRIPPED).catch(() => {});
    for (const one of [before, meanwhile]) {
      await g.dead(one);
      await says(new RegExp(`"policy":"${one.uid}"`), g.kept, LED_WITHIN);
    }
    await sleep(LONG_ENOUGH);
  });

  it('stays dead when its Revoked policy is stripped and deleted while no operator runs', async () => {
    const minted = await g.policyThat('team-a', 'unwatched');
    await g.patch('team-a', 'unwatched', REVOKED);
    await says(new RegExp(`"policy":"${minted.uid}"`), g.kept, LED_WITHIN);
    await g.stopAll();
    await g.patch('team-a', 'unwatched', STRIPPED);
    await g.cluster.kubectl(['-n', 'team-a', 'delete', 'tpol', 'unwatched', '--timeout=20s']);
    await g.start(3);
    await g.dead(minted);
    await sleep(5_000);
  });

  it('stays dead though its namespace goes with its TokenRevocation, and the copy is about that tenant alone', async () => {
    await g.cluster.apply([namespaceNamed('mayfly')]);
    const minted = await g.policyThat('mayfly', 'short');
    const foreign = await g.policyThat('team-b', 'foreign');
    await g.cluster.apply([
      revocation('mayfly', 'mine', { token: minted.jti }),
      // A tenant's attempt upon another.
      revocation('mayfly', 'yours', { token: foreign.jti }),
      revocation('mayfly', 'yours-too', { token: foreign.jti, tenant: 'team-b' }),
    ]);
    await g.dead(minted);
    const others = g.replicas.map((replica) =>
      watchman(
        () => g.verify(replica, foreign.token),
        (answer) => !isAlive(answer) && answer.status === 200,
      ),
    );
    await g.cluster.kubectl(['delete', 'namespace', 'mayfly', '--timeout=90s']);
    await says(
      new RegExp(`"tenant":"mayfly".*"token":"${minted.jti}"|"token":"${minted.jti}".*"tenant":"mayfly"`),
      g.kept,
      LED_WITHIN,
    );
    await sleep(LONG_ENOUGH);
    for (const one of others) await one.relieve();
    assert.doesNotMatch(await g.kept(), /"tenant":"team-b"/);
    assert.match(g.logs(), /"action":"kept"/);
  });

  it('stays dead when the leader is killed while hundreds of TokenRevocations go with their namespace', async () => {
    await g.cluster.apply([namespaceNamed('mayfly-many')]);
    const minted = await g.policyThat('mayfly-many', 'short');
    await g.cluster.apply([
      revocation('mayfly-many', 'a-mine', { token: minted.jti }),
      ...Array.from({ length: MANY }, (_, i) => revocation('mayfly-many', `r-${i}`, { grant: `grant-${i}` })),
    ]);
    await g.dead(minted);
    const lease = await g.cluster.kubectl([
      '-n',
      'trustmint-system',
      'get',
      'lease',
      'trustmint',
      '-o',
      'jsonpath={.spec.holderIdentity}',
    ]);
    const leader = g.replicas.find(({ process }) => process.log(5_000).includes(`leads holder=${lease}`));
    assert.ok(leader, lease);
    await g.cluster.kubectl(['delete', 'namespace', 'mayfly-many', '--wait=false']);
    await until(LED_WITHIN, async () => (await g.kept()).includes('"tenant":"mayfly-many"'));
    await leader.process.stop('SIGKILL');
    const left = async () => (await g.kept()).match(/"tenant":"mayfly-many"/g)?.length ?? 0;
    await until(120_000, async () => (await left()) === MANY + 1);
    await leader.process.start();
    await leader.ready();
    await sleep(LONG_ENOUGH);
    assert.match(await g.kept(), new RegExp(minted.jti));
  });

  it('lives again half a minute after its TokenRevocation was taken back by a person, which is recorded', async () => {
    const minted = await g.policyThat('team-b', 'undone');
    await g.cluster.apply([revocation('team-b', 'mistake', { token: minted.jti })]);
    for (const replica of g.replicas)
      await until(20_000, async () => (await g.verify(replica, minted.token)).body.active === false);
    await g.cluster.kubectl(['-n', 'team-b', 'delete', 'trev', 'mistake']);
    const early = g.replicas.map((replica) => watchman(() => g.verify(replica, minted.token), isAlive));
    await sleep(20_000);
    for (const one of early) await one.relieve();
    await g.alive(minted);
    assert.match(g.logs(), /"action":"undone"[^\n]*team-b\/mistake/);
    assert.doesNotMatch(await g.kept(), new RegExp(minted.jti));
  });

  it('stays dead when etcd is restored from a backup of before its revocation, and people are told', async function () {
    this.timeout(400_000);
    const byToken = await g.policyThat('team-a', 'restored-token');
    const byState = await g.policyThat('team-b', 'restored-state');
    const byTime = await g.policyThat('team-b', 'restored-time');
    // The backup: what etcd holds while it stands still.
    const backup = join(g.cluster.dir, 'etcd-backup');
    await g.cluster.etcd.stop('SIGTERM');
    cpSync(join(g.cluster.dir, 'etcd'), backup, { recursive: true });
    await g.cluster.etcd.start();
    await g.cluster.apiserver.ready();
    await g.cluster.apply([revocation('team-a', 'lost', { token: byToken.jti })]);
    await g.patch('team-b', 'restored-state', REVOKED);
    await g.patch('team-b', 'restored-time', { spec: { revokeIssuedBefore: new Date().toISOString() } });
    for (const one of [byToken, byState, byTime]) await g.dead(one);
    for (const { uid } of [byState, byTime]) await says(new RegExp(`"policy":"${uid}"`), g.kept, LED_WITHIN);
    // Replicas live through it.
    await g.cluster.apiserver.stop();
    await g.cluster.etcd.stop();
    rmSync(join(g.cluster.dir, 'etcd'), { recursive: true });
    cpSync(backup, join(g.cluster.dir, 'etcd'), { recursive: true });
    await g.cluster.etcd.start();
    await g.cluster.apiserver.start();
    assert.doesNotMatch(await g.cluster.kubectl(['get', 'trev', '-A']), /lost/);
    await says(new RegExp(byToken.jti), g.kept, 150_000);
    for (const { uid } of [byState, byTime]) await says(new RegExp(`"policy":"${uid}"`), g.kept, 30_000);
    await says(/restored-state revoked more than it does now, and nobody edited it/, g.logs, LED_WITHIN);
    const events = () => g.cluster.kubectl(['-n', 'team-b', 'get', 'events', '-o', 'json']);
    await says(/RevocationKept/, events, LED_WITHIN);
    await sleep(LONG_ENOUGH);
  });

  it('stays dead when its namespace is given to another tenant, or to none', async () => {
    await g.stopAll();
    await g.start(3, '--tenancy=namespace-label');
    const minted = await g.policyThat('team-b', 'moved');
    await g.cluster.apply([revocation('team-b', 'moved', { token: minted.jti })]);
    await g.dead(minted);
    await g.cluster.kubectl(['label', 'namespace', 'team-b', 'trustmint.dev/tenant-']);
    await says(new RegExp(minted.jti), g.kept, LED_WITHIN);
    await g.cluster.kubectl(['label', 'namespace', 'team-b', 'trustmint.dev/tenant=other']);
    await sleep(LONG_ENOUGH);
  });
});
