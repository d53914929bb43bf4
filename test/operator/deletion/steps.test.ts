import assert from 'node:assert/strict';
import { KubeApiError } from '../../../src/kube/index.ts';
import type { KubeObject } from '../../../src/kube/types.ts';
import { FINALIZER } from '../../../src/operator/index.ts';
import { apiFailure } from '../../kube/support/memory-client.ts';
import { policySpec, trustPolicy } from '../support.ts';
import { Deletions, type Replica } from './support.ts';

const MINUTE = 60_000;
const dying = (finalizers = [FINALIZER], spec: object = { deletionPolicy: 'Revoke' }) =>
  trustPolicy('ai', 'p', policySpec('agent', spec), { finalizers });

async function deleted(one: KubeObject = dying()): Promise<Deletions> {
  const d = new Deletions();
  d.put(one);
  await d.delete(one);
  return d;
}

/** What the condition Revoked says. */
function said(d: Deletions, one: KubeObject): string {
  const { conditions = [] } = (d.get(one)?.status ?? {}) as { conditions?: { type: string; message: string }[] };
  return conditions.find(({ type }) => type === 'Revoked')?.message ?? '';
}

/** Requests like this fail from now on; what is returned mends it. */
function failing(replica: Replica, pattern: RegExp, error: () => Error): () => void {
  const { before } = replica.client.faults;
  let broken = true;
  replica.client.faults.before = async (call, options) => {
    await before?.(call, options);
    const what = `${call.verb} ${call.plural}${call.subresource ? `/${call.subresource}` : ''}`;
    if (broken && pattern.test(what)) throw error();
  };
  return () => {
    broken = false;
  };
}

const forbidden = () => apiFailure(403, 'Forbidden');

describe('a deletion that something is in the way of', () => {
  for (const [what, pattern, name] of [
    ['its TokenRevocation', /^create tokenrevocations/, 'create tokenrevocations'],
    ['its audit record', undefined, 'audit'],
  ] as const) {
    it(`${what}: it waits, says for what, and when that is mended goes with nothing of it in its status`, async () => {
      const one = dying(['example.com/theirs', FINALIZER]);
      const d = await deleted(one);
      const r = d.lead();
      let fails = true;
      const mend = pattern ? failing(r, pattern, forbidden) : () => {};
      d.audit = async () => {
        if (!pattern && fails) throw new Error('audit_unavailable');
      };
      await d.pass(MINUTE);
      assert.match(said(d, one), new RegExp(`the object stays until this is done: ${what}`));
      assert.ok(d.get(one)?.metadata.finalizers?.includes(FINALIZER));
      const tries = r.did.filter((did) => did === name).length;
      assert.ok(tries > 5 && tries < 30, `${tries} tries: ever more seldom`);
      assert.equal(r.logged.filter((line) => line.includes('a deletion waits')).length, 1, r.logged.join());
      fails = false;
      mend();
      await d.pass(MINUTE);
      assert.deepEqual(d.get(one)?.metadata.finalizers, ['example.com/theirs']);
      assert.doesNotMatch(said(d, one), /stays until/);
      assert.deepEqual([d.tombstones().length, d.ends.length, d.ends[0]?.action], [1, 1, 'deleted']);
    });

    it(`${what}, for 5 minutes: it is let go, and that is told by a Warning, in the log and in the audit`, async () => {
      const one = dying();
      const d = await deleted(one);
      const r = d.lead();
      if (pattern) failing(r, pattern, forbidden);
      else d.audit = async () => Promise.reject(new Error('audit_unavailable'));
      await d.pass(4.5 * MINUTE);
      assert.ok(d.get(one), 'not before');
      await d.pass(MINUTE);
      assert.equal(d.get(one), undefined);
      assert.ok(d.events(one).includes('FinalizerReleased'), d.events(one).join());
      assert.match(r.logged.join('\n'), /error a deletion was not finished in time .*TrustPolicy\/ai\/p/);
      if (pattern) {
        assert.equal(d.ends[0]?.action, 'released_unfinished');
        assert.match(d.ends[0]?.why ?? '', /not done: its TokenRevocation \(Forbidden\)/);
      }
    });
  }

  it('an audit that never answers is given 5 s a try', async () => {
    const one = dying();
    const d = await deleted(one);
    const never = new Promise<void>(() => {});
    d.audit = () => never;
    const r = d.lead();
    await d.pass(30_000);
    assert.match(said(d, one), /its audit record/);
    const tries = r.did.filter((did) => did === 'audit').length;
    assert.ok(tries >= 3 && tries <= 6, `${tries}`);
  });

  it('TokenRevocations that are going themselves are not waited for', async () => {
    const going = [
      () => apiFailure(405, 'MethodNotAllowed'),
      () =>
        new KubeApiError('create: 403', {
          status: 403,
          reason: 'Forbidden',
          causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }],
        }),
    ];
    for (const error of going) {
      const one = dying();
      const d = await deleted(one);
      const r = d.lead();
      failing(r, /^create tokenrevocations/, error);
      await d.pass(2_000);
      assert.equal(d.get(one), undefined);
      assert.deepEqual([d.ends[0]?.action, d.ends[0]?.tombstone], ['deleted', null]);
      assert.match(r.logged.join(), /warn .*leaves no TokenRevocation/);
    }
  });

  it('a namespace that takes no Events: none is waited for, and it is not asked for each', async () => {
    const d = new Deletions();
    const many = Array.from({ length: 30 }, (_, n) =>
      trustPolicy('ai', `p${n}`, policySpec('agent'), { finalizers: [FINALIZER] }),
    );
    for (const one of many) {
      d.put(one);
      await d.delete(one);
    }
    const r = d.lead();
    failing(r, /^create events/, forbidden);
    await d.pass(5_000);
    assert.equal(d.of('trustpolicies').length, 0);
    assert.equal(d.ends.length, 30);
    assert.ok(r.did.filter((did) => did === 'create events').length <= 24, 'no more than are worked on at once');
  });

  it('an API server that has just started and knows no such kind: it is asked again, and nothing is left out', async () => {
    for (const pattern of [/trustpolicies/, /^patch trustpolicies$/]) {
      const one = dying();
      const d = await deleted(one);
      const r = d.lead();
      const mend = failing(r, pattern, () => apiFailure(404, 'NotFound'));
      await d.pass(10_000);
      assert.ok(d.get(one));
      mend();
      await d.pass(15_000);
      assert.equal(d.get(one), undefined);
      assert.deepEqual([d.ends.length, d.events(one).length], [1, 1]);
    }
  });

  it('somebody takes the finalizer off meanwhile: its end is in the audit all the same, once', async () => {
    const one = dying();
    const d = await deleted(one);
    const r = d.lead();
    failing(r, /^create tokenrevocations/, forbidden);
    await d.pass(3_000);
    d.server.objects.delete('trustmint.dev/trustpolicies/ai/p');
    await d.pass(15_000);
    assert.deepEqual(
      d.ends.map(({ action, uid }) => [action, uid]),
      [['deleted', one.metadata.uid]],
    );
  });

  it('an object deleted long ago, or by a clock an hour behind ours, has half a minute too', async () => {
    const one = dying();
    const d = await deleted(one);
    await d.clock.advance(60 * MINUTE);
    const r = d.lead();
    const mend = failing(r, /^create tokenrevocations/, forbidden);
    await d.pass(25_000);
    assert.ok(d.get(one));
    mend();
    await d.pass(15_000);
    assert.equal(d.get(one), undefined);
    assert.equal(d.ends[0]?.action, 'deleted');
  });

  it('a leader whose event loop stood still asks before each step whether it still leads', async () => {
    const one = dying();
    const d = await deleted(one);
    const r = d.lead();
    r.onStep = (when, step) => {
      if (when === 'after' && step === 0) r.mayWrite = false;
    };
    await d.pass(20_000);
    assert.deepEqual(r.did, ['create tokenrevocations']);
    r.mayWrite = true;
    await d.pass(20_000);
    assert.equal(d.get(one), undefined);
  });

  it('a lost term: nothing is written any more', async () => {
    const one = dying();
    const d = await deleted(one);
    const r = d.lead();
    const mend = failing(r, /status$/, forbidden);
    await d.pass(3_000);
    await r.resign();
    mend();
    const before = r.did.length;
    await d.pass(MINUTE);
    assert.equal(r.did.length, before);
    assert.ok(d.get(one));
  });
});
