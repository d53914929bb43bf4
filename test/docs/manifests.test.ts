import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type CompileOptions, lint, type PolicyObjects } from '../../src/policy/index.ts';
import { type ReadResult, readText } from '../../src/standalone/index.ts';
import { blocks, PAGES, ROOT, read } from './support.ts';

const OPTIONS: CompileOptions = {
  tenancy: { mode: 'Single', tenant: 'default' },
  defaultAudience: 'default',
  maxTtl: 86_400,
  ownIssuer: 'https://mint.example.com',
  allowLoopbackHttp: true,
};

/** The page about clusters speaks of one. */
const IN_A_CLUSTER: CompileOptions = {
  ...OPTIONS,
  tenancy: { mode: 'Namespace' },
  cluster: { issuers: ['https://kubernetes.default.svc.cluster.local'] },
  allowLoopbackHttp: false,
};

function objectsOf({ objects }: ReadResult): PolicyObjects {
  const all = objects.map(({ resource }) => resource);
  return {
    trustPolicies: all.filter((one) => one.kind === 'TrustPolicy'),
    clusterTrustPolicies: all.filter((one) => one.kind === 'ClusterTrustPolicy'),
    protectedResources: all.filter((one) => one.kind === 'ProtectedResource'),
  };
}

/** What is wrong with the manifests of a text; those that are of others are not looked at. */
function problemsOf(text: string, name: string, options = OPTIONS): string[] {
  const result = readText(text, name, 'example');
  const found = lint(objectsOf(result), options).flatMap(({ problems }) => problems);
  return [...result.problems, ...found].map(({ code, path }) => `${name} ${path} ${code}`);
}

describe('Manifests in the docs', () => {
  for (const path of PAGES) {
    const ours = blocks(path, 'yaml').filter(({ text }) => /^(apiVersion: trustmint|provider:)/m.test(text));
    if (ours.length === 0) continue;
    it(`${path}: every policy and resource is served as it stands`, () => {
      for (const { text, line } of ours) {
        // The issuers of the short form and of examples may be any; names that can be recycled are their own lesson.
        const wrong = [OPTIONS, IN_A_CLUSTER].map((options) =>
          problemsOf(text, `${path}:${line}`, options).filter((problem) => !problem.endsWith('MutableIdentifier')),
        );
        // Standalone, or in a cluster: one of the two is meant.
        if (wrong.every((problems) => problems.length > 0)) assert.deepEqual(wrong[0], []);
        assert.equal(readText(text, path, 'example').objects.length, 1);
      }
    });
  }

  it('all other YAML can at least be read', () => {
    for (const path of PAGES) {
      for (const { text, line } of blocks(path, 'yaml')) {
        const errors = parseAllDocuments(text).flatMap((document) => document.errors);
        assert.deepEqual(errors, [], `${path}:${line}`);
      }
    }
  });

  it('JSON of answers is JSON', () => {
    for (const { text } of blocks('docs/api.md', 'json')) assert.doesNotThrow(() => JSON.parse(text));
  });

  it('examples/standalone is served together, without a warning', () => {
    const files = readdirSync(join(ROOT, 'examples/standalone'));
    const text = files.map((file) => read(`examples/standalone/${file}`)).join('\n---\n');
    assert.deepEqual(problemsOf(text, 'examples/standalone'), []);
    const kinds = readText(text, 'all', 'all').objects.map(({ resource }) => resource.kind);
    assert.deepEqual([...new Set(kinds)].sort(), ['ClusterTrustPolicy', 'ProtectedResource', 'TrustPolicy']);
  });

  it('examples/kubernetes is served together, and nothing in it is broader than it is meant to be', () => {
    const files = readdirSync(join(ROOT, 'examples/kubernetes'));
    const text = files.map((file) => read(`examples/kubernetes/${file}`)).join('\n---\n');
    // The platform team's rule for the agents of all teams.
    const meant = ['examples/kubernetes spec.trustRules[0].match AnyNamespace'];
    assert.deepEqual(problemsOf(text, 'examples/kubernetes', IN_A_CLUSTER), meant);
    const kinds = readText(text, 'all', 'all').objects.map(({ resource }) => resource.kind);
    assert.deepEqual([...new Set(kinds)].sort(), ['ClusterTrustPolicy', 'ProtectedResource', 'TrustPolicy']);
  });

  it('examples/agents is served together, without a warning, by the issuer that it names', () => {
    const files = readdirSync(join(ROOT, 'examples/agents')).filter((file) => file.endsWith('.yaml'));
    const text = files.map((file) => read(`examples/agents/${file}`)).join('\n---\n');
    const kinds = readText(text, 'all', 'all').objects.map(({ resource }) => resource.kind);
    assert.deepEqual([...new Set(kinds)].sort(), ['AgentRegistration', 'ClusterTrustPolicy', 'ProtectedResource']);
    for (const options of [OPTIONS, IN_A_CLUSTER]) {
      const served = { ...options, ownIssuer: 'http://identity-server:8080' };
      assert.deepEqual(problemsOf(text, 'examples/agents', served), []);
    }
  });

  it('examples/policies, in the short form, are served', () => {
    for (const file of readdirSync(join(ROOT, 'examples/policies'))) {
      const result = readText(read(`examples/policies/${file}`), file, 'example');
      assert.deepEqual(result.problems, []);
      assert.ok(lint(objectsOf(result), OPTIONS).every(({ served }) => served));
    }
  });
});
