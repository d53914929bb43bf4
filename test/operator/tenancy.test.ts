import assert from 'node:assert/strict';
import { changed, policySpec, raw, trustPolicy, world } from './support.ts';

const facts = (tenant: string, pol = 'p') => ({
  jti: 'jti-1',
  gid: 'g',
  pol,
  agt: null,
  tenant,
  iat: 1_000,
  derivedFrom: () => [],
});

const kill = (namespace: string, spec: object = { token: 'jti-1' }) =>
  raw('TokenRevocation', namespace, 'dead', spec, { creationTimestamp: '2026-01-01T00:00:00Z' });

describe('tenants', () => {
  it('P47: a TrustPolicy that names another namespace is refused, and its neighbours are served', async () => {
    const w = world();
    const thief = trustPolicy('team-a', 'thief', {
      ...policySpec(),
      trustRules: [{ name: 'r', match: { namespace: 'team-b', serviceAccount: 'agent' }, issue: { ttl: '1h' } }],
    });
    await w.sync({ trustpolicies: [thief, trustPolicy('team-b', 'own')] });
    const reports = w.view.snapshot()?.reports ?? [];
    assert.deepEqual(
      reports.map(({ name, served }) => [name, served]),
      [
        ['thief', false],
        ['own', true],
      ],
    );
    assert.equal(reports[0]?.conditions[0]?.reason, 'NamespaceNotAllowed');
  });

  it('by label: a namespace without it has none; giving it, and taking it away, is effective at once', async () => {
    const w = world({ tenancy: { mode: 'NamespaceLabel' } });
    const space = raw('Namespace', undefined, 'team-a', {});
    await w.sync({ trustpolicies: [trustPolicy('team-a', 'p')], namespaces: [space] });
    assert.equal(w.view.snapshot()?.reports[0]?.conditions[0]?.reason, 'NoTenant');
    const labelled = changed(space, {}, { labels: { 'trustmint.dev/tenant': 'acme' } });
    w.of('namespaces').put(labelled);
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    w.of('namespaces').put(changed(labelled, {}, { labels: { 'trustmint.dev/tenant': 'acme', team: 'x' } }));
    assert.equal(w.logged.compiled, 2, 'other labels are nobody’s business');
    w.of('namespaces').remove(labelled);
    assert.equal(w.view.snapshot()?.ruleCount, 0);
  });

  it('are no matter of namespaces but where their labels say so: nothing is compiled for their sake', async () => {
    const w = world();
    await w.sync();
    const { compiled } = w.logged;
    w.of('namespaces').put(raw('Namespace', undefined, 'team-a', {}, { labels: { 'trustmint.dev/tenant': 'acme' } }));
    await w.clock.advance(2_000);
    assert.equal(w.logged.compiled, compiled);
  });

  describe('a TokenRevocation', () => {
    it('P34: kills tokens of the tenant of its namespace alone', async () => {
      const w = world();
      await w.sync({ tokenrevocations: [kill('team-a')] });
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
      assert.equal(w.view.revocations().check(facts('team-b'), 2_000), undefined);
    });

    it("kills tokens of any tenant from the operator's own namespace", async () => {
      const w = world();
      await w.sync({ tokenrevocations: [kill('trustmint')] });
      assert.ok(w.view.revocations().check(facts('team-b'), 2_000));
    });

    it('kills by the label where labels say who the tenants are, and nothing where there is none', async () => {
      const w = world({ tenancy: { mode: 'NamespaceLabel' } });
      const labels = { 'trustmint.dev/tenant': 'acme' };
      const spaces = [raw('Namespace', undefined, 'team-a', {}, { labels })];
      await w.sync({ tokenrevocations: [kill('team-a'), kill('team-b', { grant: 'g' })], namespaces: spaces });
      assert.ok(w.view.revocations().check(facts('acme'), 2_000));
      assert.equal(w.view.revocations().check({ ...facts('team-b'), jti: 'x' }, 2_000), undefined);
      assert.deepEqual(
        w.view.revocationProblems().map(({ source, code }) => [source, code]),
        [['TokenRevocation/team-b/dead', 'NoTenant']],
      );
    });

    it('is in force before anything else happens, and half a minute longer than it is there', async () => {
      const w = world();
      await w.sync();
      const dead = kill('team-a');
      w.of('tokenrevocations').put(dead);
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
      const going = changed(dead, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
      w.of('tokenrevocations').put(going);
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
      w.of('tokenrevocations').remove(going);
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
      const [lingering] = w.view.revoked.lingering();
      assert.equal(lingering?.how, 'deleted');
      w.view.revoked.judge(lingering!, 'undo');
      await w.clock.advance(29_000);
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
      await w.clock.advance(5_000);
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000), 'nobody knows what happened since');
      w.of('tokenrevocations').touch();
      await w.clock.advance(1_000);
      assert.equal(w.view.revocations().check(facts('team-a'), 2_000), undefined);
      assert.equal(w.logged.compiled, 1, 'no policy had to be compiled again');
    });

    it('that holds what this version does not know kills by what it knows', async () => {
      const w = world();
      await w.sync({ tokenrevocations: [kill('team-a', { token: 'jti-1', moon: 'full' })] });
      assert.ok(w.view.revocations().check(facts('team-a'), 2_000));
    });
  });

  it('a policy with deletionPolicy Revoke kills what it gave from the moment it is deleted', async () => {
    const w = world();
    const policy = trustPolicy('team-a', 'p', policySpec('agent', { deletionPolicy: 'Revoke' }));
    await w.sync({ trustpolicies: [policy] });
    const { uid } = policy.metadata;
    assert.equal(w.view.revocations().check(facts('team-a', uid), 2_000), undefined);
    w.of('trustpolicies').put(changed(policy, {}, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] }));
    assert.ok(w.view.revocations().check(facts('team-a', uid), 2_000));
  });
});
