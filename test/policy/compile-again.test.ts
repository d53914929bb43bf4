import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compile } from '../../src/policy/index.ts';
import type { PolicyObjects, Snapshot } from '../../src/policy/types.ts';
import { question, setting } from './arbitrary.ts';
import { ctpol, identityOf, inCluster, objects, pres, rule, standalone, tpol } from './support.ts';

/** Some of the objects, the very same ones. */
const part = (all: PolicyObjects, keep: (index: number) => boolean): PolicyObjects => ({
  trustPolicies: all.trustPolicies.filter((_, i) => keep(i)),
  clusterTrustPolicies: all.clusterTrustPolicies.filter((_, i) => keep(i + 1)),
  protectedResources: all.protectedResources.filter((_, i) => keep(i + 2)),
});

type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;

const answers = (snapshot: Snapshot, questions: readonly Question[]) =>
  questions.map(({ proof, request }) => {
    const anchors = snapshot.anchorsOf(proof.issuer);
    const identities = anchors.map((anchor) => identityOf(anchor, proof.claims, proof.audiences));
    return identities.length === 0
      ? undefined
      : [snapshot.decide(identities, request), snapshot.explain(identities, request).rules];
  });

describe('compiling objects of which some were compiled before', () => {
  it('gives what compiling all of them for the first time gives, and changes no snapshot that is in use', () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(question, { minLength: 2, maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        ({ objects: all, options }, questions, mask) => {
          const first = compile(all, options);
          const before = answers(first, questions);
          const fewer = part(all, (i) => mask[i % 4]!);
          for (const [some, given] of [
            [fewer, options],
            [all, { ...options, maxTtl: 120 }],
            [all, options],
          ] as const) {
            const again = compile(some, given);
            const fresh = compile(structuredClone(some), given);
            assert.equal(again.generation, fresh.generation);
            assert.deepEqual(again.reports, fresh.reports);
            assert.deepEqual(answers(again, questions), answers(fresh, questions));
          }
          assert.deepEqual(answers(first, questions), before);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('sees a resource that is taken away, and one that no longer admits the namespace', () => {
    const policy = tpol('p', [rule('r', { serviceAccount: 'agent' }, { issue: { resources: ['api'] } })]);
    const open = pres('api', { grantableFrom: { namespaces: ['*'] } });
    const reasons = [[open], [], [pres('api', { grantableFrom: { namespaces: ['b'] } })], [open]].map(
      (protectedResources) => {
        const snapshot = compile(objects({ trustPolicies: [policy], protectedResources }), inCluster);
        return snapshot.reports.find(({ kind }) => kind === 'TrustPolicy')?.conditions.map(({ reason }) => reason);
      },
    );
    assert.equal(reasons[0]?.[0], 'Accepted');
    assert.equal(reasons[1]?.[1], 'ResourceNotFound');
    assert.equal(reasons[2]?.[0], 'ResourceNotGrantable');
    assert.deepEqual(reasons[3], reasons[0]);
  });

  it('sees an object that is now being deleted, whose spec is the same', () => {
    const policy = ctpol('p', [rule('r', { owner: 'acme' })], { provider: 'github' });
    assert.equal(compile(objects({ clusterTrustPolicies: [policy] }), standalone).ruleCount, 1);
    const going = { ...policy, metadata: { ...policy.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    assert.equal(compile(objects({ clusterTrustPolicies: [going] }), standalone).ruleCount, 0);
    assert.equal(compile(objects({ clusterTrustPolicies: [policy] }), standalone).ruleCount, 1);
  });
});
