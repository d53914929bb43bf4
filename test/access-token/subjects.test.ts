import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type SubjectPolicy, tokenSubject } from '../../src/access-token/index.ts';
import type { ProviderName, VerifiedIdentity } from '../../src/identity.ts';

function identity(provider: ProviderName, subject: string, attributes: Record<string, string> = {}): VerifiedIdentity {
  return {
    anchor: 'a',
    provider,
    issuer: 'https://issuer.example',
    subject,
    audiences: ['satgate'],
    claims: {},
    attributes: new Map(Object.entries(attributes)),
    holder: { subject },
    issuedAt: 0,
    expiresAt: 1,
  };
}

const TEAM: SubjectPolicy = { namespace: 'team', name: 'agents' };
const CLUSTER: SubjectPolicy = { name: 'agents' };
const pod = identity('kubernetes', 'system:serviceaccount:ai:bot', { namespace: 'ai', serviceAccount: 'bot' });
const run = identity('github', 'repo:acme/x:ref:refs/heads/main', { repositoryId: '7', repository: 'acme/x' });

describe('the subject of a token', () => {
  const rows: [string, VerifiedIdentity, SubjectPolicy, boolean, string][] = [
    ['an account of this cluster', pod, TEAM, true, 'system:serviceaccount:ai:bot'],
    ['an account of another cluster, by a TrustPolicy', pod, TEAM, false, 'k8s:team/agents:ai:bot'],
    ['an account of another cluster, by a ClusterTrustPolicy', pod, CLUSTER, false, 'k8s:agents:ai:bot'],
    ['a workflow run, by the immutable id', run, CLUSTER, false, 'github:7:acme/x'],
    ['a SPIFFE ID', identity('spiffe', 'spiffe://a.example/x'), CLUSTER, false, 'spiffe://a.example/x'],
    ['an OpenID subject', identity('oidc', 'client@clients'), CLUSTER, false, 'oidc:agents:client@clients'],
    ['a subject with spaces and percent signs', identity('oidc', 'a b%20'), CLUSTER, false, 'oidc:agents:a%20b%2520'],
    ['a subject beyond ASCII', identity('oidc', 'ü\n\x7f'), CLUSTER, false, 'oidc:agents:%C3%BC%0A%7F'],
    ['a subject that looks like another’s', identity('oidc', 'x:y'), TEAM, false, 'oidc:team/agents:x:y'],
  ];
  for (const [what, who, policy, own, subject] of rows) {
    it(`is ${subject} for ${what}`, () => assert.equal(tokenSubject(who, policy, own), subject));
  }

  it('P14: equal subjects of two policies, and so of two issuers, are two subjects', () => {
    const one = identity('oidc', 'alice');
    const subjects = [TEAM, CLUSTER, { name: 'other' }, { namespace: 'agents', name: 'team' }].map((policy) =>
      tokenSubject(one, policy, false),
    );
    assert.equal(new Set(subjects).size, subjects.length);
  });

  it('no foreign subject can be taken for a user, an account of this cluster, or another provider’s', () => {
    for (const forged of ['user:alice', 'system:serviceaccount:kube-system:admin', 'github:7:acme/x', 'k8s:a:b:c']) {
      assert.equal(tokenSubject(identity('oidc', forged), CLUSTER, false), `oidc:agents:${forged}`);
      assert.ok(tokenSubject(identity('oidc', forged), CLUSTER, true).startsWith('oidc:'));
    }
  });

  // Names as Kubernetes writes them: neither can hold `:` or `/`.
  const name = fc.stringMatching(/^[a-z0-9]{1,4}$/);
  const policy = fc.record({ namespace: name, name }, { requiredKeys: ['name'] });
  const subject = fc.string({
    unit: fc.oneof(fc.constantFrom(':', '%', '2', '0', ' ', '/'), fc.string({ unit: 'binary' })),
    maxLength: 6,
  });

  it('property: is injective, and printable ASCII, for OpenID subjects', () => {
    const well = subject.filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(policy, well, policy, well, (p1, s1, p2, s2) => {
        const [one, two] = [
          tokenSubject(identity('oidc', s1), p1, false),
          tokenSubject(identity('oidc', s2), p2, false),
        ];
        assert.match(one, /^[!-~]+$/);
        const same = s1 === s2 && p1.name === p2.name && p1.namespace === p2.namespace;
        assert.equal(one === two, same);
        assert.equal(decodeURIComponent(one.split(':').slice(2).join(':')), s1, 'nothing of it is lost');
      }),
      { numRuns: 2000 },
    );
  });
});
