import assert from 'node:assert/strict';
import { identityFromClaims } from '../../src/proof/index.ts';
import { anchorOf, claimsOf, NOW, refused } from './support.ts';

const anchor = anchorOf('github');
const read = (changes: Record<string, unknown> = {}) => identityFromClaims(anchor, claimsOf('github', changes), NOW);

describe('a GitHub Actions token', () => {
  it('GH-3: names repository, owner, their ids, ref, event, workflows, runner and run', () => {
    assert.deepEqual(Object.fromEntries(read({ environment: 'production', sub: 'x:y' }).attributes), {
      owner: 'acme-corp',
      ownerId: '123',
      repository: 'acme-corp/ai-pipeline',
      repositoryId: '456',
      ref: 'refs/heads/main',
      environment: 'production',
      eventName: 'push',
      workflowRef: 'acme-corp/ai-pipeline/.github/workflows/ci.yml@refs/heads/main',
      jobWorkflowRef: 'acme-corp/shared/.github/workflows/run.yml@refs/heads/main',
      runnerEnvironment: 'github-hosted',
      runId: '789',
    });
  });

  it("is held by the repository's id, and by the run as its instance, whichever its attempt", () => {
    assert.deepEqual(read().holder, { subject: '456', instance: '789' });
    assert.deepEqual(read({ run_attempt: '7' }).holder, { subject: '456', instance: '789' });
    assert.deepEqual(read({ run_id: undefined }).holder, { subject: '456' });
  });

  for (const [sub, changes] of [
    ['repo:acme-corp/ai-pipeline:ref:refs/heads/main', {}],
    ['repo:acme-corp/ai-pipeline:ref:refs/tags/v1', { ref: 'refs/tags/v1' }],
    ['repo:acme-corp/ai-pipeline:pull_request', { ref: 'refs/pull/1/merge' }],
    ['repo:acme-corp/ai-pipeline:environment:prod', { environment: 'prod' }],
    ['repo:acme-corp/ai-pipeline:environment:eu%3Aprod', { environment: 'eu:prod' }],
    ['repo:acme-corp/ai-pipeline:environment:pull_request', { environment: 'pull_request' }],
  ] as const) {
    it(`GH-4: takes the classic subject ${sub}`, () => assert.equal(read({ sub, ...changes }).subject, sub));
  }

  for (const [sub, changes] of [
    ['repo:acme-corp@123/ai-pipeline@456:ref:refs/heads/main', {}],
    ['repo:acme-corp@123/ai-pipeline@456:environment:prod', { environment: 'prod' }],
    ['repo:acme-corp@123/ai-pipeline@456:pull_request', {}],
  ] as const) {
    it(`GH-5: takes the immutable subject ${sub}`, () => assert.equal(read({ sub, ...changes }).subject, sub));
  }

  for (const sub of [
    'repository_id:456',
    'repository_owner_id:123:repository_id:456',
    'job_workflow_ref:acme-corp/shared/.github/workflows/run.yml@refs/heads/main',
    'repo:acme-corp/ai-pipeline:pull_request:actor:octocat',
    'enterprise::repo:acme-corp/ai-pipeline',
    'repo:acme-corp/ai-pipeline',
    'actor:octocat',
  ]) {
    it(`GH-4: takes the customised subject ${sub}`, () => assert.equal(read({ sub }).subject, sub));
  }

  for (const sub of [
    'repo:acme-corp/other:ref:refs/heads/main',
    'repo:acme-corp-evil/ai-pipeline:ref:refs/heads/main',
    'repo:Acme-Corp/ai-pipeline:ref:refs/heads/main',
    'repo:acme-corp@124/ai-pipeline@456:ref:refs/heads/main',
    'repo:acme-corp@123/ai-pipeline@457:ref:refs/heads/main',
    'repo:evil@123/ai-pipeline@456:ref:refs/heads/main',
    'repo:acme-corp@123/ai-pipeline:ref:refs/heads/main',
    'repo:acme-corp/ai-pipeline/x:ref:refs/heads/main',
    'repo:acme-corp/ai-pipeline:ref:refs/heads/dev',
    'repo:acme-corp/ai-pipeline:environment:prod',
    'environment:prod:repo:acme-corp/ai-pipeline',
    'repo:acme-corp/ai-pipeline:pull_request:repo:evil/repo',
    'repository_id:457',
    'repository_owner_id:1',
    'repo',
    'repo:',
  ]) {
    it(`GH-4, GH-5: is refused if the claims contradict its subject ${sub}`, () => {
      assert.throws(() => read({ sub }), refused('subject_mismatch'));
    });
  }

  it('GH-3, P22: is refused if a claim that is used is not a string', () => {
    for (const name of [
      'repository',
      'repository_id',
      'repository_owner',
      'repository_owner_id',
      'ref',
      'environment',
      'event_name',
      'workflow_ref',
      'job_workflow_ref',
      'runner_environment',
      'run_id',
    ]) {
      for (const value of [456, true, null, ['456'], { a: '456' }]) {
        assert.throws(() => read({ [name]: value }), refused('claims'), `${name}: ${JSON.stringify(value)}`);
      }
    }
  });

  it('is refused without repository, owner and their ids, or if owner and repository disagree', () => {
    for (const name of ['repository', 'repository_id', 'repository_owner', 'repository_owner_id']) {
      for (const value of [undefined, '']) assert.throws(() => read({ [name]: value }), refused('claims'), name);
    }
    for (const repository of ['ai-pipeline', 'acme-corp/', '/ai-pipeline', 'evil/ai-pipeline', 'acme-corp/a/b']) {
      assert.throws(() => read({ repository, sub: 'x:y' }), refused('claims'), repository);
    }
    for (const repository_id of ['0x1', '-1', '1 ', '1e3', '１', '1'.repeat(21)]) {
      assert.throws(() => read({ repository_id }), refused('claims'), repository_id);
    }
  });

  it('leaves out what is empty instead of setting it', () => {
    const { attributes, holder } = read({ environment: '', event_name: '', run_id: '' });
    assert.ok(!attributes.has('environment') && !attributes.has('eventName') && !attributes.has('runId'));
    assert.deepEqual(holder, { subject: '456' });
  });

  it('P21: keeps the case of names as GitHub writes it', () => {
    const { attributes } = read({
      repository: 'Acme/AI',
      repository_owner: 'Acme',
      sub: 'repo:Acme/AI:ref:refs/heads/main',
    });
    assert.deepEqual([attributes.get('owner'), attributes.get('repository')], ['Acme', 'Acme/AI']);
  });

  it('P5: reads a subject of colons alone, as long as it may be', () => {
    assert.equal(read({ sub: ':'.repeat(1024) }).subject.length, 1024);
    assert.throws(() => read({ sub: ':'.repeat(1025) }), refused('claims'));
    assert.throws(() => read({ workflow_ref: 'a'.repeat(64 * 1024) }), refused('claims'));
  });
});
