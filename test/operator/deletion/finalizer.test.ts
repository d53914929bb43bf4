import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { FINALIZER } from '../../../src/operator/index.ts';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { policySpec, raw, trustPolicy } from '../support.ts';
import { Deletions } from './support.ts';

const status = { observedGeneration: 1 };
const living = (name: string, finalizers?: string[]): KubeObject => ({
  ...trustPolicy('ai', name, policySpec(), finalizers ? { finalizers } : {}),
  status,
});
const of = (d: Deletions, one: KubeObject) => d.get(one)?.metadata.finalizers ?? [];

describe('the finalizer', () => {
  it('is put on what lives, beside those of others, and once', async () => {
    const d = new Deletions();
    const [bare, shared] = [living('bare'), living('shared', ['example.com/a', 'example.com/b'])];
    d.put(bare);
    d.put(shared);
    const r = d.lead();
    await d.pass(5_000);
    assert.deepEqual(of(d, bare), [FINALIZER]);
    assert.deepEqual(of(d, shared), ['example.com/a', 'example.com/b', FINALIZER]);
    assert.equal(r.did.length, 2);
    await d.pass(200_000);
    assert.equal(r.did.length, 2);
  });

  it('is put on a new policy right after its status, so that one deleted a moment later has its last words', async () => {
    const d = new Deletions();
    const r = d.lead();
    await d.pass(10_500);
    const one = living('p');
    const { status: said, ...unsaid } = one;
    d.put(unsaid as KubeObject);
    r.changed();
    await d.pass(50);
    d.put({ ...one, status: said, metadata: { ...one.metadata, resourceVersion: d.server.nextVersion() } });
    await d.pass(150);
    assert.deepEqual(of(d, one), [FINALIZER]);
  });

  it('is never put on what is being deleted', async () => {
    const d = new Deletions();
    const one = living('p', ['example.com/a']);
    d.put(one);
    await d.delete(one);
    const r = d.lead();
    await d.pass(120_000);
    assert.deepEqual(of(d, one), ['example.com/a']);
    assert.deepEqual(r.did, []);
  });

  it('replaces no list that another has just begun, and is put on at the next look', async () => {
    const d = new Deletions();
    const one = living('p');
    d.put(one);
    const r = d.lead();
    r.onStep = (when, step) => {
      if (when !== 'before' || step > 0) return;
      const resourceVersion = d.server.nextVersion();
      d.put({ ...one, metadata: { ...one.metadata, resourceVersion, finalizers: ['example.com/a'] } });
    };
    await d.pass(5_000);
    assert.deepEqual(of(d, one), ['example.com/a', FINALIZER]);
  });

  it('10,000 policies at the first install: first those with a status, some 50 a second, the others later', async () => {
    const d = new Deletions();
    const many = Array.from({ length: 200 }, (_, n) => living(`p${n}`));
    const { status: _, ...unsaid } = living('unsaid');
    for (const one of [...many, unsaid as KubeObject]) d.put(one);
    d.lead();
    await d.pass(1_500);
    const held = () => many.filter((one) => of(d, one).length > 0).length;
    assert.ok(held() >= 50 && held() <= 100, `${held()}`);
    await d.pass(10_000);
    assert.equal(held(), 200);
    assert.deepEqual(of(d, unsaid as KubeObject), [], 'its status is written first');
    await d.pass(60_000);
    assert.deepEqual(of(d, unsaid as KubeObject), [FINALIZER]);
  });

  it('that may not be written is tried once a minute, and not for each of them; one line tells it', async () => {
    const d = new Deletions();
    for (let n = 0; n < 300; n += 1) d.put(living(`p${n}`));
    const r = d.lead();
    r.client.faults.before = () => {
      r.did.push('asked');
      throw apiFailure(403, 'Forbidden');
    };
    await d.pass(150_000);
    // As many as are worked on at once.
    assert.ok(r.did.length >= 2 && r.did.length <= 4 * 24, `${r.did.length}`);
    assert.ok(r.logged.every((line) => /warn a finalizer cannot be written/.test(line)) && r.logged.length <= 3);
  });

  it('--no-finalizers: what lives loses ours and no other; what is being deleted is finished as ever', async () => {
    const d = new Deletions();
    const [one, two] = [living('one', [FINALIZER, 'example.com/a']), living('two', [FINALIZER])];
    d.put(one);
    d.put(two);
    await d.delete(two);
    d.lead({ finalizers: false });
    await d.pass(5_000);
    assert.deepEqual(of(d, one), ['example.com/a']);
    assert.equal(d.get(two), undefined);
    assert.deepEqual(
      d.ends.map(({ name, action }) => [name, action]),
      [['two', 'deleted']],
    );
  });

  it('of a kind whose namespaces give the rights: what lives loses it, once, for another may have another mind; other kinds have it', async () => {
    const d = new Deletions();
    const one = living('p', [FINALIZER]);
    const all = raw('ClusterTrustPolicy', undefined, 'all', policySpec());
    d.put(one);
    d.put({ ...all, status: { observedGeneration: 1 } });
    const r = d.lead({ without: 'TrustPolicy' });
    await d.pass(5_000);
    assert.deepEqual([of(d, one), of(d, all)], [[], [FINALIZER]]);
    const now = d.get(one)!;
    const resourceVersion = d.server.nextVersion();
    d.put({ ...now, metadata: { ...now.metadata, resourceVersion, finalizers: [FINALIZER] } });
    await d.pass(5_000);
    assert.deepEqual(of(d, one), [FINALIZER]);
    assert.match(r.logged.join('\n'), /warn our finalizer is put on again/);
  });

  it('that the API server refuses to let go of, again and again, is told: the object stays, and people wait', async () => {
    for (const isDeleted of [true, false]) {
      const d = new Deletions();
      const one = living('p', [FINALIZER]);
      d.put(one);
      if (isDeleted) await d.delete(one);
      const r = d.lead({ finalizers: false });
      r.onStep = (when, _, what) => {
        if (when === 'before' && what === 'patch trustpolicies') throw apiFailure(422, 'Invalid');
      };
      await d.pass(10_000);
      assert.match(r.logged.join('\n'), /warn .* \{"reason":"FinalizerStays"\}/);
      assert.deepEqual(of(d, one), [FINALIZER]);
    }
  });

  it('is taken off at the place where it is now, though another finalizer went before it', async () => {
    const d = new Deletions();
    const one = living('p', ['example.com/a', FINALIZER, 'example.com/b']);
    d.put(one);
    await d.delete(one);
    const r = d.lead();
    r.onStep = (when, _, what) => {
      if (when !== 'before' || what !== 'patch trustpolicies') return;
      const now = d.get(one);
      if (!now?.metadata.finalizers?.includes('example.com/a')) return;
      d.put({ ...now, metadata: { ...now.metadata, finalizers: [FINALIZER, 'example.com/b'] } });
    };
    await d.pass(5_000);
    assert.deepEqual(of(d, one), ['example.com/b']);
    assert.equal(d.ends.length, 1);
  });

  it('is taken off as often as somebody put it on', async () => {
    const d = new Deletions();
    const [one, two] = [living('one', [FINALIZER, FINALIZER]), living('two', [FINALIZER, 'example.com/a', FINALIZER])];
    for (const each of [one, two]) {
      d.put(each);
      await d.delete(each);
    }
    d.lead();
    await d.pass(5_000);
    assert.equal(d.get(one), undefined);
    assert.deepEqual(of(d, two), ['example.com/a']);
    assert.equal(d.ends.length, 2);
  });

  it('is taken off again where a backup brought the object back as it was while it was being deleted', async () => {
    const d = new Deletions();
    const one = living('p', [FINALIZER]);
    d.put(one);
    await d.delete(one);
    const backup = structuredClone(d.get(one)!);
    d.lead();
    await d.pass(5_000);
    assert.equal(d.get(one), undefined);
    d.put(backup);
    await d.pass(400_000);
    assert.equal(d.get(one), undefined);
  });

  it('that is off already, as the copy does not show yet, is not taken off again', async () => {
    const d = new Deletions();
    const one = living('p', [FINALIZER]);
    d.put(one);
    await d.delete(one);
    const stale = d.items('TrustPolicy');
    const r = d.lead();
    d.items = (kind) => (kind === 'TrustPolicy' ? stale : new Map());
    await d.pass(200_000);
    assert.equal(d.get(one), undefined);
    assert.deepEqual(r.did, ['patch trustpolicies/status', 'create events', 'audit', 'patch trustpolicies']);
  });
});
