import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AgentRegistrationSpec, agentRegistration } from '../../src/api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../../src/identity.ts';
import { type Agent, AgentIndex, agentOf, TraitsPool } from '../../src/policy/index.ts';

const NOW = 1_000_000_000;
const pool = new TraitsPool();
let uids = 0;

type Spec = Partial<Omit<AgentRegistrationSpec, 'identity'>> & { identity?: object };

function agent(name: string, spec: Spec = {}, namespace = 'agents', uid = `uid-${++uids}`): Agent {
  const identity = { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } };
  const parsed = agentRegistration.parse({
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'AgentRegistration',
    metadata: { name, namespace, uid },
    spec: { agentType: 'global-worker', userId: 'alice', identity, ...spec },
  });
  return agentOf(parsed as never, pool);
}

const account = (more: object = {}) => ({ identity: { serviceAccount: { namespace: 'ns', name: 'sa', ...more } } });

function identity(provider: string, issuer: string, attributes: Record<string, string | undefined>) {
  const there = Object.entries(attributes).filter(([, value]) => value !== undefined) as [string, string][];
  return { provider, issuer, attributes: new Map(there) } as unknown as VerifiedIdentity;
}

const svid = (more: Record<string, string | undefined> = {}, trustDomain = 'cluster.local') =>
  identity('spiffe', `spiffe://${trustDomain}`, {
    trustDomain,
    id: 'x',
    tenantId: 'tenant-1',
    userId: 'alice',
    agentType: 'global-worker',
    agentId: 'agent-1',
    ...more,
  });
const pod = (podUid?: string, more: object = {}, issuer = 'https://k8s.example') =>
  identity('kubernetes', issuer, { namespace: 'ns', serviceAccount: 'sa', podUid, ...more });

const POD = '11111111-2222-3333-4444-555555555555';
const OTHER = '11111111-2222-3333-4444-666666666666';

function index(...agents: Agent[]): AgentIndex {
  const made = new AgentIndex();
  for (const one of agents) made.add(one);
  return made;
}

function outcome(of: AgentIndex, who: VerifiedIdentity, own = true, now = NOW): string {
  const found = of.find(who, own, now);
  return 'not' in found ? found.not : `${found.agent.traits.namespace}/${found.agent.name}`;
}

describe('the registered agent of an identity', () => {
  it('is found by the agentId of a SPIFFE path, in its trust domain', () => {
    const one = index(agent('agent-1'), agent('agent-2'));
    assert.equal(outcome(one, svid()), 'agents/agent-1');
    assert.equal(outcome(one, svid({ agentId: 'agent-3' })), 'unregistered');
    assert.equal(outcome(one, svid({ agentId: undefined })), 'unregistered');
  });

  it('P14: is not that of another trust domain, or another cluster, with the same name', () => {
    assert.equal(outcome(index(agent('agent-1')), svid({}, 'other.example')), 'unregistered');
    const own = index(agent('a', account()));
    assert.equal(outcome(own, pod()), 'agents/a');
    assert.equal(outcome(own, pod(), false), 'unregistered');
    const theirs = index(agent('a', account({ issuer: 'https://k8s.example' })));
    assert.equal(outcome(theirs, pod(), false), 'agents/a');
    assert.equal(outcome(theirs, pod(), true), 'unregistered');
    assert.equal(outcome(theirs, pod(undefined, {}, 'https://k8s2.example'), false), 'unregistered');
  });

  it('P14: is not that of a github or oidc identity, whatever its attributes', () => {
    const one = index(agent('agent-1'), agent('a', account()));
    for (const provider of ['github', 'oidc']) {
      const who = identity(provider, 'spiffe://cluster.local', Object.fromEntries(svid().attributes));
      assert.equal(outcome(one, who), 'unregistered');
    }
  });

  it('agrees with every field of the path, and with no field that it does not have', () => {
    const one = index(agent('agent-1'));
    for (const field of ['tenantId', 'userId', 'agentType'])
      assert.equal(outcome(one, svid({ [field]: 'other' })), 'mismatch', field);
    assert.equal(outcome(one, svid({ region: 'eu' })), 'mismatch');
    assert.equal(outcome(one, svid({ tenantId: undefined, userId: undefined })), 'agents/agent-1');
    const without = index(agent('agent-1', { identity: { spiffe: { trustDomain: 'cluster.local' } } }));
    assert.equal(outcome(without, svid()), 'mismatch', 'a tenant that it does not say');
    assert.equal(outcome(without, svid({ tenantId: undefined })), 'agents/agent-1');
  });

  it('is found by the exact service account, and by the pod where it names one', () => {
    const one = index(agent('a', account({ podUid: POD })));
    assert.equal(outcome(one, pod(POD)), 'agents/a');
    assert.equal(outcome(one, pod(OTHER)), 'mismatch');
    assert.equal(outcome(one, pod()), 'mismatch', 'a proof that is bound to no pod');
    assert.equal(outcome(one, pod(POD, { serviceAccount: 'sa2' })), 'unregistered');
  });

  it('P20: of a pod that was replaced under the same account is not the new one', () => {
    assert.equal(outcome(index(agent('a', account({ podUid: POD }))), pod(OTHER)), 'mismatch');
  });

  it('is active: neither suspended nor revoked, nor over', () => {
    assert.equal(outcome(index(agent('agent-1', { state: 'Suspended' })), svid()), 'suspended');
    assert.equal(outcome(index(agent('agent-1', { state: 'Revoked' })), svid()), 'revoked');
    const ends = index(agent('agent-1', { expiresAt: new Date(NOW * 1000).toISOString() }));
    assert.equal(outcome(ends, svid(), true, NOW - 1), 'agents/agent-1');
    assert.equal(outcome(ends, svid(), true, NOW), 'expired');
  });

  it('is none of two: both are named as duplicates, also where one of them is not active', () => {
    const [a, b] = [agent('agent-1'), agent('agent-1', { state: 'Suspended', userId: 'bob' }, 'others')];
    const both = index(a, b);
    assert.equal(outcome(both, svid()), 'duplicate');
    assert.deepEqual([both.duplicatesOf(a), both.duplicatesOf(b)], [[b], [a]]);
    both.remove(b);
    assert.equal(outcome(both, svid()), 'agents/agent-1');
    assert.deepEqual(both.duplicatesOf(a), []);
  });

  it('is another one of another tenant, though they have one name; unless the path tells no tenant', () => {
    const theirs = { identity: { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-2' } } };
    const both = index(agent('agent-1'), agent('agent-1', theirs, 'others'));
    assert.equal(outcome(both, svid()), 'agents/agent-1');
    assert.equal(outcome(both, svid({ tenantId: 'tenant-2' })), 'others/agent-1');
    assert.equal(outcome(both, svid({ tenantId: undefined })), 'duplicate');
  });

  it('for any pod of an account and for one of its pods: that pod is denied, the others are not', () => {
    const [any, one] = [agent('any', account()), agent('one', account({ podUid: POD }))];
    const both = index(any, one);
    assert.equal(outcome(both, pod(POD)), 'duplicate');
    assert.equal(outcome(both, pod(OTHER)), 'agents/any');
    assert.equal(outcome(both, pod()), 'agents/any');
    assert.deepEqual([both.duplicatesOf(any), both.duplicatesOf(one)], [[], [any]]);
    assert.deepEqual([[...both.podsOf(any)], [...both.podsOf(one)]], [[one], []]);
    // What the other pods handed on is as good as what they are given.
    assert.deepEqual([both.isActive(any.uid, NOW), both.isActive(one.uid, NOW)], [true, false]);
  });
});

/** As the documentation says it: look at all of them. */
function naive(agents: readonly Agent[], who: VerifiedIdentity, own: boolean): string {
  const get = (name: string) => who.attributes.get(name);
  const one = (found: readonly Agent[]) => {
    const [agent] = found;
    if (!agent || found.length > 1) return 'no';
    return agent.traits.state === 'Active' ? agent.uid : 'no';
  };
  if (who.provider === 'spiffe') {
    const named = agents.filter((a) => a.traits.trustDomain === get('trustDomain') && a.name === get('agentId'));
    const agreeing = named.filter(
      (a) =>
        (get('tenantId') ?? a.traits.tenantId) === a.traits.tenantId &&
        (get('userId') ?? a.userId) === a.userId &&
        (get('agentType') ?? a.traits.agentType) === a.traits.agentType,
    );
    const [first] = agreeing;
    return one(
      first ? [...new Set([...agreeing, ...named.filter((a) => a.traits.tenantId === first.traits.tenantId)])] : [],
    );
  }
  const key = `${own ? '' : `${who.issuer} `}${get('namespace')}/${get('serviceAccount')}`;
  return one(
    agents.filter((a) => a.key === key || (get('podUid') !== undefined && a.key === `${key}#${get('podUid')}`)),
  );
}

describe('the index of agents', () => {
  const spec = fc.record({
    agentType: fc.constantFrom('t1', 't2'),
    userId: fc.constantFrom('alice', 'bob'),
    state: fc.constantFrom('Active' as const, 'Active' as const, 'Suspended' as const),
    identity: fc.oneof(
      fc.record({
        spiffe: fc.record(
          { trustDomain: fc.constantFrom('a.example', 'b.example'), tenantId: fc.constantFrom('t-1', 't-2') },
          { requiredKeys: ['trustDomain'] },
        ),
      }),
      fc.record({
        serviceAccount: fc.record(
          {
            issuer: fc.constant('https://k8s.example'),
            namespace: fc.constantFrom('ns', 'n2'),
            name: fc.constant('sa'),
            podUid: fc.constantFrom(POD, OTHER),
          },
          { requiredKeys: ['namespace', 'name'] },
        ),
      }),
    ),
  });
  const step = fc.record({
    uid: fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5'),
    name: fc.constantFrom('a-1', 'a-2'),
    namespace: fc.constantFrom('x', 'y'),
    spec: fc.option(spec, { nil: undefined, freq: 3 }),
  });
  const who = fc.oneof(
    fc.record({
      own: fc.boolean(),
      of: fc
        .record({
          trustDomain: fc.constantFrom('a.example', 'b.example'),
          agentId: fc.constantFrom('a-1', 'a-2'),
          tenantId: fc.constantFrom('t-1', 't-2', undefined),
          userId: fc.constantFrom('alice', 'bob', undefined),
          agentType: fc.constantFrom('t1', 't2', undefined),
        })
        .map((fields) => identity('spiffe', `spiffe://${fields.trustDomain}`, fields)),
    }),
    fc.record({
      own: fc.boolean(),
      of: fc
        .record({ namespace: fc.constantFrom('ns', 'n2'), podUid: fc.constantFrom(POD, OTHER, undefined) })
        .map((fields) => identity('kubernetes', 'https://k8s.example', { serviceAccount: 'sa', ...fields })),
    }),
  );

  it('finds what a look at all of them finds, after any number of them came, changed and went', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(who, { minLength: 1, maxLength: 6 }), (steps, asked) => {
        const made = new AgentIndex();
        const there = new Map<string, Agent>();
        for (const { uid, name, namespace, spec } of steps) {
          const before = there.get(uid);
          if (before) made.remove(before);
          there.delete(uid);
          if (!spec) continue;
          const one = agent(name, spec as Spec, namespace, uid);
          made.add(one);
          there.set(uid, one);
        }
        for (const { of, own } of asked) {
          const found = made.find(of, own, NOW);
          assert.equal('agent' in found ? found.agent.uid : 'no', naive([...there.values()], of, own));
        }
        for (const one of there.values()) made.remove(one);
        assert.equal(made.size, 0);
      }),
      { numRuns: 500 },
    );
  });
});
