import assert from 'node:assert/strict';
import { compile, type PolicyObjects, type Snapshot } from '../../src/policy/index.ts';
import { readText } from '../../src/standalone/index.ts';
import { SEED_GITHUB, SEED_KUBERNETES } from './support.ts';

const K8S_ISSUER = 'https://oidc.eks.us-east-1.amazonaws.com/id/ABCDEF';
const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

function compiled(...texts: string[]): Snapshot {
  const resources = texts.flatMap((text, i) => {
    const { objects, problems } = readText(text, `p${i}.yaml`, `p${i}`);
    assert.deepEqual(problems, []);
    return objects.map(({ resource }) => resource);
  });
  const objects: PolicyObjects = {
    trustPolicies: resources.filter((r) => r.kind === 'TrustPolicy'),
    clusterTrustPolicies: resources.filter((r) => r.kind === 'ClusterTrustPolicy'),
    protectedResources: [],
  };
  return compile(objects, {
    tenancy: { mode: 'Single', tenant: 'acme' },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ownIssuer: 'https://mint.example',
    allowLoopbackHttp: true,
  });
}

function terms(
  snapshot: Snapshot,
  issuer: string,
  claims: Record<string, unknown>,
  attributes: Record<string, string>,
) {
  const [anchor] = snapshot.anchorsOf(issuer);
  assert.ok(anchor, `no anchor for ${issuer}`);
  const { provider } = anchor;
  const decision = snapshot.decide(
    [
      {
        anchor: anchor.id,
        provider,
        issuer,
        subject: 's',
        audiences: ['satgate'],
        claims,
        attributes: new Map(Object.entries(attributes)),
        holder: { subject: 's', instance: 'i' },
        issuedAt: 0,
        expiresAt: 300,
      },
    ],
    {},
  );
  assert.ok(decision.allowed, JSON.stringify(decision));
  return decision.terms;
}

describe('the published policies', () => {
  const github = { repository: 'acme-corp/ai-pipeline', ref: 'refs/heads/main', run_id: '77' };

  it('both compile and are served, unchanged', () => {
    const { reports, ruleCount } = compiled(SEED_KUBERNETES, SEED_GITHUB);
    assert.deepEqual(
      reports.map(({ served, phase }) => [served, phase]),
      [
        [true, 'Active'],
        [true, 'Active'],
      ],
    );
    assert.equal(ruleCount, 3);
    assert.deepEqual(
      reports.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error')),
      [],
    );
  });

  for (const issuer of [K8S_ISSUER, 'http://127.0.0.1:4711']) {
    it(`give a research agent 1000 credits for 8 h and any other 200 for 4 h, proofs being of ${issuer}`, () => {
      const snapshot = compiled(SEED_KUBERNETES.replace(K8S_ISSUER, issuer));
      const account = (serviceAccount: string) =>
        terms(snapshot, issuer, {}, { namespace: 'ai-agents', serviceAccount });
      const research = account('research-agent');
      assert.deepEqual([research.budgetCredits, research.ttl], [1000, 8 * 3600]);
      assert.deepEqual(research.caveats, [
        { key: 'department', value: 'research' },
        { key: 'cost_center', value: 'eng-ai' },
      ]);
      const other = account('other');
      assert.deepEqual([other.budgetCredits, other.ttl], [200, 4 * 3600]);
    });
  }

  for (const issuer of [GITHUB_ISSUER, 'http://127.0.0.1:4711/_services/token']) {
    it(`give each workflow run one budget for life and its label, proofs being of ${issuer}`, () => {
      const snapshot = compiled(SEED_GITHUB.replace(GITHUB_ISSUER, issuer));
      const { repository, ref } = github;
      const run = terms(snapshot, issuer, github, { repository, ref });
      assert.deepEqual([run.budgetPer, run.budgetWindow, run.label], ['Instance', 'Lifetime', 'ci-77']);
      assert.deepEqual([run.budgetCredits, run.ttl], [500, 3600]);
    });
  }
});
