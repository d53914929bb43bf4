import assert from 'node:assert/strict';
import type { HeldPolicy } from '../../../src/operator/index.ts';
import { syncPolicy } from '../../../src/operator/policies/sync.ts';
import { type ReportedKind, reportedStatus } from '../../../src/operator/status/reported.ts';
import { Reports } from '../../../src/operator/status/reports.ts';
import { trustPolicy, world } from '../support.ts';

/** A view whose copy is ahead of, or behind, what it serves: it must not be, and if it were, nothing wrong is said. */
describe('what is said of an object', () => {
  async function ofHeld(change: (held: HeldPolicy) => HeldPolicy) {
    const w = world();
    await w.sync({ trustpolicies: [trustPolicy('ai', 'p')] });
    const snapshot = w.view.snapshot()!;
    const items = new Map(
      [...w.view.copies.policies.get('TrustPolicy')!.items()].map(([key, one]) => [key, change(one)]),
    );
    const copies = { policies: new Map([['TrustPolicy', { items: () => items }]]) } as never;
    const reports = new Reports({ clock: w.clock, snapshot: () => snapshot, lint: () => assert.fail('not asked') });
    const type = { group: '', version: '', plural: '', namespaced: true };
    const sync: ReportedKind['sync'] = (report, one, now) => syncPolicy(report, one, now, { maxStaleness: 600 });
    return reportedStatus({ kind: 'TrustPolicy', type, view: { copies }, reports, sync }).sync('ai/p', 0);
  }

  it('is said of the generation that is served', async () => {
    const wanted = await ofHeld((held) => held);
    assert.deepEqual(wanted?.status, { ...wanted?.status, observedGeneration: 1, rules: 1 });
  });

  it('is nothing while another generation of it is served', async () => {
    const wanted = await ofHeld((held) => {
      const { object } = held.read;
      return { ...held, read: { object: { ...object, metadata: { ...object.metadata, generation: 2 } } as never } };
    });
    assert.equal(wanted, undefined);
  });

  it('is nothing while another object of its name is served', async () => {
    assert.equal(await ofHeld((held) => ({ ...held, uid: 'another' })), undefined);
  });
});
