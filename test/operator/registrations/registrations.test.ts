import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import {
  createTombstones,
  FINALIZER,
  handleDeletion,
  type PolicyEnd,
  registrationDeletion,
} from '../../../src/operator/index.ts';
import { reported } from '../status/support.ts';
import { changed, world } from '../support.ts';
import { registration, registry, SPEC, svid } from './support.ts';

type World = ReturnType<typeof world>;
const NOW = Math.floor(Date.parse('2026-01-01T00:00:00Z') / 1000);
function outcome(w: World, agentId: string): string {
  const found = w.view.agents!().find(svid(agentId), false, NOW);
  return 'not' in found ? found.not : `${found.agent.traits.namespace}/${found.agent.name}`;
}
const facts = (agt: string) => ({ jti: 'j', gid: 'g', pol: 'p', agt, tenant: 't', iat: 1, derivedFrom: () => [] });

describe('registrations in a cluster', () => {
  it('count in the namespaces that are labelled, and in the operator’s own; elsewhere not', async () => {
    const w = world();
    const theirs = registration('b', {}, 'agents');
    await w.sync({
      agentregistrations: [registration('a'), theirs, registration('c', {}, 'team')],
      namespaces: [registry('agents'), registry('team', 'yes')],
    });
    assert.deepEqual([outcome(w, 'a'), outcome(w, 'b'), outcome(w, 'c')], ['trustmint/a', 'agents/b', 'unregistered']);
    w.of('namespaces').put(changed(registry('agents'), {}, { labels: {} }));
    assert.equal(outcome(w, 'b'), 'unregistered', 'at once: no timer has to fire');
    w.of('namespaces').put(changed(registry('team'), {}, { labels: { 'trustmint.dev/agent-registry': 'true' } }));
    assert.equal(outcome(w, 'c'), 'team/c');
  });

  it('stop at once as they are suspended, deleted, about to be, or cannot be read; and nothing is compiled', async () => {
    const w = world();
    const one = registration('a');
    await w.sync({ agentregistrations: [one] });
    const { compiled } = w.logged;
    const rows: [KubeObject, string][] = [
      [changed(one, { spec: { ...SPEC, state: 'Suspended' } }), 'suspended'],
      [changed(one, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'unregistered'],
      [changed(one, { spec: { ...SPEC, userId: 'user:root' } }), 'unregistered'],
      [changed(one, { spec: { ...SPEC, expiresAt: '2026-02-30T00:00:00Z' } }), 'unregistered'],
    ];
    for (const [next, not] of rows) {
      w.of('agentregistrations').put(one);
      assert.equal(outcome(w, 'a'), 'trustmint/a');
      w.of('agentregistrations').put(next);
      assert.equal(outcome(w, 'a'), not);
    }
    w.of('agentregistrations').put(one);
    w.of('agentregistrations').remove(one);
    assert.equal(outcome(w, 'a'), 'unregistered');
    await w.clock.advance(2_000);
    assert.equal(w.logged.compiled, compiled);
  });

  it('of another uid under the same name are another agent', async () => {
    const w = world();
    const one = registration('a');
    await w.sync({ agentregistrations: [one] });
    w.of('agentregistrations').remove(one);
    w.of('agentregistrations').put(registration('a', { userId: 'bob' }));
    assert.equal(outcome(w, 'a'), 'mismatch');
  });

  it('that are Revoked kill what they gave; one that is deleted kills it too where it says so, and it stays dead', async () => {
    const w = world();
    const [revoked, drained, killing] = [
      registration('a'),
      registration('b'),
      registration('c', { deletionPolicy: 'Revoke' }),
    ];
    await w.sync({ agentregistrations: [revoked, drained, killing] });
    const dead = () =>
      [revoked, drained, killing].map(
        ({ metadata }) => w.view.revocations().check(facts(metadata.uid), NOW) !== undefined,
      );
    assert.deepEqual(dead(), [false, false, false]);
    const after = changed(revoked, { spec: { ...SPEC, state: 'Revoked' } });
    w.of('agentregistrations').put(after);
    assert.deepEqual(dead(), [true, false, false]);
    for (const one of [after, drained, killing]) w.of('agentregistrations').remove(one);
    assert.deepEqual(dead(), [true, false, true]);
    await w.clock.advance(60_000);
    assert.deepEqual(dead(), [true, false, true], 'until it is known why they went');
  });

  it('give nothing any more once their kind is gone', async () => {
    const w = world();
    await w.sync({ agentregistrations: [registration('a')] });
    w.of('agentregistrations').state = { phase: 'waiting', reason: 'crd_not_installed', uninstalled: true };
    assert.equal(outcome(w, 'a'), 'unregistered');
  });
});

describe('the deletion of a registration', () => {
  for (const [deletionPolicy, tombstones] of [
    ['Revoke', 1],
    ['Drain', 0],
  ] as const) {
    it(`${deletionPolicy}: says so in status, event and audit, keeps dead what it killed, and lets it go`, async () => {
      const r = reported();
      const one = registration('a', { deletionPolicy }, 'trustmint', { finalizers: [FINALIZER] });
      await r.apply(one);
      const ends: PolicyEnd[] = [];
      const { client } = r;
      const deletion = handleDeletion({
        client,
        clock: r.w.clock,
        random: (n) => new Uint8Array(n),
        namespace: 'trustmint',
        tombstones: createTombstones({ client, namespace: 'trustmint', clock: r.w.clock }),
        kinds: [registrationDeletion(r.w.view, { maxStaleness: 600 })],
        finalizers: true,
        record: async (end) => void ends.push(end),
        isLeader: () => true,
        instance: 'pod-1',
      });
      const term = new AbortController();
      const led = deletion.lead(term.signal);
      const dying = changed(one, {}, { deletionTimestamp: new Date(r.w.clock.now()).toISOString() });
      await r.apply(dying);
      await r.pass(3_000);
      const kept = [...client.server.objects.values()].filter(({ kind }) => kind === 'TokenRevocation');
      assert.equal(kept.length, tombstones);
      if (tombstones > 0)
        assert.equal((kept[0] as unknown as { spec: { agent: string } }).spec.agent, one.metadata.uid);
      assert.deepEqual(
        ends.map(({ action, policy_kind, name }) => `${action} ${policy_kind} ${name}`),
        ['deleted AgentRegistration a'],
      );
      assert.ok(r.events(one).some((event) => event.startsWith('Deleted')));
      term.abort();
      await r.pass(1_500);
      await led;
    });
  }
});
