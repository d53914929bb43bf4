import assert from 'node:assert/strict';
import type { TrustRule } from '../../src/api/v1alpha1/index.ts';
import type { Claims } from '../../src/identity.ts';
import { compileAll } from '../../src/policy/compile.ts';
import { type Entry, RuleIndex } from '../../src/policy/rule-index.ts';
import { ctpol, identityOf, objects, oidc, rule, standalone } from './support.ts';

const COUNT = 640;

/** How many rules are looked at for a proof. */
function looked(policy: typeof ctpol, make: (i: number) => TrustRule['match'], claims: Claims): number {
  const rules = Array.from({ length: COUNT }, (_, i) => rule(`r${i}`, make(i)));
  const clusterTrustPolicies = Array.from({ length: COUNT / 64 }, (_, p) =>
    policy(`p${p}`, rules.slice(p * 64, p * 64 + 64)),
  );
  const { served, snapshot } = compileAll(objects({ clusterTrustPolicies }), standalone);
  assert.equal(snapshot.ruleCount, COUNT);
  const [anchor] = snapshot.anchors.values();
  let seen = 0;
  new RuleIndex(served.flatMap((one) => one.rules)).collect(identityOf(anchor!, claims), (chain) => {
    for (let entry: Entry | undefined = chain; entry; entry = entry.next) seen++;
  });
  return seen;
}

describe('the rule index looks', () => {
  it('at no rule for a proof that none names', () => {
    assert.equal(
      looked(ctpol, (i) => ({ owner: 'acme', repository: `acme/r${i}` }), {
        repository_owner: 'acme',
        repository: 'acme/x',
      }),
      0,
    );
    assert.equal(
      looked(oidc, (i) => ({ claims: { sub: `s${i}` } }), { sub: 'x' }),
      0,
    );
  });

  it("at one rule where the provider's fields together name one, though each alone names many", () => {
    const match = (i: number) => ({ owner: `o${i % 32}`, ref: `refs/heads/b${Math.floor(i / 32)}` });
    assert.equal(looked(ctpol, match, { repository_owner: 'o3', ref: 'refs/heads/b2' }), 1);
  });

  it('at few rules where one claim is rare, though fields and other claims are shared', () => {
    const match = (i: number) => ({ owner: 'acme', claims: { team: 'a', app: `app-${i}` } });
    assert.equal(looked(ctpol, match, { repository_owner: 'acme', team: 'a', app: 'app-9' }), 1);
    const pointer = (i: number) => ({ claims: { iss: 'x', '/deep/app': `app-${i}` } });
    assert.equal(looked(oidc, pointer, { iss: 'x', deep: { app: 'app-9' } }), 1);
  });

  it('under each of the values that a rule takes, and each that a proof has', () => {
    const match = (i: number) => ({
      expressions: [{ key: 'groups', operator: 'In' as const, values: [`a${i}`, `b${i}`] }],
    });
    assert.equal(looked(oidc, match, { groups: ['a1', 'b2', 'none'] }), 2);
    assert.equal(looked(oidc, match, { groups: 'a1' }), 1);
  });

  it('at all rules that demand nothing exactly, and only then', () => {
    assert.equal(
      looked(oidc, () => ({ claims: { sub: 'x*' } }), { sub: 'x' }),
      COUNT,
    );
  });
});
