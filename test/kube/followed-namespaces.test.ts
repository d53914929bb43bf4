import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Change, followNamespaces } from '../../src/kube/index.ts';
import { OPENSSL } from '../support/certificates.ts';
import { COLLECTION, type Fake, startFake, WIDGETS, widget } from './support/fake.ts';
import { eventually, inTime, pass } from './support/io.ts';

interface Thing {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly size: unknown;
}

const MINUTE = 60_000;

describe('A kind that is followed in some namespaces', () => {
  let fake: Fake;
  let copy: ReturnType<typeof follow>;
  let changes: Change<Thing>[];
  let syncs: number;
  let logged: string[];
  /** Namespaces that may not be read. */
  let forbidden: Set<string>;

  before(function () {
    if (!OPENSSL) this.skip();
  });
  beforeEach(async () => {
    fake = await startFake();
    changes = [];
    logged = [];
    syncs = 0;
    forbidden = new Set();
    fake.server.fault = ({ path }) =>
      forbidden.has(path.split('/').at(-2) ?? '') ? { status: 403, reason: 'Forbidden' } : undefined;
    copy = follow();
  });
  afterEach(async () => {
    await copy.stop();
    assert.equal(fake.clock.pending, 0, 'no timer is left');
    await fake.close();
  });

  const follow = () =>
    followNamespaces<Thing>({
      client: fake.client,
      type: WIDGETS,
      clock: fake.clock,
      random: (n) => randomBytes(n),
      project: ({ metadata: { uid, resourceVersion }, spec }) => ({
        uid,
        resourceVersion,
        size: (spec as { size: number }).size,
      }),
      onChange: (batch) => void changes.push(...batch),
      onSynced: () => {
        syncs += 1;
      },
      log: (_, message, fields) => void logged.push(`${message} ${JSON.stringify(fields)}`),
    });
  const put = (namespace: string, name: string) => fake.server.store.put(COLLECTION, widget(name, 1, namespace));
  const keys = () => [...copy.items().keys()].sort();
  const asked = () => [...new Set(fake.server.seen.map(({ path }) => path))].sort();
  const present = (namespaces: Record<string, string>) => copy.setPresent(new Map(Object.entries(namespaces)));

  it('is one copy of those, synced when each was listed, and nothing else is ever asked', async () => {
    for (const namespace of ['a', 'b', 'c']) put(namespace, 'w');
    copy.start();
    assert.deepEqual([asked(), copy.synced, copy.ageMs()], [[], false, Number.POSITIVE_INFINITY]);
    present({ a: '1', b: '2' });
    await eventually('synced', () => copy.synced);
    assert.deepEqual([keys(), syncs], [['a/w', 'b/w'], 1]);
    put('b', 'later');
    put('c', 'later');
    await eventually('the event', () => copy.items().has('b/later'));
    await pass(fake.clock, 2 * MINUTE);
    assert.deepEqual(keys(), ['a/w', 'b/later', 'b/w']);
    const paths = ['a', 'b'].map((one) => `/apis/example.com/v1/namespaces/${one}/widgets`);
    assert.deepEqual(asked(), paths);
  });

  it('is not synced while one cannot be read, and says why and where', async () => {
    put('a', 'w');
    forbidden.add('b');
    present({ a: '1', b: '2' });
    copy.start();
    await eventually('refused', () => copy.parts().get('b')?.status().reason === 'rbac_missing');
    await eventually('the other is read', () => copy.parts().get('a')?.synced === true);
    assert.deepEqual([copy.synced, syncs, copy.status().reason], [false, 0, 'rbac_missing']);
    assert.match(logged.join('\n'), /not watching .*"namespace":"b"/);
    forbidden.clear();
    await inTime(fake.clock, MINUTE, 'synced', () => copy.synced);
    assert.equal(syncs, 1);
  });

  it('is as old as the one that is silent for longest', async () => {
    present({ a: '1', b: '2' });
    copy.start();
    await eventually('synced', () => copy.synced);
    forbidden.add('b');
    fake.server.watches.cut();
    await pass(fake.clock, 3 * MINUTE);
    assert.ok(copy.ageMs() >= 3 * MINUTE - 1_000, String(copy.ageMs()));
    assert.ok(copy.parts().get('a')!.ageMs() < 2 * MINUTE);
  });

  it('loses what it held of a namespace that goes, as told; one of the same name is read anew, and nothing in between', async () => {
    put('a', 'w');
    put('b', 'w');
    present({ a: '1', b: '2' });
    copy.start();
    await eventually('synced', () => copy.synced);
    const before = copy.counters().lists;
    changes.length = 0;
    present({ a: '1' });
    assert.deepEqual(keys(), ['a/w']);
    assert.deepEqual(
      changes.map((one) => [one.type, one.key, one.type === 'deleted' && one.how]),
      [['deleted', 'b/w', 'told']],
    );
    const seen = () => fake.server.seen.filter(({ path }) => path.includes('/b/')).length;
    const then = seen();
    await pass(fake.clock, 5 * MINUTE);
    assert.equal(seen(), then);
    assert.equal(copy.synced, true);
    present({ a: '1', b: '3' });
    await eventually('read anew', () => copy.items().has('b/w'));
    assert.ok(copy.counters().lists > before, 'what was counted is not forgotten');
    assert.equal(syncs, 1);
  });

  it('takes a namespace with another uid for another one, though it never saw the first one go', async () => {
    put('a', 'w');
    present({ a: '1' });
    copy.start();
    await eventually('synced', () => copy.synced);
    forbidden.add('a');
    present({ a: '2' });
    assert.deepEqual(keys(), []);
  });

  it('ages from when a namespace comes that cannot be read, and no sooner', async () => {
    present({ a: '1' });
    copy.start();
    await eventually('synced', () => copy.synced);
    await pass(fake.clock, 10 * MINUTE);
    forbidden.add('b');
    present({ a: '1', b: '2' });
    assert.equal(copy.synced, true);
    assert.ok(copy.ageMs() < 2 * MINUTE, 'what was read goes on');
    await pass(fake.clock, 5 * MINUTE);
    assert.ok(copy.ageMs() >= 5 * MINUTE - 1_000, String(copy.ageMs()));
    forbidden.clear();
    await inTime(fake.clock, MINUTE, 'young again', () => copy.ageMs() < 2 * MINUTE);
  });
});
