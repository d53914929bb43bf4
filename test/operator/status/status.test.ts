import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/kube/types.ts';
import { changed, policySpec, raw, trustPolicy } from '../support.ts';
import { type Reported, reported } from './support.ts';

const rule = (name: string, serviceAccount: string, issue: object = { ttl: '1h' }) => ({
  name,
  match: { serviceAccount },
  issue,
});
const rules = (...trustRules: object[]) => policySpec('x', { trustRules });
const thief = { name: 'r', match: { namespace: 'team-b', serviceAccount: 'agent' }, issue: { ttl: '1h' } };

async function leading(...objects: KubeObject[]): Promise<Reported> {
  const r = reported();
  await r.w.sync();
  await r.lead();
  await r.apply(...objects);
  return r;
}

const states = (r: Reported, object: KubeObject) =>
  Object.fromEntries(r.status(object).conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));

describe('the status of a policy', () => {
  it('that is served: Ready, its phase, its rules, and the generation that is served', async () => {
    const one = trustPolicy('ai', 'p', rules(rule('a', 'a'), rule('b', 'b')), { generation: 7 });
    const r = await leading(one);
    const { conditions, ...rest } = r.status(one);
    assert.deepEqual(rest, { observedGeneration: 7, phase: 'Active', rules: 2, longestTtl: '1h' });
    assert.deepEqual(states(r, one), {
      Accepted: 'True Accepted',
      ResolvedRefs: 'True ResolvedRefs',
      Ready: 'True Ready',
      Revoked: 'False NotRevoked',
    });
    assert.ok(conditions.every(({ observedGeneration }) => observedGeneration === 7));
    assert.deepEqual(r.events(one), ['Accepted: the object is valid']);
  });

  it('that does not compile: why, with path and code, in Accepted, Ready and a Warning; 0 rules', async () => {
    const one = trustPolicy('ai', 'p', rules(thief));
    const r = await leading(one);
    assert.deepEqual(states(r, one), {
      Accepted: 'False NamespaceNotAllowed',
      ResolvedRefs: 'Unknown NotAccepted',
      Ready: 'False NamespaceNotAllowed',
      Revoked: 'False NotRevoked',
    });
    const why = /^spec\.trustRules\[0\]\.match\.namespace: .*\(NamespaceNotAllowed\)$/;
    assert.match(r.condition(one, 'Accepted').message, why);
    assert.match(r.condition(one, 'Ready').message, why);
    assert.deepEqual([r.status(one).phase, r.status(one).rules], ['Invalid', 0]);
    assert.match(r.events(one).join(), /^Invalid: NamespaceNotAllowed: spec\.trustRules\[0\]/);
  });

  it('with 64 things wrong tells eight, counts the others, and stays small', async () => {
    const one = trustPolicy('ai', 'p', rules(...Array.from({ length: 64 }, (_, i) => ({ ...thief, name: `r${i}` }))));
    const r = await leading(one);
    const { message } = r.condition(one, 'Accepted');
    assert.match(message, /and 56 more$/);
    assert.ok(message.length < 4_096);
  });

  it('that is mended becomes Ready; the time stands still for what did not change', async () => {
    const one = trustPolicy('ai', 'p', rules(thief));
    const r = await leading(one);
    const before = r.status(one).conditions;
    await r.pass(60_000);
    const mended = changed(one, { spec: rules(rule('r', 'agent')) });
    await r.apply(mended);
    assert.equal(r.condition(one, 'Ready').status, 'True');
    assert.equal(r.status(one).observedGeneration, 2);
    const moved = r
      .status(one)
      .conditions.filter(
        (now) => before.find(({ type }) => type === now.type)?.lastTransitionTime !== now.lastTransitionTime,
      )
      .map(({ type }) => type);
    assert.deepEqual(moved, ['Accepted', 'ResolvedRefs', 'Ready']);
    assert.deepEqual(r.events(one).slice(1), ['Accepted: the object is valid']);
  });

  it('that this version cannot read says so, and its neighbours are none the worse', async () => {
    const alien = trustPolicy('ai', 'alien', { provider: 'kubernetes', audience: 'satgate', trustRules: 'all' });
    const fine = trustPolicy('ai', 'fine');
    const r = await leading(alien, fine);
    assert.equal(states(r, alien).Accepted, 'False Malformed');
    assert.match(r.condition(alien, 'Accepted').message, /^spec\.trustRules: .*cannot read the object \(Malformed\)$/);
    assert.equal(r.status(alien).phase, 'Invalid');
    assert.equal(states(r, fine).Ready, 'True Ready');
  });

  it('suspended, taken up again, revoked: its phase, and an Event for each', async () => {
    const one = trustPolicy('ai', 'p');
    const r = await leading(one);
    let now = one;
    for (const state of ['Suspended', 'Active', 'Revoked']) {
      now = changed(now, { spec: policySpec('agent', { state }) });
      await r.apply(now);
      assert.equal(r.status(one).phase, state);
      assert.equal(r.condition(one, 'Ready').status, state === 'Active' ? 'True' : 'False');
    }
    assert.equal(states(r, one).Revoked, 'True StateRevoked');
    assert.deepEqual(
      r.events(one).map((event) => event.split(':')[0]),
      ['Accepted', 'Suspended', 'Resumed', 'Revoked'],
    );
    const told = r.client.server.calls.filter(({ plural }) => plural === 'events').length;
    await r.apply(changed(now, { spec: policySpec('other', { state: 'Revoked' }) }));
    await r.pass(120_000);
    assert.equal(r.client.server.calls.filter(({ plural }) => plural === 'events').length, told, 'once');
  });

  it('whose resource does not exist is partly served until it does', async () => {
    const one = trustPolicy('ai', 'p', rules(rule('a', 'a', { ttl: '1h', resources: ['default', 'api'] })));
    const r = await leading(one);
    assert.equal(states(r, one).ResolvedRefs, 'False ResourceNotFound');
    assert.equal(states(r, one).Ready, 'False PartlyServed');
    assert.match(r.condition(one, 'Ready').message, /\(ResourceNotFound\)$/);
    const api = raw('ProtectedResource', undefined, 'api', {
      audience: 'api',
      grantableFrom: { namespaces: ['ai'] },
    });
    await r.apply(api);
    assert.equal(states(r, one).ResolvedRefs, 'True ResolvedRefs');
    assert.equal(states(r, one).Ready, 'True Ready');
    assert.deepEqual(states(r, api), { Accepted: 'True Accepted', Ready: 'True Ready' });
    assert.deepEqual(
      r.events(one).map((event) => event.split(':')[0]),
      ['Accepted', 'UnresolvedRefs', 'ResolvedRefs'],
    );
  });

  it('that another policy leaves nothing to is told so, and told when that is over', async () => {
    const first = trustPolicy('ai', 'a-first', rules(rule('all', '*')));
    const second = trustPolicy('ai', 'b-second', rules(rule('one', 'agent')));
    const r = await leading(first, second);
    const { status, message } = r.condition(second, 'Accepted');
    assert.equal(status, 'True');
    assert.match(message, /but look at spec\.trustRules\[0\]: rule all of TrustPolicy a-first .* \(Unreachable\)$/);
    assert.equal(r.condition(second, 'Ready').message, 'served, but look at Accepted: Unreachable');
    assert.match(r.condition(first, 'Accepted').message, /rule one of TrustPolicy b-second .* \(Overlap\)/);
    await r.remove(first);
    assert.equal(r.condition(second, 'Accepted').message, 'the object is valid');
    assert.equal(r.condition(second, 'Ready').message, 'served');
  });

  it('under deletion says that it is not served', async () => {
    const one = trustPolicy('ai', 'p');
    const r = await leading(one);
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/x'] };
    await r.apply(changed(one, {}, { ...going, generation: 2 }));
    assert.equal(states(r, one).Ready, 'False Deleting');
    assert.deepEqual([r.status(one).rules, r.status(one).observedGeneration], [0, 2]);
  });

  it('is not touched while nothing is served: what was said of another time stays what it was', async () => {
    const one = trustPolicy('ai', 'p');
    const r = reported();
    r.w.issuers = undefined;
    await r.w.sync();
    await r.lead();
    const dead = raw('TokenRevocation', 'ai', 'dead', { token: 'jti' });
    await r.apply(one, dead);
    // Also when all is looked at.
    await r.pass(700_000);
    assert.equal(r.writes().length, 0);
  });

  it('a ClusterTrustPolicy has the same', async () => {
    const trustRules = [{ name: 'r', match: { namespace: 'ai' }, issue: { ttl: '1h' } }];
    const one = raw('ClusterTrustPolicy', undefined, 'all', {
      provider: 'kubernetes',
      audience: 'satgate',
      trustRules,
    });
    const r = await leading(one);
    assert.equal(states(r, one).Ready, 'True Ready');
    assert.equal(r.status(one).rules, 1);
  });
});

describe('the status of a ProtectedResource', () => {
  it('two that claim one audience: neither is accepted, and both say who the other is', async () => {
    const [a, b] = ['a', 'b'].map((name) => raw('ProtectedResource', undefined, name, { audience: 'same' })) as [
      KubeObject,
      KubeObject,
    ];
    const r = await leading(a, b);
    for (const [one, other] of [
      [a, 'b'],
      [b, 'a'],
    ] as const) {
      assert.equal(states(r, one).Accepted, 'False Conflict');
      assert.equal(r.condition(one, 'Accepted').message, `spec.audience: is also claimed by ${other} (Conflict)`);
      assert.deepEqual(Object.keys(r.status(one)).sort(), ['conditions', 'observedGeneration']);
    }
  });
});

describe('the status of a TokenRevocation', () => {
  const kill = (name: string, spec: object) =>
    raw('TokenRevocation', 'ai', name, spec, { creationTimestamp: '2026-01-01T00:00:00Z' });

  it('in force: Accepted; once, however often policies change', async () => {
    const dead = kill('dead', { token: 'jti' });
    const r = await leading(dead);
    assert.deepEqual(states(r, dead), { Accepted: 'True Accepted' });
    assert.equal(r.condition(dead, 'Accepted').message, 'in force');
    await r.apply(trustPolicy('ai', 'p'));
    await r.pass(60_000);
    assert.equal(r.writes().filter(({ plural }) => plural === 'tokenrevocations').length, 1);
    assert.deepEqual(r.events(dead), ['Accepted: in force']);
  });

  it('what is odd in one that is in force is told', async () => {
    const dead = kill('dead', { token: 'jti', expiresAt: '2026-01-01T01:00:00Z' });
    const r = await leading(dead);
    assert.match(
      r.condition(dead, 'Accepted').message,
      /^in force, but look at spec\.expiresAt: .*\(ExpiresTooEarly\)$/,
    );
  });

  it('of a namespace without a tenant kills nothing, and says so until there is one', async () => {
    const r = reported({ tenancy: { mode: 'NamespaceLabel' } });
    await r.w.sync();
    await r.lead();
    const dead = kill('dead', { token: 'jti' });
    await r.apply(dead);
    assert.deepEqual(states(r, dead), { Accepted: 'False NoTenant' });
    await r.apply(raw('Namespace', undefined, 'ai', {}, { labels: { 'trustmint.dev/tenant': 'acme' } }));
    assert.deepEqual(states(r, dead), { Accepted: 'True Accepted' });
  });
});
