import assert from 'node:assert/strict';
import { type AuditOptions, createAudit } from '../../src/audit/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeSink, granted, refused, settle } from './support.ts';

function setup(options: Partial<AuditOptions> = {}, sinks = [new FakeSink()]) {
  const clock = new FakeClock();
  const log: string[] = [];
  const audit = createAudit({ sinks, clock, log: (m) => log.push(m), turn: async () => {}, ...options });
  return { clock, log, audit, sink: sinks[0]!, sinks };
}

const isUnavailable = (e: unknown) => e instanceof Error && 'code' in e && e.code === 'audit_unavailable';

/** How a promise stands now. */
function watch(promise: Promise<unknown>): { state: string } {
  const seen = { state: 'pending' };
  promise.then(
    () => {
      seen.state = 'written';
    },
    (e: { code?: string }) => {
      seen.state = e.code ?? 'failed';
    },
  );
  return seen;
}

describe('audit', () => {
  it('resolves when the record is written, with its time and version', async () => {
    const { audit, sink } = setup();
    await audit.record(granted());
    const [record] = sink.records;
    assert.equal(record!.time, '2026-01-01T00:00:00.000Z');
    assert.equal(record!.v, 1);
    assert.deepEqual({ ...record, time: undefined, v: undefined }, { ...granted(), time: undefined, v: undefined });
  });

  it('keeps the order, and writes all that came during a write in the next one', async () => {
    const { audit, sink } = setup();
    const ids = Array.from({ length: 500 }, (_, i) => `id-${i}`);
    const [first, ...others] = ids;
    sink.block();
    const written = [audit.record(granted(first))];
    await settle();
    written.push(...others.map((id) => audit.record(granted(id))));
    sink.unblock();
    await Promise.all(written);
    assert.deepEqual(
      sink.records.map((r) => r.id),
      ids,
    );
    assert.equal(sink.writes.length, 2);
  });

  it('writes all that one turn of the event loop brings at once', async () => {
    const { audit, sink } = setup({ turn: undefined });
    await Promise.all(Array.from({ length: 50 }, (_, i) => audit.record(granted(`id-${i}`))));
    assert.equal(sink.lines.length, 50);
    assert.equal(sink.writes.length, 1);
  });

  it('writes a long queue in pieces', async () => {
    const { audit, sink } = setup();
    const big = 'x'.repeat(1000);
    const caveats = Array.from({ length: 60 }, () => big);
    const one = granted('id', { granted: { caveats } } as never);
    await Promise.all(Array.from({ length: 60 }, () => audit.record(one)));
    assert.equal(sink.lines.length, 60);
    assert.ok(sink.writes.length > 3 && sink.writes.every((w) => w.length <= 1_048_576));
  });

  it('rejects after a second when the sink is blocked, while everything else goes on', async () => {
    const { audit, sink, clock, log } = setup();
    sink.block();
    const first = watch(audit.record(granted('a')));
    await clock.advance(600);
    const second = watch(audit.record(granted('b')));
    await clock.advance(399);
    assert.deepEqual([first.state, second.state], ['pending', 'pending']);
    await clock.advance(1);
    assert.deepEqual([first.state, second.state], ['audit_unavailable', 'pending']);
    await clock.advance(600);
    assert.equal(second.state, 'audit_unavailable');
    assert.deepEqual(audit.status(), [{ name: 'fake', ok: false, queued: 2, failure: 'timeout' }]);
    assert.deepEqual(log, ['the audit sink fake takes no records: timeout']);
  });

  it('goes on by itself when the sink recovers; what was given up meanwhile is marked late', async () => {
    const { audit, sink, clock, log } = setup();
    sink.block();
    const lost = watch(audit.record(granted('in flight')));
    await settle();
    const late = watch(audit.record(granted('waiting')));
    await clock.advance(1000);
    assert.deepEqual([lost.state, late.state], ['audit_unavailable', 'audit_unavailable']);
    sink.unblock();
    await audit.record(granted('after'));
    assert.deepEqual(
      sink.records.map((r) => [r.id, r.late]),
      [
        ['in flight', undefined],
        ['waiting', true],
        ['after', undefined],
      ],
    );
    assert.equal(audit.status()[0]!.ok, true);
    assert.equal(log.length, 2);
  });

  it('rejects at once when the queue is full, and holds no more than it may', async () => {
    const { audit, sink, clock } = setup({ maxQueue: 3 });
    sink.block();
    const three = [1, 2, 3].map((n) => watch(audit.record(granted(`${n}`))));
    await assert.rejects(audit.record(granted('4')), isUnavailable);
    assert.equal(audit.status()[0]!.queued, 3);
    assert.deepEqual(
      three.map((r) => r.state),
      ['pending', 'pending', 'pending'],
    );
    sink.unblock();
    await settle();
    await audit.record(granted('5'));
    assert.equal(sink.records.length, 4);
    await clock.advance(5000);
  });

  it('needs every sink: one that fails makes the record fail, and the others have it', async () => {
    const sinks = [new FakeSink('stdout'), new FakeSink('file')];
    const { audit, log } = setup({}, sinks);
    sinks[1]!.failing = 'ENOSPC';
    await assert.rejects(audit.record(granted()), isUnavailable);
    assert.equal(sinks[0]!.lines.length, 1);
    assert.deepEqual(log, ['the audit sink file takes no records: ENOSPC']);
    sinks[1]!.failing = undefined;
    await audit.record(granted());
    assert.deepEqual(
      sinks.map((s) => s.lines.length),
      [2, 1],
    );
  });

  it('a record that one full sink cannot take is not left in another', async () => {
    const sinks = [new FakeSink('a'), new FakeSink('b')];
    const { audit } = setup({ maxQueue: 1 }, sinks);
    sinks[1]!.block();
    watch(audit.record(granted('1')));
    await settle();
    await assert.rejects(audit.record(granted('2')), isUnavailable);
    assert.deepEqual(
      sinks[0]!.records.map((r) => r.id),
      ['1'],
    );
  });

  it('says nothing of what it could not write, in errors or in the log', async () => {
    const { audit, sink, log } = setup();
    sink.failing = 'EIO';
    await assert.rejects(audit.record(granted('secret-id')), (e: Error) => !e.message.includes('secret-id'));
    assert.ok(!log.join().includes('secret-id'));
  });

  it('writes what waits before it closes, and takes nothing afterwards', async () => {
    const { audit, sink, clock } = setup();
    sink.block();
    const waiting = watch(audit.record(granted()));
    const closing = audit.close();
    sink.unblock();
    await closing;
    assert.deepEqual([waiting.state, sink.closed, sink.lines.length], ['written', true, 1]);
    await assert.rejects(audit.record(granted()), isUnavailable);
    assert.equal(clock.pending, 0);
  });

  it('closes within a second even if the sink never answers', async () => {
    const { audit, sink, clock } = setup();
    sink.block();
    const waiting = watch(audit.record(granted()));
    const closing = watch(audit.close());
    await clock.advance(1000);
    assert.deepEqual([waiting.state, closing.state, sink.closed], ['audit_unavailable', 'written', true]);
    assert.equal(clock.pending, 0);
  });

  it('refuses to audit into nothing', () => {
    assert.throws(() => setup({}, []), /at least one sink/);
  });

  it('keeps no timers or entries behind while all is well', async () => {
    const { audit, clock } = setup();
    for (let i = 0; i < 50; i++) await audit.record(granted());
    assert.equal(clock.pending, 1);
    await clock.advance(1000);
    assert.equal(clock.pending, 0);
  });
});

describe('audit of refusals', () => {
  const flood = async (n: number, record: (i: number) => Promise<void>) => {
    await Promise.all(Array.from({ length: n }, (_, i) => record(i)));
  };

  it('writes ten a second and identity, then counts, and says how many', async () => {
    const { audit, sink, clock } = setup();
    await flood(25, (i) => audit.record(refused(`r-${i}`)));
    assert.equal(sink.records.length, 10);
    await clock.advance(1000);
    assert.equal(sink.records.length, 11);
    const { kind, of, count, from, to } = sink.records[10]!;
    assert.deepEqual(
      { kind, of, count, from, to },
      {
        kind: 'suppressed',
        of: '192.0.2.1',
        count: 15,
        from: '2026-01-01T00:00:00.000Z',
        to: '2026-01-01T00:00:01.000Z',
      },
    );
    await audit.record(refused('next second'));
    assert.equal(sink.records[11]!.id, 'next second');
    await clock.advance(5000);
    assert.equal(sink.records.length, 12);
    assert.equal(clock.pending, 0);
  });

  it('P14: tells identities apart by anchor and subject, and peers only where there is none', async () => {
    const { audit, sink } = setup();
    const who = (anchor: string, subject: string) => ({ anchor, subject, provider: 'oidc', issuer: 'i', claims: {} });
    const all = [who('a', 's'), who('b', 's'), who('a', 't'), undefined];
    for (const identity of all) await flood(12, () => audit.record(refused('r', identity ? { identity } : {})));
    assert.equal(sink.records.length, 40);
  });

  it('never holds back a grant', async () => {
    const { audit, sink } = setup();
    await flood(100, (i) => audit.record(granted(`g-${i}`), 'same'));
    assert.equal(sink.records.length, 100);
  });

  it('says what it counted before it closes', async () => {
    const { audit, sink } = setup();
    await flood(13, () => audit.record(refused()));
    await audit.close();
    assert.equal(sink.records.at(-1)!.count, 3);
  });
});
