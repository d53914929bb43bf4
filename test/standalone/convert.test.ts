import assert from 'node:assert/strict';
import { printYaml, readText, resourceName } from '../../src/standalone/index.ts';
import { resourceOfGithub, resourceOfKubernetes, SEED_GITHUB, SEED_KUBERNETES } from './support.ts';

function converted(text: string, stem = 'p') {
  const { objects, problems } = readText(text, `${stem}.yaml`, stem);
  assert.deepEqual(problems, []);
  assert.equal(objects.length, 1);
  return objects[0]!;
}

function problemsOf(text: string) {
  const { objects, problems } = readText(text, 'p.yaml', 'p');
  assert.deepEqual(objects, []);
  return problems;
}

describe('the short form of a policy', () => {
  it('of a cluster is a TrustPolicy in the namespace that its rules name', () => {
    assert.equal(printYaml(converted(SEED_KUBERNETES, 'research')), resourceOfKubernetes('research'));
  });

  it('of GitHub is a ClusterTrustPolicy of provider github, its claims in their own fields', () => {
    assert.equal(printYaml(converted(SEED_GITHUB, 'ci')), resourceOfGithub('ci'));
  });

  it('reads back what it prints', () => {
    for (const seed of [SEED_GITHUB, SEED_KUBERNETES]) {
      const first = converted(seed);
      assert.deepEqual(converted(printYaml(first)).resource, first.resource);
    }
  });

  for (const issuer of [
    'https://token.actions.githubusercontent.com/acme',
    'https://token.actions.acme.ghe.com',
    'https://github.acme.example/_services/token',
    'http://127.0.0.1:4711/_services/token',
  ]) {
    it(`GH-1: takes ${issuer} for GitHub's and keeps it`, () => {
      const { resource } = converted(SEED_GITHUB.replace('https://token.actions.githubusercontent.com', issuer));
      assert.equal(resource.kind, 'ClusterTrustPolicy');
      const { spec } = resource as Extract<typeof resource, { kind: 'ClusterTrustPolicy' }>;
      assert.deepEqual([spec.provider, spec.issuer], ['github', issuer]);
      assert.equal(spec.trustRules[0]!.match.repository, 'acme-corp/ai-pipeline');
    });
  }

  for (const issuer of [
    'https://token.actions.githubusercontent.com.evil.example',
    'https://token.actions.githubusercontent.com/a/b',
    'https://evil.example/x/_services/token',
    'https://token.actions.evil.example/token.actions.x.ghe.com',
    'https://idp.example',
  ]) {
    it(`P3: does not take ${issuer} for GitHub's`, () => {
      const { resource } = converted(SEED_GITHUB.replace('https://token.actions.githubusercontent.com', issuer));
      const { spec } = resource as Extract<typeof resource, { kind: 'ClusterTrustPolicy' }>;
      assert.deepEqual([spec.provider, spec.issuer], ['oidc', issuer]);
      assert.deepEqual(spec.trustRules[0]!.match, {
        claims: { repository: 'acme-corp/ai-pipeline', ref: 'refs/heads/main' },
      });
    });
  }

  it('moves every claim that GitHub has a field for, and leaves the others among the claims', () => {
    const text = `provider: github
audience: a
trust_rules:
  - match:
      event_name: push
      claims: {repository_id: "1", repository_owner_id: "2", repository_owner: o, environment: e, workflow_ref: w,
        job_workflow_ref: j, runner_environment: r, run_attempt: "1"}
    issue: {}
`;
    const { resource } = converted(text);
    const { spec } = resource as Extract<typeof resource, { kind: 'ClusterTrustPolicy' }>;
    assert.deepEqual(spec.trustRules[0]!.match, {
      eventName: 'push',
      repositoryId: '1',
      ownerId: '2',
      owner: 'o',
      environment: 'e',
      workflowRef: 'w',
      jobWorkflowRef: 'j',
      runnerEnvironment: 'r',
      claims: { run_attempt: '1' },
    });
  });

  it('keeps deny rules, names, state and expressions', () => {
    const { resource } = converted(`provider: oidc
issuer: https://idp.example
audience: a
state: Suspended
max_proof_age: 5m
trust_rules:
  - {name: no-bots, match: {claims: {bot: "yes"}}, deny: true}
  - match: {expressions: [{key: groups, operator: In, values: [dev]}]}
    issue: {budget_window: Lifetime, budget_per: Rule, ttl_from_proof: true}
`);
    const { spec } = resource as Extract<typeof resource, { kind: 'ClusterTrustPolicy' }>;
    assert.deepEqual([spec.state, spec.maxProofAge], ['Suspended', '5m']);
    assert.deepEqual(spec.trustRules, [
      { name: 'no-bots', match: { claims: { bot: 'yes' } }, deny: true },
      {
        name: 'rule-2',
        match: { expressions: [{ key: 'groups', operator: 'In', values: ['dev'] }] },
        issue: { budgetWindow: 'Lifetime', budgetPer: 'Rule', ttlFromProof: true },
      },
    ]);
  });

  it('does not rename what stands in claims', () => {
    const { resource } = converted(`provider: oidc
issuer: https://idp.example
audience: a
trust_rules: [{match: {claims: {tenant_id: t, serviceAccount: s}}, issue: {}}]
`);
    const { spec } = resource as Extract<typeof resource, { kind: 'ClusterTrustPolicy' }>;
    assert.deepEqual(spec.trustRules[0]!.match.claims, { tenant_id: 't', serviceAccount: 's' });
  });

  it('names the second policy of a file apart from the first', () => {
    const { objects, problems } = readText(`${SEED_GITHUB}---\n${SEED_GITHUB}`, 'ci.yaml', 'ci');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      objects.map(({ resource }) => resource.metadata.name),
      ['ci', 'ci-2'],
    );
  });

  it('is named by the file as a resource may be called', () => {
    assert.equal(resourceName('My Policy_1'), 'my-policy-1');
    assert.equal(resourceName('--.é.'), 'policy');
    assert.equal(resourceName('x'.repeat(300)).length, 253);
  });

  it('refuses unknown keys, with the one that was probably meant', () => {
    const [problem, ...more] = problemsOf(SEED_KUBERNETES.replace('budget_credits: 200', 'budgetCredits: 200'));
    assert.deepEqual(more, []);
    assert.equal(problem?.code, 'unknown_field');
    assert.equal(problem?.path, 'trust_rules[1].issue.budgetCredits');
    assert.match(problem?.message ?? '', /did you mean budget_credits\?/);
    assert.equal(problem?.line, 19);
  });

  it('refuses Kubernetes rules of several namespaces, of none, or of a pattern', () => {
    const codes = (text: string) => problemsOf(text).map(({ code, path }) => `${code} ${path}`);
    const [first] = SEED_KUBERNETES.split('  - match:\n').slice(1);
    assert.ok(first);
    assert.deepEqual(codes(SEED_KUBERNETES.replace('"ai-agents"\n      service_account: "*"', '"other"')), [
      'no_single_namespace trust_rules',
    ]);
    assert.deepEqual(
      codes(SEED_KUBERNETES.replace('namespace: "ai-agents"\n      service_account: "*"', 'service_account: x')),
      ['no_single_namespace trust_rules[1].match'],
    );
    assert.deepEqual(codes(SEED_KUBERNETES.replaceAll('namespace: "ai-agents"', 'namespace: "ai-*"')), [
      'no_single_namespace trust_rules[0].match',
      'no_single_namespace trust_rules[1].match',
    ]);
  });

  it('refuses a value that stands both beside claims and among them', () => {
    const text = SEED_GITHUB.replace('      claims:', '      ref: x\n      claims:');
    assert.deepEqual(
      problemsOf(text).map(({ code, path }) => [code, path]),
      [['invalid_field', 'trust_rules[0].match.claims.ref']],
    );
  });

  it('points at the line of a wrong value', () => {
    const [problem] = problemsOf(SEED_GITHUB.replace('"1h"', '"1 hour"'));
    assert.deepEqual(
      [problem?.code, problem?.path, problem?.line],
      ['invalid_field', 'spec.trustRules[0].issue.ttl', 12],
    );
    assert.match(problem?.message ?? '', /8h/);
  });
});
