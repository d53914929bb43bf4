import assert from 'node:assert/strict';
import { apiFailure } from '../kube/support/memory-client.ts';
import { identityOf, verdictOn } from './account.ts';
import { changed, OWN, policySpec, raw, trustPolicy, type World, world } from './support.ts';

const scope = new Set([OWN, 'team-a', 'team-b']);
const namespace = (name: string, labels: Record<string, string> = {}) =>
  raw('Namespace', undefined, name, {}, { labels });
const spaces = [OWN, 'team-a', 'team-b', 'other'].map((name) => namespace(name));
const served = ({ view }: World) => view.snapshot()?.reports.map(({ namespace, name }) => `${namespace}/${name}`);

const registration = (where: string) =>
  raw('AgentRegistration', where, 'agent', {
    agentType: 'worker',
    userId: 'alice',
    identity: { serviceAccount: { namespace: 'team-a', name: 'agent' } },
  });

describe('an installation of some namespaces', () => {
  it('follows its kinds there and in its own alone, and what belongs to no namespace', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces });
    assert.deepEqual(w.followed().toSorted(), [
      ...['trustmint', 'team-a', 'team-b'].map((name) => `agentregistrations/${name}`).toSorted(),
      'clustertrustpolicies',
      'namespaces',
      'protectedresources',
      ...['team-a', 'team-b', 'trustmint'].map((name) => `tokenrevocations/${name}`),
      ...['team-a', 'team-b', 'trustmint'].map((name) => `trustpolicies/${name}`),
    ]);
    assert.deepEqual(w.view.copies.absent(), []);
  });

  it('P48: serves nothing before every one that there is was read whole, its revocations last', async () => {
    const w = world({ scope });
    w.view.start();
    for (const plural of ['clustertrustpolicies', 'protectedresources', 'namespaces'])
      w.of(plural).sync(...(plural === 'namespaces' ? spaces : []));
    for (const where of scope) {
      assert.equal(w.followed().includes(`tokenrevocations/${where}`), false);
      w.of(`agentregistrations/${where}`).sync();
      w.of(`trustpolicies/${where}`).sync(trustPolicy(where, 'agents'));
    }
    for (const where of scope) {
      await w.clock.advance(1_000);
      assert.equal(w.view.snapshot(), undefined);
      w.of(`tokenrevocations/${where}`).sync();
    }
    await w.clock.advance(0);
    assert.deepEqual(served(w)?.toSorted(), ['team-a/agents', 'team-b/agents', 'trustmint/agents']);
  });

  it('serves nothing while one may not be read, and says which and why', async () => {
    const w = world({ scope });
    w.view.start();
    w.of('namespaces').sync(...spaces);
    const one = w.of('trustpolicies/team-b');
    one.state = { phase: 'waiting', reason: 'rbac_missing', lastError: 'forbidden' };
    for (const name of w.followed()) if (name !== 'trustpolicies/team-b' && !w.of(name).synced) w.of(name).sync();
    await w.clock.advance(1_000);
    assert.equal(w.view.snapshot(), undefined);
    assert.deepEqual(w.view.readErrors(), [
      {
        source: 'trustpolicies.trustmint.dev in namespace team-b',
        code: 'rbac_missing',
        message: 'RBAC missing: may not list and watch trustpolicies.trustmint.dev in namespace team-b',
        namespace: 'team-b',
      },
    ]);
  });

  it('is as old as the namespace that was silent for longest', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces });
    await w.clock.advance(300_000);
    for (const name of w.followed()) if (name !== 'tokenrevocations/team-a') w.of(name).touch();
    assert.equal(w.view.staleSeconds(), 300);
    w.of('tokenrevocations/team-a').touch();
    assert.equal(w.view.staleSeconds(), 0);
  });

  it('waits for no namespace that there is not, names it, and reads it as soon as it is made', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces.slice(0, 2), 'trustpolicies/team-a': [trustPolicy('team-a', 'agents')] });
    assert.deepEqual([served(w), w.view.copies.absent()], [['team-a/agents'], ['team-b']]);
    assert.ok(!w.followed().includes('trustpolicies/team-b'), 'there is nothing to ask for');
    w.of('namespaces').put(namespace('team-b'));
    w.of('trustpolicies/team-b').sync(trustPolicy('team-b', 'agents'));
    await w.clock.advance(1_000);
    assert.deepEqual([served(w), w.view.copies.absent()], [['team-a/agents', 'team-b/agents'], []]);
  });

  it('serves nothing of a namespace that goes, and goes on with the others', async () => {
    const w = world({ scope });
    const all = {
      'trustpolicies/team-a': [trustPolicy('team-a', 'p')],
      'trustpolicies/team-b': [trustPolicy('team-b', 'p')],
    };
    await w.sync({ namespaces: spaces, ...all });
    w.of('namespaces').remove(spaces[2]!);
    assert.deepEqual(served(w), ['team-a/p']);
    await w.clock.advance(60_000);
    for (const name of w.followed()) if (!name.endsWith('/team-b')) w.of(name).touch();
    assert.equal(w.view.staleSeconds(), 0, 'what is gone is not missing');
  });

  it('takes one that is being deleted for gone, however long that takes: nothing is served there, nor missing elsewhere', async () => {
    const w = world({ scope });
    const guard = raw('ClusterTrustPolicy', undefined, 'all', policySpec());
    const deny = trustPolicy('team-b', 'p', { ...policySpec(), trustRules: [{ name: 'd', match: {}, deny: true }] });
    await w.sync({ namespaces: spaces, clustertrustpolicies: [guard], 'trustpolicies/team-b': [deny] });
    const { generation } = w.view.snapshot()!;
    w.of('namespaces').put(changed(spaces[2]!, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    assert.deepEqual([w.view.copies.present(), w.view.copies.absent()], [['team-a', 'trustmint'], ['team-b']]);
    assert.notEqual(w.view.snapshot()!.generation, generation);
    assert.ok(!served(w)?.includes('team-b/p'));
    assert.equal(verdictOn(w, 'team-b'), 'namespace_not_watched', 'what was denied there is not given');
    assert.equal(verdictOn(w, 'team-a'), true);
    await w.clock.advance(3_600_000);
    for (const name of w.followed()) if (!name.endsWith('/team-b')) w.of(name).touch();
    assert.equal(w.view.staleSeconds(), 0);
  });

  it('takes one that is made again for another: what was there before is not served in it', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces, 'trustpolicies/team-b': [trustPolicy('team-b', 'old')] });
    const before = w.of('trustpolicies/team-b');
    w.of('namespaces').remove(spaces[2]!);
    w.of('namespaces').put(namespace('team-b'));
    assert.notEqual(w.of('trustpolicies/team-b'), before);
    before.put(trustPolicy('team-b', 'ghost'));
    w.of('trustpolicies/team-b').sync(trustPolicy('team-b', 'new'));
    await w.clock.advance(1_000);
    assert.deepEqual(served(w), ['team-b/new']);
  });

  it('goes on for as long as any other view, with a namespace that comes and cannot be read, and says which', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces.slice(0, 2) });
    w.of('namespaces').put(namespace('team-b'));
    for (const kind of ['trustpolicies', 'agentregistrations', 'tokenrevocations'])
      w.of(`${kind}/team-b`).state = { phase: 'waiting', reason: 'rbac_missing', lastError: 'forbidden' };
    await w.clock.advance(400_000);
    for (const name of w.followed()) if (!name.endsWith('/team-b')) w.of(name).touch();
    assert.equal(w.view.staleSeconds(), 400);
    assert.ok(w.view.snapshot(), 'it is for --max-staleness to end it');
    assert.match(w.view.readErrors()[0]?.source ?? '', /in namespace team-b$/);
  });

  it('counts registrations only in agent registries that it watches', async () => {
    const labels = { 'trustmint.dev/agent-registry': 'true' };
    const w = world({ scope });
    await w.sync({ namespaces: [namespace(OWN), namespace('team-a', labels), namespace('other', labels)] });
    const { agents } = w.view.copies;
    assert.deepEqual(
      ['trustmint', 'team-a', 'team-b', 'other'].map((name) => agents.isRegistry(name)),
      [true, true, false, false],
    );
    w.of('agentregistrations/team-a').put(registration('team-a'));
    w.of('namespaces').remove(namespace('other', labels));
    assert.equal(agents.isRegistry('team-a'), true);
  });

  it('keeps what a TokenRevocation killed that went with its namespace, until it is known that nobody took it back', async () => {
    const w = world({ scope });
    const dead = raw(
      'TokenRevocation',
      'team-b',
      'dead',
      { policy: 'p' },
      { creationTimestamp: '2026-01-01T00:00:00Z' },
    );
    await w.sync({ namespaces: spaces, 'tokenrevocations/team-b': [dead] });
    w.of('namespaces').remove(spaces[2]!);
    assert.equal(w.view.revocations().of('policy', 'p').length, 1);
    const [one] = w.view.revoked.lingering();
    assert.deepEqual([one?.how, one && w.view.revoked.verdictOn(one)], ['deleted', undefined]);
  });

  it('gives nothing to accounts of other namespaces, also by a ClusterTrustPolicy of all', async () => {
    const w = world({ scope });
    const all = raw('ClusterTrustPolicy', undefined, 'all', {
      ...policySpec(),
      trustRules: [{ name: 'any', match: { serviceAccount: 'agent' }, issue: { ttl: '1h' } }],
    });
    await w.sync({ namespaces: spaces, clustertrustpolicies: [all] });
    assert.deepEqual(
      ['team-a', 'trustmint', 'other'].map((name) => verdictOn(w, name)),
      [true, true, 'namespace_not_watched'],
    );
    const told = w.view.snapshot()!.explain([identityOf(w, 'other')], {}).decision;
    assert.ok(!told.allowed && told.reason === 'namespace_not_watched' && /namespace other/.test(told.detail));
  });

  it('by labels: a namespace that loses its tenant is not served, whatever others are labelled', async () => {
    const w = world({ scope, tenancy: { mode: 'NamespaceLabel' } });
    const labelled = namespace('team-a', { 'trustmint.dev/tenant': 'acme' });
    await w.sync({ namespaces: [namespace(OWN), labelled], 'trustpolicies/team-a': [trustPolicy('team-a', 'p')] });
    assert.equal(w.view.snapshot()?.ruleCount, 1);
    w.of('namespaces').put(changed(labelled, {}, { labels: {} }));
    assert.equal(w.view.snapshot()?.ruleCount, 0);
  });

  it('stops all that it follows', async () => {
    const w = world({ scope });
    await w.sync({ namespaces: spaces });
    await w.view.close();
    for (const name of w.followed()) assert.equal(w.of(name).state.phase, 'stopped', name);
    assert.equal(w.clock.pending, 0);
  });

  it('needs the namespaces to know what there is', async () => {
    const w = world({ scope });
    w.view.start();
    w.of('namespaces').state = {
      phase: 'waiting',
      reason: 'rbac_missing',
      lastError: apiFailure(403, 'Forbidden').message,
    };
    for (const name of ['clustertrustpolicies', 'protectedresources']) w.of(name).sync();
    await w.clock.advance(1_000);
    assert.deepEqual([w.view.snapshot(), w.view.readErrors()[0]?.source], [undefined, 'namespaces']);
  });
});
