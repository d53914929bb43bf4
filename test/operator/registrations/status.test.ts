import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { reported } from '../status/support.ts';
import { registration, registry, svid } from './support.ts';

describe('the status of a registration', () => {
  it('says what it is: its phase, and why it does not count', async () => {
    const r = reported();
    const rows: [KubeObject, string, string][] = [
      [registration('fine'), 'Active', 'True/Accepted'],
      [registration('off', { state: 'Suspended' }), 'Suspended', 'True/Accepted'],
      [registration('over', { expiresAt: '2020-01-01T00:00:00Z' }), 'Expired', 'True/Accepted'],
      [registration('dead', { state: 'Revoked' }), 'Revoked', 'True/Accepted'],
      [registration('lost', {}, 'elsewhere'), 'Invalid', 'False/NotARegistry'],
      [registration('odd', { userId: 'a:b' }), 'Invalid', 'False/Malformed'],
      [registration('twin'), 'Invalid', 'False/Duplicate'],
      [registration('twin', { userId: 'bob' }, 'agents'), 'Invalid', 'False/Duplicate'],
    ];
    await r.apply(registry('agents'), ...rows.map(([one]) => one));
    await r.lead();
    await r.pass(1_000);
    for (const [one, phase, accepted] of rows) {
      const { status, reason } = r.condition(one, 'Accepted');
      const said = r.status(one);
      assert.deepEqual([said.phase, `${status}/${reason}`], [phase, accepted], one.metadata.name);
      assert.equal(said.observedGeneration, 1);
    }
    assert.match(r.condition(rows[6]![0], 'Accepted').message, /agents\/twin/);
    assert.ok(r.status(rows[3]![0]).tokensValidUntil);
    assert.deepEqual(
      r.ends.map(({ action, name }) => `${action} ${name}`),
      ['revoked dead'],
    );
    const writes = r.writes().length;
    assert.equal(writes, rows.length);
    await r.pass(700_000);
    assert.equal(r.writes().length, writes, 'what it says already is not written again');
  });

  it('of both twins changes as one of them goes', async () => {
    const r = reported();
    const [a, b] = [registration('twin'), registration('twin', {}, 'agents')];
    await r.apply(registry('agents'), a);
    await r.lead();
    await r.pass(1_000);
    assert.equal(r.condition(a, 'Accepted').status, 'True');
    await r.apply(b);
    await r.pass(1_000);
    assert.deepEqual(
      [r.condition(a, 'Accepted').reason, r.condition(b, 'Accepted').reason],
      ['Duplicate', 'Duplicate'],
    );
    await r.remove(b);
    await r.pass(1_000);
    assert.equal(r.condition(a, 'Accepted').status, 'True');
  });

  it('of any pod of an account is refused for the pods that have their own alone, and says so; those say Duplicate', async () => {
    const r = reported();
    const account = { namespace: 'n', name: 'sa' };
    const podUid = '11111111-2222-3333-4444-555555555555';
    const any = registration('any', { identity: { serviceAccount: account } });
    const one = registration('one', { identity: { serviceAccount: { ...account, podUid } } });
    const said = () => {
      const { status, message } = r.condition(any, 'Accepted');
      return [r.status(any).phase, status, /trustmint\/one/.test(message)];
    };
    await r.apply(one, any);
    await r.lead();
    await r.pass(1_000);
    assert.deepEqual(said(), ['Active', 'True', true]);
    assert.equal(r.condition(one, 'Accepted').reason, 'Duplicate');
    await r.remove(one);
    await r.pass(1_000);
    assert.deepEqual(said(), ['Active', 'True', false]);
    await r.apply(one);
    await r.pass(1_000);
    assert.deepEqual(said(), ['Active', 'True', true]);
    await r.remove(any);
    await r.pass(1_000);
    assert.equal(r.condition(one, 'Accepted').status, 'True');
  });

  it('says within ten minutes that it is over', async () => {
    const r = reported();
    const one = registration('a', { expiresAt: new Date(r.w.clock.now() + 60_000).toISOString() });
    await r.apply(one);
    await r.lead();
    await r.pass(1_000);
    assert.equal(r.status(one).phase, 'Active');
    await r.pass(660_000);
    assert.equal(r.status(one).phase, 'Expired');
  });

  it('says when it was last seen, once an hour at most', async () => {
    const r = reported();
    const one = registration('a');
    await r.apply(one);
    await r.lead();
    await r.pass(1_000);
    const use = async () => {
      const now = Math.floor(r.w.clock.now() / 1000);
      const agents = r.w.view.agents!();
      const found = agents.find(svid('a'), false, now);
      assert.ok('agent' in found);
      agents.noteUse!(found.agent, now);
      r.reporter.changed();
      await r.pass(1_000);
    };
    const before = r.writes().length;
    for (let i = 0; i < 5; i += 1) await use();
    assert.equal(r.writes().length, before + 1);
    assert.equal(r.status(one).lastSeen, '2026-01-01T00:00:00Z');
    await r.pass(3_600_000);
    await use();
    assert.equal(r.status(one).lastSeen, '2026-01-01T01:00:00Z');
    assert.equal(r.writes().length, before + 2);
  });
});
