import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { settle } from '../../kube/support/settle.ts';
import { changed, policySpec, trustPolicy } from '../support.ts';
import { reported } from './support.ts';

const many = (n: number) => Array.from({ length: n }, (_, i) => trustPolicy('ai', `p${i}`, policySpec(`agent-${i}`)));

describe('who writes status', () => {
  it('nobody but the leader', async () => {
    const r = reported();
    await r.w.sync();
    await r.apply(...many(3));
    await r.pass(60_000);
    assert.equal(r.writes().length, 0);
    await r.lead();
    assert.equal(r.writes().length, 3);
  });

  it('the leader writes nothing before the cluster was read whole, then all of it', async () => {
    const r = reported();
    await r.lead();
    await r.pass(1_000);
    const objects = many(2);
    for (const object of objects) r.client.server.objects.set(keyOf(object), structuredClone(object) as never);
    await r.w.sync({ trustpolicies: objects });
    await r.pass(100);
    assert.equal(r.writes().length, 2);
  });

  it('a leader whose event loop stood still asks again before each write, and writes nothing', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    r.mayWrite = false;
    const objects = many(3);
    await r.apply(...objects);
    await r.pass(10_000);
    assert.equal(r.writes().length, 0);
    assert.deepEqual(objects.flatMap(r.events), [], 'nor does it tell what it did not write');
  });

  it('a lost term stops writing at once, in the middle of thousands; requests under way are ended', async () => {
    const r = reported();
    await r.w.sync();
    const ended: boolean[] = [];
    let begun = 0;
    r.client.faults.before = async ({ subresource }, { signal }) => {
      if (subresource !== 'status') return;
      begun += 1;
      if (begun <= 20) return;
      await new Promise<void>((_, reject) =>
        signal?.addEventListener('abort', () => {
          ended.push(true);
          reject(new Error('aborted'));
        }),
      );
    };
    await r.apply(...many(300));
    const end = await r.lead();
    await r.pass(100);
    const before = r.writes().length;
    assert.equal(before, 20);
    await end();
    await r.pass(600_000);
    assert.equal(ended.length, 4, 'as many as there are workers');
    assert.equal(r.writes().length, before);
    assert.equal(begun, 24);
    r.client.faults.before = undefined as never;
    await r.lead();
    await r.pass(1_000);
    assert.equal(r.writes().length, 300, 'the next term begins with what this one left');
  });

  it('a new leader writes only what the one before had not', async () => {
    const r = reported();
    await r.w.sync();
    const end = await r.lead();
    const [a, b, c] = many(3) as [KubeObject, KubeObject, KubeObject];
    await r.apply(a, b);
    await end();
    await r.apply(c);
    assert.equal(r.writes().length, 2);
    await r.lead();
    assert.deepEqual(
      r.writes().map(({ name }) => name),
      ['p0', 'p1', 'p2'],
    );
  });

  it('a flood: at most 4 requests at a time, and what is served is there while they wait', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    let [under, most] = [0, 0];
    r.client.faults.before = async () => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
    };
    const objects = many(1_000);
    const applied = r.apply(...objects);
    assert.equal(r.w.view.snapshot()?.ruleCount, 1_000);
    assert.equal(r.writes().length, 0, 'served before it was reported');
    await applied;
    while (r.writes().length < 1_000) await settle(50);
    assert.ok(most <= 5, `${most} at once: four statuses, and one Event`);
    await r.pass(1_000);
    assert.equal(r.writes().length, 1_000);
  });
});

describe('a status write', () => {
  it('is not repeated while nothing changes, for as long as that lasts', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    await r.apply(...many(5));
    assert.equal(r.writes().length, 5);
    await r.pass(3_600_000);
    assert.equal(r.writes().length, 5);
    assert.equal(r.linted, 2, 'the empty cluster, and the five');
  });

  it('never lands on a namesake: another uid by that name is left alone', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    r.watching = false;
    const [first] = many(1) as [KubeObject];
    r.w.of('trustpolicies').put(first);
    const other = { ...first, metadata: { ...first.metadata, uid: 'another' } };
    await r.apply(other);
    await r.pass(10_000);
    assert.equal(r.status(other).conditions, undefined);
  });

  it('of an object that is another by now waits until the copy shows it', async () => {
    const r = reported();
    await r.w.sync();
    const [one] = many(1) as [KubeObject];
    await r.apply(one);
    r.watching = false;
    const next = changed(one, { spec: policySpec('other') });
    await r.apply(next);
    await r.lead();
    await r.pass(1_000);
    assert.equal(r.status(one).conditions, undefined, 'generation 1 is not what is there');
    r.watching = true;
    await r.apply(next);
    await r.pass(5_000);
    assert.equal(r.status(one).observedGeneration, 2);
    assert.deepEqual(r.logged, [], 'a conflict is no failure');
  });

  it('that somebody else made is put right at the next look, and what they added beside ours stays', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    const [one] = many(1) as [KubeObject];
    await r.apply(one);
    const ours = r.status(one);
    const foreign = {
      type: 'Seen',
      status: 'True',
      reason: 'Audit',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const stored = r.client.server.objects.get(keyOf(one)) as unknown as { status: unknown };
    const lie = ours.conditions.map((condition) => ({ ...condition, status: 'False' }));
    stored.status = {
      ...ours,
      rules: 64,
      note: 'theirs',
      revokedAt: '2026-01-01T00:00:00Z',
      conditions: [...lie, foreign],
    };
    await r.apply(one);
    await r.pass(600_000);
    assert.equal(r.status(one).rules, 1);
    assert.equal(r.status(one).note, 'theirs');
    assert.equal(r.status(one).revokedAt, undefined, 'it is not revoked');
    assert.equal(r.condition(one, 'Ready').status, 'True');
    assert.equal(r.condition(one, 'Seen').reason, 'Audit');
  });

  it('does not depend on its Events: where they are forbidden, one line says so', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    r.client.faults.before = ({ plural }) => {
      if (plural === 'events') throw apiFailure(403, 'Forbidden');
    };
    await r.apply(...many(20));
    await r.pass(20_000);
    assert.equal(r.writes().length, 20);
    assert.deepEqual(r.logged, ['warn Events are not told {"reason":"forbidden"}']);
  });

  it('that the API server forbids is tried again, ever more seldom, and told by one line', async () => {
    const r = reported();
    await r.w.sync();
    await r.lead();
    let refused = 0;
    r.client.faults.before = ({ subresource }) => {
      if (subresource !== 'status') return;
      refused += 1;
      throw apiFailure(403, 'Forbidden');
    };
    const objects = many(50);
    await r.apply(...objects);
    await r.pass(20_000);
    assert.ok(refused >= 100 && refused < 600, `${refused} tries`);
    assert.equal(r.logged.length, 1);
    assert.match(r.logged[0]!, /^warn a status cannot be written: TrustPolicy \{"reason":"Forbidden"\}$/);
    r.client.faults.before = undefined as never;
    await r.pass(400_000);
    assert.equal(r.writes().length, 50);
  });
});

function keyOf({ metadata }: KubeObject): string {
  return `trustmint.dev/trustpolicies/${metadata.namespace}/${metadata.name}`;
}
