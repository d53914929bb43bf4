import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LeaderElector } from '../../src/kube/leader-election.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { leaseOf, lost, Process, twoProcesses, World } from './support/election-world.ts';
import { MemoryClient } from './support/memory-client.ts';
import { steady } from './support/settle.ts';

describe('leader election, safety', () => {
  it('refuses timings under which two could lead', () => {
    const make = (timings: object) => () =>
      new LeaderElector({
        client: new MemoryClient(),
        clock: new FakeClock(),
        random: steady(0),
        namespace: 'ns',
        name: 'lease',
        identity: 'x',
        timings,
        lead: () => {},
      });
    for (const timings of [
      { renewDeadlineMs: 15_000 },
      { requestTimeoutMs: 3_000 },
      { requestTimeoutMs: 2_500, renewDeadlineMs: 4_000 },
      { retryPeriodMs: 0 },
      { retryPeriodMs: Number.NaN },
      { leaseDurationMs: 15_500 },
    ])
      assert.throws(make(timings), RangeError, JSON.stringify(timings));
    assert.doesNotThrow(
      make({ leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 200, requestTimeoutMs: 500 }),
    );
  });

  it('sees a renewal though a restored store counts the same versions again', async () => {
    const { world, a, b } = await twoProcesses();
    a.stopFor(3_600_000);
    for (let i = 0; i < 10; i += 1) {
      await world.advance(10_000);
      leaseOf(world).spec.renewTime = `renewed ${i}`;
    }
    assert.equal(b.elector.isLeader(), false);
    await world.advance(20_000);
    assert.equal(b.elector.isLeader(), true);
  });

  it('has at most one leader under any schedule of failures, standstills, clock jumps and drifting clocks', async function () {
    this.timeout(60_000);
    const fate = fc.record({
      kind: fc.constantFrom('ok' as const, 'ok' as const, 'lost' as const, 'unanswered' as const, 'error' as const),
      ms: fc.constantFrom(2, 50, 900, 2_600, 9_000),
    });
    const step = fc.record({
      who: fc.nat(2),
      pass: fc.nat(6_000),
      stop: fc.constantFrom(0, 0, 0, 1_000, 9_500, 14_000, 40_000),
      jump: fc.constantFrom(0, 0, 3_600_000, -7_200_000),
      // Some failures, or a partition.
      fates: fc.oneof(fc.array(fate, { maxLength: 4 }), fc.integer({ min: 3, max: 12 }).map(lost)),
      end: fc.constantFrom(false, false, false, false, false, true),
    });
    let led = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom(1, 1, 0.95, 1.05))),
        async (steps, rates) => {
          const world = new World();
          const processes = rates.map((rate, i) => new Process(world, 'abc'[i] as string, rate));
          for (const process of processes) process.elector.start();
          for (const { who, pass, stop, jump, fates, end } of steps) {
            const process = processes[who] as Process;
            process.fates.push(...fates);
            process.wallOffset += jump;
            if (stop > 0) process.stopFor(stop);
            if (end) void process.elector.stop();
            await world.advance(pass);
            if (end) process.elector.start();
          }
          assert.deepEqual(world.violations, []);
          led += world.ledOnce.size;
          // And it is no way to lead nobody: once all is well again there is a leader.
          for (const process of processes) process.fates = [];
          await world.advance(90_000);
          assert.equal(processes.filter(({ elector }) => elector.isLeader()).length, 1);
        },
      ),
      { numRuns: 150 },
    );
    assert.ok(led > 150, 'the schedules let processes lead');
  });
});
