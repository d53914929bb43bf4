import assert from 'node:assert/strict';
import type { ClusterViewSettings } from '../../src/operator/index.ts';
import { compile } from '../../src/policy/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { changed, ISSUER, KINDS, OURS, policySpec, raw, trustPolicy, world } from './support.ts';

const agents = trustPolicy('ai', 'agents');

describe('what a replica serves', () => {
  it('P48: nothing before every kind was delivered whole and this cluster is known; then all of it', async () => {
    const w = world();
    w.issuers = undefined;
    for (const plural of KINDS) {
      assert.equal(w.view.snapshot(), undefined, plural);
      w.of(plural).sync(...(plural === 'trustpolicies' ? [agents] : []));
      await w.clock.advance(100);
    }
    assert.equal(w.view.snapshot(), undefined, 'the issuer is not known');
    assert.equal(w.logged.compiled, 0);
    w.issuers = [ISSUER];
    w.view.invalidate();
    await w.clock.advance(0);
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    assert.equal(w.logged.compiled, 1);
  });

  it('what is added together by one compilation, and requests have as much time in between as the one before took', async () => {
    const { settings, clock, count } = slowly(200);
    const w = world(settings);
    await w.sync();
    await clock.advance(200);
    for (let i = 0; i < 20; i += 1) w.of('trustpolicies').put(trustPolicy('ai', `p${i}`));
    await clock.advance(0);
    assert.equal(w.view.snapshot()?.ruleCount, 20, 'the first after a rest waits for nothing');
    assert.equal(count(), 2);
    for (let i = 20; i < 40; i += 1) {
      w.of('trustpolicies').put(trustPolicy('ai', `p${i}`));
      await clock.advance(1);
    }
    await clock.advance(170);
    assert.equal(w.view.snapshot()?.ruleCount, 20);
    await clock.advance(10);
    assert.equal(w.view.snapshot()?.ruleCount, 40);
    assert.equal(count(), 3);
  });

  for (const [what, take] of [
    ['deleted', (w: ReturnType<typeof world>) => w.of('trustpolicies').remove(agents)],
    [
      'about to be deleted',
      (w: ReturnType<typeof world>) =>
        w.of('trustpolicies').put(changed(agents, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    ],
    [
      'edited so that it gives nothing',
      (w: ReturnType<typeof world>) => w.of('trustpolicies').put(changed(agents, { spec: { provider: 'kubernetes' } })),
    ],
  ] as const) {
    it(`nothing of a policy that is ${what}: whoever asks next is answered without it, no timer has to fire`, async () => {
      const w = world();
      await w.sync({ trustpolicies: [agents] });
      assert.equal(w.view.snapshot()?.ruleCount, 1);
      take(w);
      assert.equal(w.view.snapshot()?.ruleCount, 0);
    });
  }

  it('the same when only status, managers or labels of an object change: nothing is compiled', async () => {
    const w = world();
    await w.sync({ trustpolicies: [agents] });
    const before = w.view.snapshot();
    w.of('trustpolicies').put(changed(agents, { status: { phase: 'Active' } }, { labels: { a: 'b' } }));
    await w.clock.advance(1000);
    assert.equal(w.view.snapshot(), before);
    assert.equal(w.logged.compiled, 1);
  });

  it('an object of the same name and another UID is another policy', async () => {
    const w = world();
    await w.sync({ trustpolicies: [agents] });
    w.of('trustpolicies').remove(agents);
    w.of('trustpolicies').put(trustPolicy('ai', 'agents'));
    const [report] = w.view.snapshot()?.reports ?? [];
    assert.notEqual(report?.uid, agents.metadata.uid);
  });

  it('the same on every replica, whatever order the objects came in', async () => {
    const all = [agents, trustPolicy('ai', 'b'), trustPolicy('other', 'c')];
    const one = world();
    await one.sync({ trustpolicies: all });
    const other = world();
    await other.sync();
    for (const object of all.toReversed()) other.of('trustpolicies').put(object);
    await other.clock.advance(100);
    assert.equal(one.view.snapshot()?.generation, other.view.snapshot()?.generation);
  });

  it('nothing at all if compiling fails as a whole, and says so', async () => {
    let broken = false;
    const good = world();
    const w = world({
      compile: () => {
        if (broken) throw new Error('of all of them');
        return good.view.snapshot()!;
      },
    });
    await good.sync({ trustpolicies: [agents] });
    await w.sync({ trustpolicies: [agents] });
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    broken = true;
    w.of('trustpolicies').remove(agents);
    assert.equal(w.view.snapshot(), undefined);
    assert.equal(w.view.readErrors()[0]?.code, 'compile_failed');
  });

  it('after it was closed nothing more is compiled', async () => {
    const w = world();
    await w.sync();
    await w.view.close();
    w.of('trustpolicies').put(agents);
    await w.clock.advance(1000);
    assert.equal(w.logged.compiled, 1);
    assert.equal(w.clock.pending, 0);
  });

  it('in a storm of removals leaves a third of the time to others', async () => {
    const { settings, clock, count } = slowly(20);
    const many = Array.from({ length: 30 }, (_, i) => trustPolicy('ai', `p${i}`));
    const w = world(settings);
    await w.sync({ trustpolicies: many });
    const before = count();
    for (const one of many) {
      w.of('trustpolicies').remove(one);
      await clock.advance(1);
    }
    await clock.advance(10);
    const compiled = count() - before;
    assert.ok(compiled >= 3 && compiled <= 5, `${compiled} in 40 ms of others' time`);
    assert.equal(w.view.snapshot()?.ruleCount, 0);
  });
});

/** A view whose compilations take so many milliseconds, which pass for nobody else. */
function slowly(ms: number) {
  const clock = new FakeClock();
  let compiled = 0;
  const settings: Partial<ClusterViewSettings> = {
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + compiled * ms,
      setTimer: (task, after) => clock.setTimer(task, after),
    },
    compile(objects, now) {
      compiled += 1;
      const options = { defaultAudience: 'default', maxTtl: 86_400, ownIssuer: OURS, allowLoopbackHttp: false };
      return compile(objects, { ...now, ...options });
    },
  };
  return { settings, clock, count: () => compiled };
}

describe('how old what is served may be', () => {
  it('is the age of the kind that was silent longest', async () => {
    const w = world();
    assert.equal(w.view.staleSeconds(), Number.POSITIVE_INFINITY);
    await w.sync();
    await w.clock.advance(30_000);
    for (const plural of KINDS.slice(1)) w.of(plural).touch();
    assert.equal(w.view.staleSeconds(), 30);
    w.of('trustpolicies').touch();
    assert.equal(w.view.staleSeconds(), 0);
  });

  it('says RBAC missing and CRD not installed apart, for the kind that it is about', async () => {
    const w = world();
    w.of('trustpolicies').state = { phase: 'waiting', reason: 'rbac_missing', lastError: 'x' };
    w.of('tokenrevocations').state = { phase: 'waiting', reason: 'crd_not_installed', lastError: 'x' };
    w.of('protectedresources').state = { phase: 'waiting', reason: 'network', lastError: 'no answer (ECONNREFUSED)' };
    assert.deepEqual(w.view.readErrors(), [
      {
        source: 'trustpolicies.trustmint.dev',
        code: 'rbac_missing',
        message: 'RBAC missing: may not list and watch trustpolicies.trustmint.dev',
      },
      { source: 'protectedresources.trustmint.dev', code: 'network', message: 'no answer (ECONNREFUSED)' },
      {
        source: 'tokenrevocations.trustmint.dev',
        code: 'crd_not_installed',
        message: 'CRD not installed: the API server knows no tokenrevocations.trustmint.dev',
      },
    ]);
    w.of('trustpolicies').state = { phase: 'watching', reason: 'rbac_missing' };
    assert.equal(w.view.readErrors().length, 2, 'a failure that is over is none');
  });
});

describe('what changed is told once', () => {
  it('each report that says something new, and no other', async () => {
    const told: string[][] = [];
    const w = world({ onReports: (reports) => void told.push(reports.map(({ name }) => name)) });
    await w.sync({ trustpolicies: [agents, trustPolicy('ai', 'other')] });
    w.of('trustpolicies').put(changed(agents, { spec: policySpec('agent', { state: 'Suspended' }) }));
    await w.clock.advance(100);
    w.of('tokenrevocations').put(raw('TokenRevocation', 'ai', 'dead', { token: 'j' }));
    await w.clock.advance(100);
    assert.deepEqual(told, [['agents', 'other'], ['agents']]);
  });
});
