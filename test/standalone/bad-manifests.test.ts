import assert from 'node:assert/strict';
import { printProblem, readText } from '../../src/standalone/index.ts';
import { policy, revocation } from './support.ts';

describe('what a manifest may not be', () => {
  const bad: [string, string, string, number | undefined, RegExp][] = [
    [
      'an unknown kind',
      policy('a').replace('kind: TrustPolicy', 'kind: TrustPolcy'),
      'unknown_kind',
      2,
      /did you mean TrustPolicy\?/,
    ],
    ['an unknown version', policy('a').replace('v1alpha1', 'v1beta1'), 'unknown_version', 1, /v1alpha1/],
    ['no version', policy('a').replace('/v1alpha1', ''), 'unknown_version', 1, /v1alpha1/],
    ['our group in capitals', policy('a').replace('trustmint', 'Trustmint'), 'unknown_version', 1, /v1alpha1/],
    ['an unknown field', policy('a', '  trustrules: []\n'), 'unknown_field', 12, /did you mean trustRules\?/],
    [
      'an unknown field in metadata',
      policy('a').replace('{name: a}', '{name: a, lables: {}}'),
      'unknown_field',
      3,
      /labels/,
    ],
    ['an unknown top-level field', `${policy('a')}specs: {}\n`, 'unknown_field', 12, /spec\?/],
    [
      'a snake_case field in a resource',
      policy('a').replace('namespace: default', 'service_account: x'),
      'unknown_field',
      10,
      /serviceAccount/,
    ],
    ['a missing field', policy('a').replace('  audience: mint\n', ''), 'invalid_field', 5, /required/],
    ['a wrong type', policy('a').replace('ttl: 1h', 'ttl: 3600'), 'invalid_field', 11, /string/],
    ['a wrong duration', policy('a').replace('ttl: 1h', 'ttl: one'), 'invalid_field', 11, /8h/],
    ['a name that is no name', policy('A_b'), 'invalid_field', 3, /lower-case/],
    ['no type at all', 'a: 1\n', 'not_a_resource', 1, /apiVersion/],
    ['half a short form', 'provider: oidc\n', 'not_a_resource', 1, /trust_rules/],
    ['a list', '- a\n', 'not_a_resource', 1, /no resource/],
    ['bad YAML', 'a: [1\nb: 2\n', 'bad_yaml', 2, /./],
    ['a repeated key', 'a: 1\na: 2\n', 'bad_yaml', 2, /unique/],
    ['a key that is no string', '? [a]\n: 1\n', 'bad_yaml', 1, /./],
    ['an unknown tag', 'a: !!js/function x\n', 'bad_yaml', 1, /tag/],
    ['a bomb of aliases', 'a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n', 'bad_yaml', 1, /aliases/],
    ['too many aliases', `a: &a x\nb: [${'*a, '.repeat(65)}]\n`, 'bad_yaml', 1, /aliases/],
    ['an alias of what holds it', 'a: &a [*a]\n', 'bad_yaml', 1, /aliases/],
    ['nesting without end', '['.repeat(20_000), 'bad_yaml', undefined, /too deeply/],
    ['too many documents', '---\na\n'.repeat(1001), 'too_large', undefined, /1000/],
    [
      'a time that does not exist',
      policy('a', '  revokeIssuedBefore: "2026-13-01T00:00:00Z"\n'),
      'invalid_field',
      12,
      /time/,
    ],
    [
      'a day that does not exist',
      policy('a', '  revokeIssuedBefore: "2026-02-30T00:00:00Z"\n'),
      'invalid_field',
      12,
      /time/,
    ],
    ['a member twice in a set', policy('a').replace('{ttl: 1h}', '{resources: [x, x]}'), 'invalid_field', 11, /twice/],
    [
      'P26: a claim named __proto__',
      policy('a').replace('{namespace: default}', '{namespace: default, claims: {__proto__: x}}'),
      'invalid_field',
      10,
      /cannot/,
    ],
    ['a revocation of nothing', revocation('r', 'reason: x'), 'invalid_field', 4, /exactly one/],
    ['a revocation of two things', revocation('r', 'token: a, grant: b'), 'invalid_field', 4, /exactly one/],
  ];
  for (const [what, text, code, line, about] of bad) {
    it(`${what}: ${code}`, () => {
      const { objects, problems } = readText(text, 'f.yaml', 'f');
      assert.deepEqual(objects, []);
      assert.equal(problems[0]?.code, code, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? '', about);
      if (line !== undefined) assert.equal(problems[0]?.line, line);
      assert.equal(problems[0]?.file, 'f.yaml');
    });
  }

  it('says all that is wrong, not the first thing alone', () => {
    const text = policy('a', '  typo: 1\n').replace('ttl: 1h', 'ttl: x').replace('audience: mint', 'audience: 5');
    assert.deepEqual(
      readText(text, 'f', 'f')
        .problems.map(({ path }) => path)
        .sort(),
      ['spec.audience', 'spec.trustRules[0].issue.ttl', 'spec.typo'],
    );
  });

  it('a file of 60,000 members, or of as many faults, is read in no time to speak of, and not all are named', () => {
    const members = (text: string) => Array.from({ length: 60_000 }, (_, i) => `${text}f${i}: 1\n`).join('');
    assert.equal(readText(members(''), 'f', 'f').problems[0]?.code, 'not_a_resource');
    const { problems } = readText(policy('a', members('  ')), 'f', 'f');
    assert.equal(problems.length, 1001);
    assert.match(problems[1000]?.message ?? '', /more faults/);
  }).timeout(6000);

  it('echoes names from a file cut short and without control characters', () => {
    const [problem] = readText(policy('a', `  "x\\u001b[31m${'y'.repeat(500)}": 1\n`), 'f', 'f').problems;
    assert.equal(problem?.code, 'unknown_field');
    assert.doesNotMatch(JSON.stringify(problem), /\\u001b/);
    assert.ok(printProblem(problem!).length < 300);
  });

  it('anchors and aliases are fine where they repeat plain values', () => {
    const text = policy('a').replace('audience: mint', 'audience: &a mint').replace('name: all', 'name: *a');
    const { objects, problems } = readText(text, 'f', 'f');
    assert.deepEqual(problems, []);
    assert.equal((objects[0]!.resource.spec as { trustRules: { name: string }[] }).trustRules[0]!.name, 'mint');
  });
});
