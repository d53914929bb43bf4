import assert from 'node:assert/strict';
import { type AuditEvent, createAudit } from '../../src/audit/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSink } from './support.ts';

type AgentEvent = Extract<AuditEvent, { kind: 'agent' }>;

const asked = (action: AgentEvent['action'], more: Partial<AgentEvent> = {}): AgentEvent => ({
  ...{ kind: 'agent', id: 'id-1', action, peer: '192.0.2.1', requested_by: 'system:serviceaccount:team:one' },
  ...{ namespace: 'agents', name: 'a', uid: null, ...(action === 'refused' && { reason: 'forbidden' }) },
  ...more,
});

describe('audit of who is refused to register agents', () => {
  it('writes ten a second of one caller, or of one peer where nobody is known, and counts the rest', async () => {
    const [sink, clock] = [new FakeSink(), new FakeClock()];
    const audit = createAudit({ sinks: [sink], clock, turn: async () => {} });
    const flood = (event: AgentEvent) => Promise.all(Array.from({ length: 25 }, () => audit.record(event)));
    await flood(asked('refused'));
    assert.equal(sink.records.length, 10);
    await flood(asked('refused', { requested_by: 'system:serviceaccount:team:two' }));
    await flood(asked('refused', { requested_by: null }));
    assert.equal(sink.records.length, 30);
    await clock.advance(1000);
    const counted = sink.records.slice(30).map(({ of, count }) => `${of} ${count}`);
    assert.deepEqual(counted.sort(), [
      '192.0.2.1 15',
      'system:serviceaccount:team:one 15',
      'system:serviceaccount:team:two 15',
    ]);
    await audit.close();
  });

  it('never holds back what was done', async () => {
    const sink = new FakeSink();
    const audit = createAudit({ sinks: [sink], clock: new FakeClock(), turn: async () => {} });
    for (let i = 0; i < 50; i += 1) await audit.record(asked('registered', { uid: `uid-${i}` }));
    assert.equal(sink.records.length, 50);
    await audit.close();
  });
});
