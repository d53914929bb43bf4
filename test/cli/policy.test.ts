import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resourceOfGithub, resourceOfKubernetes } from '../standalone/support.ts';
import { cleanUp, folder, trustmint } from '../whole/support.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/policies');

describe('trustmint policy convert', () => {
  afterEach(cleanUp);

  for (const [file, golden] of [
    ['research-agents.yaml', resourceOfKubernetes('research-agents')],
    ['ci-agents.yaml', resourceOfGithub('ci-agents')],
  ] as const) {
    it(`prints the resource that the published ${file} means, and reads it back as the same`, async () => {
      const { code, out, err } = await trustmint(['policy', 'convert', join(EXAMPLES, file)]);
      assert.deepEqual([code, err], [0, '']);
      assert.equal(out, golden);
      const again = await trustmint(['policy', 'convert'], out);
      assert.equal(again.out, golden);
    });
  }

  it('reads standard input, and takes a name', async () => {
    const text = readFileSync(join(EXAMPLES, 'research-agents.yaml'), 'utf8');
    const { out } = await trustmint(['policy', 'convert', '--name', 'agents'], text);
    assert.match(out, /^ {2}name: agents$/m);
  });

  it('says what is wrong, where, and prints no half of it', async () => {
    const text = readFileSync(join(EXAMPLES, 'research-agents.yaml'), 'utf8').replace(
      'budget_credits',
      'budget_credit',
    );
    const ran = await trustmint(['policy', 'convert'], text);
    assert.deepEqual([ran.code, ran.out], [1, '']);
    assert.match(ran.err, /^standard input:10 \S*budget_credit: .*budget_credits.* \[unknown_field\]$/m);
    assert.match((await trustmint(['policy', 'convert'], 'just: yaml')).err, /not_a_resource/);
    assert.match((await trustmint(['policy', 'convert'], '')).err, /there is no policy in it/);
  });
});

describe('trustmint policy lint', () => {
  afterEach(cleanUp);

  const policy = (spec: object, name = 'agents') =>
    JSON.stringify({
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'TrustPolicy',
      metadata: { name, namespace: 'ai-agents' },
      spec: { provider: 'kubernetes', issuer: 'https://issuer.example', audience: 'mint.example', ...spec },
    });
  const rule = (name: string, serviceAccount: string, more: object = { issue: {} }) => ({
    name,
    match: { serviceAccount },
    ...more,
  });

  function written(texts: Record<string, string>): string {
    const dir = join(folder(), 'policies');
    mkdirSync(dir);
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(dir, name), text);
    return dir;
  }

  it('finds no error in the published policies', async () => {
    const files = ['research-agents.yaml', 'ci-agents.yaml'].map((name) => join(EXAMPLES, name));
    const { code, out } = await trustmint(['policy', 'lint', ...files]);
    assert.equal(code, 0, out);
    assert.match(out, /^2 objects, 0 errors, \d+ warnings\n$/m);
  });

  it('is content with a policy that is precise', async () => {
    const dir = written({ 'a.yaml': policy({ trustRules: [rule('one', 'agent')] }) });
    const { code, out } = await trustmint(['policy', 'lint', '--strict', dir]);
    assert.deepEqual([code, out], [0, '1 object, 0 errors, 0 warnings\n']);
  });

  it('holds the audience of SVIDs against the issuer that it is told', async () => {
    const args = ['policy', 'lint', '--strict', join(EXAMPLES, 'spiffe-agents.yaml')];
    for (const more of [[], ['--issuer', 'https://mint.example.com']]) {
      assert.deepEqual(await trustmint([...args, ...more]), {
        code: 0,
        out: '1 object, 0 errors, 0 warnings\n',
        err: '',
      });
    }
    const ran = await trustmint([...args, '--issuer', 'https://other.example']);
    assert.equal(ran.code, 1);
    assert.match(ran.out, /spec\.audience: warning: .*https:\/\/other\.example alone \[AudienceNotIssuer\]/);
  });

  it('names file, line, object, path and code of every problem, of every file, and fails', async () => {
    const dir = written({
      'a.yaml': policy({ trustRules: [{ name: 'x', match: { serviceAccount: 'a' }, issue: { ttl: '90h' } }] }),
      'b.yaml': policy({ trustRules: [rule('x', 'a'), rule('x', 'b')] }, 'twice'),
      'c.yaml': 'kind: TrustPolicy',
    });
    const ran = await trustmint(['policy', 'lint', join(dir, 'a.yaml'), join(dir, 'b.yaml'), join(dir, 'c.yaml')]);
    assert.equal(ran.code, 1);
    assert.match(
      ran.out,
      /a\.yaml:1 TrustPolicy\/ai-agents\/agents spec\.trustRules\[0\]\.issue\.ttl: error: .* \[InvalidDuration\]/,
    );
    assert.match(
      ran.out,
      /b\.yaml:1 TrustPolicy\/ai-agents\/twice spec\.trustRules\[1\]\.name: error: .* \[DuplicateName\]/,
    );
    assert.match(ran.out, /c\.yaml:1: .* \[not_a_resource\]/);
    assert.match(ran.out, /2 objects, 3 errors, \d+ warnings\n$/);
  });

  it('P25: points at a rule that no identity can reach, across files too', async () => {
    const dir = written({
      'a.yaml': policy({ trustRules: [rule('all', '*'), rule('late', 'agent')] }),
      'b.yaml': policy({ trustRules: [rule('other', 'agent')] }, 'zz-later'),
    });
    const { code, out } = await trustmint(['policy', 'lint', dir]);
    assert.equal(code, 0, 'a warning is no error');
    assert.match(out, /TrustPolicy\/ai-agents\/agents spec\.trustRules\[1\]\S*: warning: .*all.* \[Unreachable\]/);
    assert.match(
      out,
      /TrustPolicy\/ai-agents\/zz-later spec\.trustRules\[0\]\S*: warning: .*all of TrustPolicy agents.* \[Unreachable\]/,
    );
    assert.equal((await trustmint(['policy', 'lint', '--strict', dir])).code, 1);
  });

  it('P19: a rule that does not narrow is an error', async () => {
    const dir = written({ 'a.yaml': policy({ provider: 'oidc', trustRules: [{ name: 'x', match: {}, issue: {} }] }) });
    const { code, out } = await trustmint(['policy', 'lint', dir]);
    assert.equal(code, 1);
    assert.match(out, /spec\.trustRules\[0\]\.match: error: .* \[MustNarrow\]/);
  });

  it('--namespace-tenancy judges as a cluster does, where a TrustPolicy trusts its own namespace alone', async () => {
    const foreign = policy({
      trustRules: [{ name: 'x', match: { namespace: 'other', serviceAccount: 'a' }, issue: {} }],
    });
    const dir = written({ 'a.yaml': foreign });
    assert.equal((await trustmint(['policy', 'lint', dir])).code, 0);
    const { code, out } = await trustmint(['policy', 'lint', '--namespace-tenancy', dir]);
    assert.equal(code, 1);
    assert.match(out, /\[IssuerNotAllowed\]/);
    assert.match(out, /\[NamespaceNotAllowed\]/);
  });

  it('says of a file that is not there which one', async () => {
    const { code, out } = await trustmint(['policy', 'lint', join(folder(), 'none.yaml')]);
    assert.equal(code, 1);
    assert.match(out, /none\.yaml: .*ENOENT.* \[unreadable\]/);
  });
});
