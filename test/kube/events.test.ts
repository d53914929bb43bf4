import assert from 'node:assert/strict';
import type { EventToRecord } from '../../src/kube/event-object.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { apiFailure, type Faults, MemoryClient, MemoryServer } from './support/memory-client.ts';
import { settle } from './support/settle.ts';

const START = '2026-01-01T00:00:00Z';

const EVENT: EventToRecord = {
  regarding: {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'a', namespace: 'ns', uid: 'u1' },
  },
  type: 'Warning',
  reason: 'Invalid',
  action: 'Compile',
  note: 'rule 3 says nothing',
};

function world(faults: Faults = {}) {
  const clock = new FakeClock(START);
  const server = new MemoryServer();
  const dropped: string[] = [];
  let n = 0;
  const recorder = new EventRecorder({
    client: new MemoryClient(server, faults),
    clock,
    random: (size) => new Uint8Array(size).fill(++n),
    controller: 'example.com/operator',
    instance: 'pod-1',
    onDropped: (reason) => dropped.push(reason),
  });
  const events = () =>
    [...server.objects.values()] as unknown as ({ metadata: { name: string; namespace: string } } & Record<
      string,
      unknown
    >)[];
  return { clock, server, recorder, dropped, events };
}

describe('Event recorder', () => {
  it('tells an Event in the namespace of its object, with all that the API asks for', async () => {
    const { recorder, events } = world();
    recorder.record(EVENT);
    await settle();
    const [event] = events();
    assert.ok(event);
    const { metadata, ...rest } = event;
    assert.equal(metadata.namespace, 'ns');
    assert.equal(metadata.name, 'a.0101010101010101');
    assert.deepEqual(rest, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/operator',
      reportingInstance: 'pod-1',
      regarding: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'a', namespace: 'ns', uid: 'u1' },
      type: 'Warning',
      reason: 'Invalid',
      action: 'Compile',
      note: 'rule 3 says nothing',
    });
  });

  it('tells of a cluster-scoped object in the namespace default', async () => {
    const { recorder, events } = world();
    recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, metadata: { name: 'a', uid: 'u2' } } });
    await settle();
    assert.equal(events()[0]?.metadata.namespace, 'default');
    assert.deepEqual(events()[0]?.regarding, { apiVersion: 'example.com/v1', kind: 'Thing', name: 'a', uid: 'u2' });
  });

  it('counts what happens again instead of telling it again, and writes the count once a minute', async () => {
    const { recorder, clock, events, server } = world();
    for (let i = 0; i < 50; i += 1) {
      recorder.record(EVENT);
      await settle(2);
      await clock.advance(100);
    }
    assert.equal(events().length, 1);
    assert.equal(server.calls.length, 2);
    assert.deepEqual(events()[0]?.series, { count: 2, lastObservedTime: '2026-01-01T00:00:00.100000Z' });
    await clock.advance(60_000);
    assert.deepEqual(events()[0]?.series, { count: 50, lastObservedTime: '2026-01-01T00:00:04.900000Z' });
    assert.equal(server.calls.length, 3);
  });

  it('tells anew what happens again after six quiet minutes, and what says something else', async () => {
    const { recorder, clock, events } = world();
    recorder.record(EVENT);
    await clock.advance(360_001);
    recorder.record(EVENT);
    recorder.record({ ...EVENT, note: 'rule 4 says nothing' });
    await settle();
    assert.equal(events().length, 3);
    assert.ok(events().every((event) => event.series === undefined));
  });

  it('tells it anew when the Event that it counted in has expired', async () => {
    const { recorder, events, server } = world();
    recorder.record(EVENT);
    await settle();
    server.objects.clear();
    recorder.record(EVENT);
    await settle();
    assert.deepEqual(events()[0]?.series, { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' });
  });

  it('never disturbs: an ending namespace is noted and not tried again', async () => {
    const { recorder, dropped, clock } = world({
      before: () => {
        throw apiFailure(403, 'Forbidden');
      },
    });
    recorder.record(EVENT);
    await clock.advance(60_000);
    assert.deepEqual(dropped, ['forbidden']);
  });

  it('tries three times more while the API server is away, then drops it', async () => {
    let calls = 0;
    const { recorder, dropped, clock } = world({
      before: () => {
        calls += 1;
        throw apiFailure(0, 'NetworkError');
      },
    });
    recorder.record(EVENT);
    await settle();
    for (const seconds of [1, 2, 4, 60]) await clock.advance(seconds * 1_000);
    assert.equal(calls, 4);
    assert.deepEqual(dropped, ['failed']);
  });

  it('holds no more than 1,000 and lets one object tell no more than 25 different things at once', async () => {
    const { recorder, dropped, clock } = world({ before: () => new Promise(() => {}) });
    for (let i = 0; i < 40; i += 1) recorder.record({ ...EVENT, note: `n${i}` });
    assert.deepEqual(new Set(dropped), new Set(['spam']));
    assert.equal(dropped.length, 15);
    for (let i = 0; i < 1_200; i += 1) {
      const metadata = { name: `x${i}`, namespace: 'ns', uid: `x${i}` };
      recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, metadata } });
    }
    await clock.advance(0);
    assert.ok(dropped.filter((reason) => reason === 'full').length >= 200);
  });

  it('bounds notes and names so that the API takes them', async () => {
    const { recorder, events } = world();
    const name = `${'a'.repeat(199)}.${'b'.repeat(53)}`;
    recorder.record({
      ...EVENT,
      regarding: { ...EVENT.regarding, metadata: { name, namespace: 'ns', uid: 'u' } },
      note: `é${'x'.repeat(5_000)}\u0000`,
    });
    await settle();
    assert.ok((events()[0]?.metadata.name.length ?? 999) <= 253);
    assert.match(events()[0]?.metadata.name ?? '', /^a+\.[0-9a-f]{16}$/);
    assert.ok(Buffer.byteLength(String(events()[0]?.note)) <= 1_024);
  });

  it('sends what waits when it is closed, for a limited time', async () => {
    const { recorder, events } = world();
    recorder.record(EVENT);
    await recorder.close(1_000);
    assert.equal(events().length, 1);
    recorder.record({ ...EVENT, note: 'later' });
    await settle();
    assert.equal(events().length, 1);

    const stuck = world({ before: () => new Promise(() => {}) });
    stuck.recorder.record(EVENT);
    const closed = stuck.recorder.close(1_000);
    await stuck.clock.advance(1_000);
    await closed;
  });
});
