import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ClusterTrustPolicy, TrustPolicy } from '../../src/api/v1alpha1/index.ts';
import type { VerifiedIdentity } from '../../src/identity.ts';
import { compile } from '../../src/policy/index.ts';
import type { CompileOptions, PolicyObjects } from '../../src/policy/types.ts';
import { question, setting } from './arbitrary.ts';
import { linear, type Verdict } from './linear.ts';
import { CLUSTER, ctpol, IDP, identityOf, objects, standalone, tpol } from './support.ts';

function tenantOf(options: CompileOptions) {
  return (policy: TrustPolicy | ClusterTrustPolicy, identity: VerifiedIdentity): string => {
    if (policy.kind === 'TrustPolicy')
      return options.tenancy.mode === 'Single' ? options.tenancy.tenant : policy.metadata.namespace!;
    if (!policy.spec.tenant?.includes('{{')) return policy.spec.tenant!;
    const team = Object.hasOwn(identity.claims, 'team') ? identity.claims.team : undefined;
    if (Number.isSafeInteger(team)) return String(team);
    return typeof team === 'string' && /^[a-z/:]+$/.test(team) ? team : '';
  };
}

function verdictOf(decision: ReturnType<ReturnType<typeof compile>['decide']>): Verdict {
  if (decision.allowed) return { outcome: 'granted', policy: decision.terms.policy.uid, rule: decision.terms.rule };
  const { reason, policy, rule } = decision;
  return { outcome: reason, ...(policy && { policy: policy.uid }), ...(rule && { rule }) };
}

describe('a snapshot, whatever the policies and the proof', () => {
  it('P25: decides as trying every rule in the one order would, down to the reason of a refusal', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { minLength: 4, maxLength: 12 }),
        ({ objects: all, options }, questions) => {
          const snapshot = compile(all, options);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = snapshot.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            if (identities.length === 0) continue;
            const expected = linear(all, snapshot, identities, asked, tenantOf(options));
            seen.add(expected.outcome);
            assert.deepEqual(verdictOf(snapshot.decide(identities, asked)), expected);
          }
        },
      ),
      { numRuns: 1500 },
    );
    // The property is worth something only if the random cases reach every kind of answer.
    const all = ['granted', 'denied_by_rule', 'no_rule', 'wrong_audience', 'policy_suspended', 'policy_revoked'];
    for (const outcome of [...all, 'nothing_left', 'template_failed', 'unknown_resource'])
      assert.ok(seen.has(outcome), outcome);
  });

  it('explains every decision as it decides, and names the predicate that fails', () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { minLength: 2, maxLength: 4 }),
        ({ objects: all, options }, questions) => {
          const snapshot = compile(all, options);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = snapshot.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            const decision = snapshot.decide(identities, asked);
            const explanation = snapshot.explain(identities, asked);
            assert.deepEqual(explanation.decision, decision);
            const reached = explanation.rules.filter(({ verdict }) => verdict !== 'not_reached');
            for (const { verdict, predicates } of reached)
              assert.equal(
                predicates.every(({ holds }) => holds),
                verdict !== 'no_match',
              );
            const last = reached.at(-1);
            if (decision.allowed) assert.equal(last?.verdict, 'granted');
            else assert.equal(last?.verdict === 'denied', decision.rule !== undefined);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order in which the objects come', () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { maxLength: 4 }),
        fc.nat(),
        ({ objects: all, options }, questions, seed) => {
          const turn = <T>(list: readonly T[]) => list.map((_, i) => list[(i + seed) % list.length]!).reverse();
          const other: PolicyObjects = {
            trustPolicies: turn(all.trustPolicies),
            clusterTrustPolicies: turn(all.clusterTrustPolicies),
            protectedResources: turn(all.protectedResources),
          };
          const [one, two] = [compile(all, options), compile(other, options)];
          assert.equal(one.generation, two.generation);
          assert.deepEqual(one.reports, two.reports);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            assert.deepEqual(
              one
                .anchorsOf(issuer)
                .map(({ id }) => id)
                .sort(),
              two
                .anchorsOf(issuer)
                .map(({ id }) => id)
                .sort(),
            );
            const identities = one.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            assert.deepEqual(one.decide(identities, asked), two.decide(identities, asked));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('P48: is changed by no policy that is not accepted', () => {
    const bad = fc.constantFrom<ClusterTrustPolicy | TrustPolicy>(
      ctpol('bad', [{ name: 'r', match: { ref: 'refs/heads/main' }, issue: {} }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: { owner: 'acme' }, deny: true, issue: {} }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: { owner: 'acme' }, issue: { labelTemplate: '{{' } }], { priority: 9 }),
      ctpol('bad', [{ name: 'r', match: {}, deny: true }], { provider: 'oidc', issuer: 'http://idp.example' }),
      tpol('bad', [{ name: 'r', match: {}, issue: { ttl: '1s' } }], { issuer: CLUSTER }),
      { ...tpol('bad', []), spec: JSON.parse('{"provider": "kubernetes"}') },
    );
    fc.assert(
      fc.property(
        setting,
        bad,
        fc.array(question, { minLength: 1, maxLength: 4 }),
        ({ objects: all, options }, one, questions) => {
          const before = compile(all, options);
          const after = compile(
            one.kind === 'TrustPolicy'
              ? { ...all, trustPolicies: [one, ...all.trustPolicies] }
              : { ...all, clusterTrustPolicies: [one, ...all.clusterTrustPolicies] },
            options,
          );
          assert.equal(after.reports.find(({ name }) => name === 'bad')?.served, false);
          assert.equal(after.ruleCount, before.ruleCount);
          for (const {
            proof: { issuer, claims, audiences },
            request: asked,
          } of questions) {
            const identities = before.anchorsOf(issuer).map((anchor) => identityOf(anchor, claims, audiences));
            assert.deepEqual(after.decide(identities, asked), before.decide(identities, asked));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('compiles nothing at all to a snapshot that refuses', () => {
    const snapshot = compile(objects({}), standalone);
    assert.equal(snapshot.anchorsOf(IDP).length, 0);
    assert.equal(snapshot.ruleCount, 0);
    assert.equal(snapshot.decide([], {}).allowed, false);
  });
});
