import assert from 'node:assert/strict';
import { identityFromClaims } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, ISSUERS, NOW, refused } from './support.ts';

const anchor = anchorOf('kubernetes');
const read = (changes: Record<string, unknown> = {}) =>
  identityFromClaims(anchor, claimsOf('kubernetes', changes), NOW);

/** Claims of this account, `sub` and members alike; `bound` changes the kubernetes.io members. */
function account(namespace: unknown, name: unknown, bound: Record<string, unknown> = {}) {
  return {
    sub: `system:serviceaccount:${namespace}:${name}`,
    'kubernetes.io': { namespace, serviceaccount: { name, uid: 'sa-uid' }, ...bound },
  };
}

describe('a Kubernetes service account token', () => {
  it('names the account, its uid, the pod and the node', () => {
    assert.deepEqual(Object.fromEntries(read().attributes), {
      namespace: 'ai-agents',
      serviceAccount: 'research-agent',
      serviceAccountUid: 'sa-uid',
      podName: 'research-agent-0',
      podUid: 'pod-uid',
      nodeName: 'node-1',
    });
  });

  it("K8-3: is held by the account's uid, and by the pod as its instance where one is named", () => {
    assert.deepEqual(read().holder, { subject: 'sa-uid', instance: 'pod-uid' });
    assert.deepEqual(read(account('a', 'b')).holder, { subject: 'sa-uid' });
    const secret = { secret: { name: 's', uid: 'u' }, warnafter: NOW };
    assert.deepEqual(read(account('a', 'b', secret)).holder, { subject: 'sa-uid' });
  });

  it('K8-1: is refused if sub and the kubernetes.io members disagree', () => {
    for (const sub of [
      'system:serviceaccount:ai-agents:other',
      'system:serviceaccount:other:research-agent',
      'system:serviceaccount:ai-agents:research-agent:x',
      'system:serviceaccount:ai-agents',
      'system:serviceaccount:research-agent:ai-agents',
      'System:serviceaccount:ai-agents:research-agent',
      'system:node:node-1',
      ' system:serviceaccount:ai-agents:research-agent',
    ]) {
      assert.throws(() => read({ sub }), refused('subject_mismatch'), sub);
    }
  });

  it('K8-1, P21: takes only names that Kubernetes allows, lower-case', () => {
    assert.ok(read(account('a', 'b.c-d.e')));
    assert.ok(read(account('a'.repeat(63), 'b'.repeat(253))));
    for (const namespace of ['A', 'a.b', '-a', 'a-', 'a b', 'a:b', '', 'a'.repeat(64), 'é', 'a\n']) {
      assert.throws(() => read(account(namespace, 'b')), refused('claims'), namespace);
    }
    for (const name of ['B', 'b:c', 'b..c', '.b', 'b.', 'b_c', '*', '', 'b'.repeat(254), 'b\n']) {
      assert.throws(() => read(account('a', name)), refused('claims'), name);
    }
  });

  it('P22: is refused if a kubernetes.io member has another type than Kubernetes writes', () => {
    for (const value of [undefined, null, 'x', 7, [], {}, { namespace: 'a' }, { serviceaccount: {} }]) {
      assert.throws(() => read({ 'kubernetes.io': value }), refused('claims'), JSON.stringify(value));
    }
    for (const [namespace, name] of [
      [1, 'b'],
      ['a', ['b']],
      ['a', true],
    ]) {
      assert.throws(() => read(account(namespace, name)), refused('claims'));
    }
    for (const uid of [undefined, '', 1, ['u'], 'u'.repeat(254)]) {
      assert.throws(() => read(account('a', 'b', { serviceaccount: { name: 'b', uid } })), refused('claims'));
    }
    for (const bound of [{ pod: 'p' }, { pod: [] }, { pod: { uid: 1 } }, { node: { name: {} } }, { node: null }]) {
      assert.throws(() => read(account('a', 'b', bound)), refused('claims'), JSON.stringify(bound));
    }
  });

  it('leaves out what is empty instead of setting it', () => {
    const { attributes, holder } = read(account('a', 'b', { pod: { name: '', uid: '' }, node: { name: '' } }));
    assert.deepEqual([...attributes.keys()], ['namespace', 'serviceAccount', 'serviceAccountUid']);
    assert.deepEqual(holder, { subject: 'sa-uid' });
  });

  it('P26: reads no member that is merely inherited', () => {
    const bound = Object.create({ namespace: 'a', serviceaccount: { name: 'b', uid: 'u' } });
    assert.throws(() => read({ sub: 'system:serviceaccount:a:b', 'kubernetes.io': bound }), refused('claims'));
    const serviceaccount = JSON.parse('{"__proto__":{"name":"b","uid":"u"}}');
    assert.throws(() => read(account('a', 'b', { serviceaccount })), refused('claims'));
  });

  it('K8-2: is refused if it is a legacy Secret token, by its issuer or its flat claims', () => {
    const flat = {
      'kubernetes.io/serviceaccount/namespace': 'ai-agents',
      'kubernetes.io/serviceaccount/service-account.name': 'research-agent',
      'kubernetes.io/serviceaccount/service-account.uid': 'sa-uid',
    };
    assert.throws(() => read(flat), refused('legacy_token'));
    assert.throws(() => read({ ...flat, exp: undefined, aud: undefined }), refused('legacy_token'));
  });

  for (const audience of [
    ISSUERS.kubernetes,
    'https://kubernetes.default.svc',
    'https://kubernetes.default.svc:443',
    'https://kubernetes.default.svc/',
    'https://kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.example.internal',
    'https://kubernetes.default.svc.other.local',
    'kubernetes.svc.default',
    'api',
    'k3s',
  ]) {
    it(`K8-4: is refused if its aud also holds the API server's: ${audience}`, () => {
      assert.throws(() => read({ aud: ['satgate', audience] }), refused('wrong_audience'));
      assert.throws(() => read({ aud: audience }), refused('wrong_audience'));
    });
  }

  it("K8-4: is refused if its aud also holds a remote cluster's issuer", () => {
    const issuer = 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC';
    const remote = anchorOf('kubernetes', { issuer });
    const claims = (aud: unknown) => claimsOf('kubernetes', { iss: issuer, aud });
    assert.throws(() => identityFromClaims(remote, claims(['satgate', issuer]), NOW), refused('wrong_audience'));
    assert.ok(identityFromClaims(remote, claims(['satgate', `${issuer}/agents`]), NOW));
  });

  it('§12.3: is refused if AWS takes it too', () => {
    for (const audience of ['sts.amazonaws.com', 'pods.eks.amazonaws.com']) {
      assert.throws(() => read({ aud: ['satgate', audience] }), refused('wrong_audience'));
    }
  });

  it('is not confused by an audience that only resembles the API server', () => {
    for (const aud of ['kubernetes', 'my-api', 'kubernetes.default.svcx', 'https://kubernetes.defaults/']) {
      assert.ok(read({ aud }), aud);
    }
  });
});
