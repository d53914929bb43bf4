import assert from 'node:assert/strict';
import { LeaderElector } from '../../src/kube/leader-election.ts';
import { leaseOf, lost, Process, twoProcesses, World } from './support/election-world.ts';
import { MemoryClient } from './support/memory-client.ts';
import { steady } from './support/settle.ts';

describe('leader election', () => {
  it('makes the first to come the leader, and a Lease that says so as the API wants it', async () => {
    const { world, a, b } = await twoProcesses();
    const { spec } = leaseOf(world);
    assert.equal(spec.holderIdentity, 'a_uuid');
    assert.equal(spec.leaseDurationSeconds, 15);
    assert.equal(spec.leaseTransitions, 0);
    assert.match(String(spec.acquireTime), /^2026-01-01T00:00:0\d\.\d{6}Z$/);
    assert.match(String(spec.renewTime), /^2026-01-01T00:00:0\d\.\d{6}Z$/);
    assert.notEqual(spec.renewTime, spec.acquireTime);
    assert.equal(b.elector.holder, 'a_uuid');
    assert.equal(a.terms.length, 1);
    assert.deepEqual(world.violations, []);
  });

  it('passes to another only a Lease duration after the holder was last seen to renew', async () => {
    const { world, a, b } = await twoProcesses();
    a.stopFor(3_600_000);
    await world.advance(13_000);
    assert.equal(b.elector.isLeader(), false);
    await world.advance(7_000);
    assert.equal(b.elector.isLeader(), true);
    assert.equal(b.elector.transitions, 1);
    assert.deepEqual(world.violations, []);
  });

  it('believes no renewTime: clocks that are hours apart or jump move nobody', async () => {
    const { world, a, b } = await twoProcesses();
    for (const hours of [5, -20, 3]) {
      a.wallOffset += hours * 3_600_000;
      b.wallOffset -= hours * 7_200_000;
      await world.advance(20_000);
      assert.equal(a.elector.isLeader(), true);
    }
    assert.equal(a.terms.length, 1);
    assert.deepEqual(world.violations, []);
  });

  it('ceases to lead 10 s after the last renewal that arrived was sent, and the term signal fires', async () => {
    const world = new World();
    const a = new Process(world, 'a');
    a.elector.start();
    await world.advance(100);
    a.fates = lost(100);
    // It was sent at 2.5 ms.
    await world.advance(9_902);
    assert.deepEqual([a.elector.isLeader(), a.terms[0]?.aborted], [true, false]);
    await world.advance(1);
    assert.deepEqual([a.elector.isLeader(), a.terms[0]?.aborted], [false, true]);
    assert.ok(a.errors.length > 0);
  });

  it('is no leader the moment it wakes from a standstill, before any timer has run', async () => {
    const { world, a } = await twoProcesses();
    a.stopFor(60_000);
    await world.advance(11_000);
    assert.equal(a.elector.isLeader(), false);
    assert.equal(a.terms[0]?.aborted, false, 'nothing could run yet');
    await world.advance(60_000);
    assert.equal(a.terms[0]?.aborted, true);
  });

  it('counts a renewal from when it was sent, not from when its answer was read', async () => {
    const { world, a } = await twoProcesses();
    // The next request reaches the server at once; the process stands still before it can read the answer.
    await world.advance(1_000);
    a.fates = [{ kind: 'ok', ms: 2_000 }];
    await world.advance(2_000);
    a.stopFor(10_500);
    await world.advance(10_400);
    assert.equal(a.elector.isLeader(), false);
    await world.advance(10_000);
    assert.deepEqual(world.violations, []);
  });

  it('goes on trying after it lost, and leads again', async () => {
    const { world, a, b } = await twoProcesses();
    a.fates = lost(8);
    await world.advance(30_000);
    assert.equal(b.elector.isLeader(), true);
    a.fates = [];
    const stopped = b.elector.stop();
    await world.advance(5_000);
    await stopped;
    assert.equal(a.elector.isLeader(), true);
    assert.equal(a.terms.length, 2);
    assert.deepEqual(world.violations, []);
  });

  it('keeps leading when somebody else writes the Lease without taking it', async () => {
    const { world, a } = await twoProcesses();
    const lease = leaseOf(world);
    lease.metadata.annotations = { 'example.com/mark': 'x' };
    lease.metadata.resourceVersion = world.server.nextVersion();
    await world.advance(10_000);
    assert.equal(a.elector.isLeader(), true);
    assert.equal(a.terms.length, 1);
    assert.deepEqual(leaseOf(world).metadata.annotations, { 'example.com/mark': 'x' });
  });

  it('ends its term at once when it finds another name on the Lease', async () => {
    const { world, a } = await twoProcesses();
    const lease = leaseOf(world);
    lease.spec.holderIdentity = 'intruder';
    lease.metadata.resourceVersion = world.server.nextVersion();
    await world.advance(2_500);
    assert.equal(a.elector.isLeader(), false);
    assert.equal(a.elector.holder, 'intruder');
  });

  it('releases the Lease on shutdown, so that another leads within a retry period', async () => {
    const { world, a, b } = await twoProcesses();
    const stopped = a.elector.stop();
    await world.advance(3_000);
    await stopped;
    assert.equal(b.elector.isLeader(), true);
    assert.equal(a.terms[0]?.aborted, true);
    assert.deepEqual(world.violations, []);
  });

  it('releases only after the work of the term has ended', async () => {
    const world = new World();
    const work = Promise.withResolvers<void>();
    const a = new Process(world, 'a', 1, () => work.promise);
    a.elector.start();
    await world.advance(1_000);
    const stopped = a.elector.stop();
    await world.advance(3_000);
    assert.equal(leaseOf(world).spec.holderIdentity, 'a_uuid');
    work.resolve();
    await world.advance(100);
    await stopped;
    assert.equal(leaseOf(world).spec.holderIdentity, undefined);
  });

  it('leaves the Lease to expire when the work does not end in time', async () => {
    const world = new World();
    const a = new Process(world, 'a', 1, () => new Promise<never>(() => {}));
    a.elector.start();
    await world.advance(1_000);
    const stopped = a.elector.stop();
    await world.advance(12_000);
    await stopped;
    assert.equal(leaseOf(world).spec.holderIdentity, 'a_uuid');
  });

  it('begins no new term while the work of the last one has not ended', async () => {
    const world = new World();
    const work = Promise.withResolvers<void>();
    const a = new Process(world, 'a', 1, () => work.promise);
    a.elector.start();
    await world.advance(1_000);
    a.fates = lost(6);
    await world.advance(60_000);
    assert.equal(a.terms.length, 1);
    a.fates = [];
    work.resolve();
    await world.advance(5_000);
    assert.equal(a.terms.length, 2);
  });

  it('gives the Lease up when the work fails, and says why', async () => {
    const world = new World();
    const a = new Process(world, 'a', 1, () => Promise.reject(new Error('work failed')));
    const b = new Process(world, 'b');
    a.elector.start();
    await world.advance(100);
    b.elector.start();
    await world.advance(8_000);
    assert.equal(b.elector.isLeader(), true);
    assert.match(String(a.errors[0]), /work failed/);
    assert.deepEqual(world.violations, []);
  });

  it('takes a request without an answer for failed, though it may have arrived, and recovers from that', async () => {
    const { world, a } = await twoProcesses();
    a.fates = [{ kind: 'unanswered', ms: 5 }];
    await world.advance(8_000);
    assert.equal(a.elector.isLeader(), true);
    assert.equal(a.terms.length, 1);
  });

  it('makes a deleted Lease anew with its annotations; another waits for the holder that it knew', async () => {
    const { world, a, b } = await twoProcesses();
    leaseOf(world).metadata.annotations = { 'example.com/mark': 'x' };
    leaseOf(world).metadata.resourceVersion = world.server.nextVersion();
    await world.advance(5_000);
    a.stopFor(4_000);
    world.server.objects.clear();
    await world.advance(10_000);
    assert.equal(b.elector.isLeader(), false);
    assert.equal(a.elector.isLeader(), true);
    assert.deepEqual(leaseOf(world).metadata.annotations, { 'example.com/mark': 'x' });
    assert.deepEqual(world.violations, []);
  });

  it('tells each change of holder once', async () => {
    const world = new World();
    const changes: unknown[] = [];
    const clock = new Process(world, 'x');
    const elector = new LeaderElector({
      client: new MemoryClient(world.server),
      clock,
      random: steady(0),
      namespace: 'ns',
      name: 'lease',
      identity: 'c',
      lead: () => {},
      onChange: (state) => changes.push(state),
    });
    elector.start();
    await world.advance(20_000);
    const stopped = elector.stop();
    await world.advance(10);
    await stopped;
    assert.deepEqual(changes, [
      { leading: true, holder: 'c' },
      { leading: false, holder: undefined },
    ]);
  });
});
