import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { Reporting } from '../../../src/operator/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { changed, OWN, policySpec, raw, trustPolicy } from '../support.ts';
import { type Reported, reported } from './support.ts';

const OTHER = 'mint-two';
const scope = new Set([OWN, 'ai']);
const by = (reportedBy: string, object: KubeObject): KubeObject => ({
  ...object,
  status: { reportedBy, observedGeneration: 1, phase: 'Active', conditions: [] },
});
const everywhere = () => raw('ClusterTrustPolicy', undefined, 'all', policySpec());

async function leading(settings: Parameters<typeof reported>[0], ...objects: KubeObject[]): Promise<Reported> {
  const r = reported(settings);
  await r.w.sync({ namespaces: [OWN, 'ai', OTHER].map((name) => raw('Namespace', undefined, name, {})) });
  await r.apply(...objects);
  await r.lead();
  return r;
}

describe('who reports, where a cluster has several installations', () => {
  it('one that serves some namespaces signs what it writes; one that serves all does not', async () => {
    for (const [settings, signature] of [
      [{ scope }, OWN],
      [{ shared: true }, undefined],
      [{}, undefined],
    ] as const) {
      const one = trustPolicy('ai', 'p');
      const r = await leading(settings, one);
      assert.equal(r.status(one).reportedBy, signature);
      assert.equal(r.status(one).phase, 'Active');
    }
  });

  for (const [what, settings] of [
    ['some namespaces', { scope }],
    ['all', { shared: true }],
  ] as const) {
    it(`one of ${what} leaves a status alone that another one signed, and tells of it where it is in a namespace`, async () => {
      const [one, all] = [by(OTHER, trustPolicy('ai', 'p')), by(OTHER, everywhere())];
      const r = await leading(settings, one, all);
      await r.pass(700_000);
      assert.deepEqual(r.writes(), []);
      const told = r.logged.filter((line) => line.includes(OTHER));
      assert.ok(
        told.length >= 1 && told.every((line) => /warn ai is reported on by mint-two too/.test(line)),
        told.join(),
      );
    });

    it(`one of ${what} takes over from one that is gone`, async () => {
      const one = by('nowhere', trustPolicy('ai', 'p'));
      const r = await leading(settings, one);
      assert.equal(r.status(one).reportedBy, 'scope' in settings ? OWN : undefined);
      assert.equal(r.condition(one, 'Ready').status, 'True');
    });
  }

  it('Events are told only where there is a right to: not of what belongs to no namespace, but for where those lie', async () => {
    const [one, all] = [trustPolicy('ai', 'p'), everywhere()];
    const r = await leading({ scope }, one, all);
    await r.pass(1_000);
    assert.deepEqual([r.events(one).length, r.events(all)], [1, []]);
    const [other, everybody] = [trustPolicy('ai', 'p'), everywhere()];
    const more = await leading({ scope: new Set([...scope, 'default']) }, other, everybody);
    await more.pass(1_000);
    assert.deepEqual([more.events(other).length, more.events(everybody).length], [1, 1]);
  });

  it('that a namespace is shared is known for a quarter of an hour after it was last seen', () => {
    const clock = new FakeClock();
    const names = new Set([OTHER]);
    const one = new Reporting({ clock, namespace: OWN, namespaces: () => names });
    assert.equal(one.otherOf(by(OTHER, trustPolicy('ai', 'p'))), OTHER);
    assert.equal(one.otherOf(by(OTHER, everywhere())), OTHER);
    assert.equal(one.otherOf(by(OWN, trustPolicy('b', 'p'))), undefined);
    assert.equal(one.otherOf(changed(trustPolicy('b', 'p'), { status: { reportedBy: 7 } })), undefined);
    assert.deepEqual([...one.shared()], [['ai', OTHER]]);
    void clock.advance(901_000);
    assert.deepEqual([...one.shared()], []);
  });
});
