import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kube/types.ts';
import { readObject } from '../../src/operator/objects.ts';
import { verdictOn } from './account.ts';
import { policySpec, raw, trustPolicy, world } from './support.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const agents = trustPolicy('ai', 'agents');

describe('objects that cannot be read', () => {
  it('are Accepted=False with the member that is wrong, and take no other down', async () => {
    const w = world();
    const bad = trustPolicy('ai', 'bad', { ...policySpec(), provider: 'quantum' });
    await w.sync({ trustpolicies: [bad, agents, raw('TrustPolicy', 'ai', 'none', null as never)] });
    const reports = new Map(w.view.snapshot()?.reports.map((report) => [report.name, report]));
    assert.equal(reports.get('agents')?.served, true);
    const report = reports.get('bad');
    assert.equal(report?.served, false);
    assert.equal(report?.phase, 'Invalid');
    const accepted = report?.conditions.find(({ type }) => type === 'Accepted');
    assert.equal(accepted?.status, 'False');
    assert.equal(accepted?.reason, 'Malformed');
    assert.match(accepted?.message ?? '', /^spec\.provider: .*cannot read/);
    assert.equal(reports.get('none')?.served, false);
  });

  for (const [where, spec] of [
    ['spec.quantumSafe', { quantumSafe: true }],
    [
      'spec.trustRules[0].match.zone',
      { trustRules: [{ name: 'r', match: { serviceAccount: 'agent', zone: 'a' }, issue: {} }] },
    ],
    [
      'spec.trustRules[0].issue.window',
      { trustRules: [{ name: 'r', match: { serviceAccount: 'agent' }, issue: { window: '1h' } }] },
    ],
  ] as const) {
    it(`a policy with a member of a newer CRD, ${where}, gives nothing, keeps its place and says so`, async () => {
      const w = world();
      await w.sync({ trustpolicies: [trustPolicy('ai', 'a-new', policySpec('agent', spec)), agents] });
      const snapshot = w.view.snapshot()!;
      assert.equal(verdictOn(w, 'ai'), 'denied_by_rule', 'also where a later policy gives');
      const report = snapshot.reports.find(({ name }) => name === 'a-new');
      const ready = report?.conditions.find(({ type }) => type === 'Ready');
      assert.deepEqual([report?.served, ready?.status, ready?.reason], [true, 'False', 'UnknownField']);
      assert.match(ready?.message ?? '', new RegExp(`^${where.replace(/[.[\]]/g, '\\$&')}: `));
    });
  }

  it('a resource named default that cannot be read does not bring back the built-in one', async () => {
    const w = world();
    const bad = raw('ProtectedResource', undefined, 'default', { audience: 7 });
    await w.sync({ trustpolicies: [agents], protectedresources: [bad] });
    assert.equal(w.view.snapshot()?.findResource('default'), undefined);
  });

  it('still revoke: a policy that says Revoked and cannot be read kills what it gave', async () => {
    const w = world();
    const bad = trustPolicy('ai', 'bad', { state: 'Revoked', provider: 'quantum' });
    await w.sync({ trustpolicies: [bad] });
    const facts = { jti: 'j', gid: 'g', pol: bad.metadata.uid, agt: null, tenant: 'ai', iat: 1, derivedFrom: () => [] };
    assert.equal(w.view.revocations().check(facts, 2)?.source, 'TrustPolicy/ai/bad');
  });

  it('nothing of the examples is unknown', () => {
    const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
    const policies = files
      .flatMap((file) => parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8')))
      .map((document) => document.toJS() as KubeObject | null)
      .filter((one) => one?.kind === 'TrustPolicy' || one?.kind === 'ClusterTrustPolicy');
    assert.ok(policies.length >= 5, `${policies.length}`);
    for (const one of policies) {
      const { fault, unknown } = readObject(one!.kind as 'TrustPolicy', one!);
      assert.deepEqual([fault, unknown], [undefined, undefined], one!.metadata.name);
    }
  });
});
