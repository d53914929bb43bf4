import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Issue } from '../../src/api/v1alpha1/index.ts';
import { parseTemplate, renderTemplate } from '../../src/policy/template.ts';
import { errorsOf, IDP, identityOf, oidc, rule, World } from './support.ts';

const world = new World({ clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } })])] });
const [anchor] = world.snapshot.anchorsOf(IDP);

function render(text: string, claims: Record<string, unknown>, attributes: [string, string][] = []): string {
  const parsed = parseTemplate(text);
  if (!('template' in parsed)) return `at ${parsed.position}: ${parsed.message}`;
  const identity = { ...identityOf(anchor!, claims), attributes: new Map(attributes) };
  const rendered = renderTemplate(parsed.template, identity);
  return 'value' in rendered ? rendered.value : `fault: ${rendered.fault}`;
}

const given = (issue: Issue) =>
  new World({
    clusterTrustPolicies: [
      oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue }), rule('next', { claims: { sub: '*' } })]),
    ],
  });

describe('templates', () => {
  it('render strings and whole numbers', () => {
    assert.equal(render('ci-{{ .Claims.run_id }}', { run_id: '42' }), 'ci-42');
    assert.equal(render('{{.Claims.run_id}}', { run_id: 42 }), '42');
    assert.equal(
      render('{{ .Claims.a.b }}/{{ index .Claims "kubernetes.io" }}', { a: { b: 'x' }, 'kubernetes.io': 'y' }),
      'x/y',
    );
    assert.equal(render('{{ index .Claims "/a/b" }}', { a: { b: 'x' } }), 'x');
    assert.equal(render('{{ .Attributes.namespace }}', {}, [['namespace', 'ns']]), 'ns');
    assert.equal(render('{{ index .Claims "}}" }}', { '}}': 'x' }), 'x');
  });

  it('refuse what is missing or of another type', () => {
    for (const value of [undefined, null, '', [], ['a'], true, 1.5, 2 ** 53, Number.NaN, { a: 1 }])
      assert.match(render('{{ .Claims.c }}', { c: value }), /^fault/, String(value));
    assert.match(render('{{ .Attributes.nope }}', {}), /^fault/);
    assert.match(render('{{ .Claims.constructor }}', {}), /^fault/);
    assert.match(render('{{ .Claims.__proto__.x }}', {}), /^fault/);
  });

  it('name the character at which they cannot be read', () => {
    assert.match(render('ci-{{ .Claims.a', {}), /^at 4:/);
    assert.match(render('a{{ .Claims.a }}{{ printf }}', {}), /^at 17:/);
    assert.match(render('a b', {}), /^at 2:/);
    for (const text of [
      '{{ }}',
      '{{ .Claims }}',
      '{{ .Claims.a-b }}',
      '{{ . }}',
      '{{ index .Claims name }}',
      '{{ .Claims.a | html }}',
      '{{ .Attributes.a.b }}',
      '{{ index .Claims "a\\"" }}',
      '{{ index .Claims "/~" }}',
    ])
      assert.match(render(text, { a: 'x' }), /^at 1:/, text);
    assert.deepEqual(
      errorsOf(
        {
          clusterTrustPolicies: [
            oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue: { labelTemplate: '{{ nope }}' } })]),
          ],
        },
        'p',
      ),
      ['InvalidTemplate'],
    );
  });

  it('P23: let no claim write a second caveat, label or tenant', () => {
    const evil = [
      'x\nbudget_credits = 999999',
      'a b',
      'a,b',
      'x = y',
      'a\u0000',
      'ünïcode',
      'a"b',
      'a'.repeat(129),
      ' ',
    ];
    const caveats = given({ caveats: ['department = {{ .Claims.dept }}', 'note_2 = fixed text'] });
    const label = given({ labelTemplate: '{{ .Claims.dept }}' });
    for (const dept of evil) {
      assert.equal(caveats.outcome(IDP, { sub: 'x', dept }), 'template_failed', dept);
      assert.equal(label.outcome(IDP, { sub: 'x', dept }), 'template_failed', dept);
    }
    assert.deepEqual(caveats.terms(IDP, { sub: 'x', dept: 'r.d' }).caveats, [
      { key: 'department', value: 'r.d' },
      { key: 'note_2', value: 'fixed text' },
    ]);
    const refused = caveats.decide(IDP, { sub: 'x', dept: evil[0] });
    assert.ok(!refused.allowed && !refused.detail.includes('999999'));
    fc.assert(
      fc.property(fc.string({ maxLength: 140, unit: 'binary' }), (value) => {
        const rendered = render('{{ .Claims.c }}', { c: value });
        assert.ok(rendered.startsWith('fault') || /^[A-Za-z0-9._:/@+-]{1,128}$/.test(rendered));
      }),
      { numRuns: 300 },
    );
  });

  it('that fail refuse, and never fall through to the next rule', () => {
    assert.equal(given({ labelTemplate: 'ci-{{ .Claims.run }}' }).outcome(IDP, { sub: 'x' }), 'template_failed');
    const tenant = new World({
      clusterTrustPolicies: [
        oidc('p', [rule('r', { claims: { sub: 'x' } })], { tenant: '{{ .Claims.team }}' }),
        oidc('q', [rule('r', { claims: { sub: 'x' } })]),
      ],
    });
    assert.equal(tenant.outcome(IDP, { sub: 'x' }), 'template_failed');
    assert.equal(tenant.outcome(IDP, { sub: 'x' }, { tenant: 'acme' }), 'template_failed');
    assert.equal(tenant.outcome(IDP, { sub: 'x', team: 'red' }), 'p/r');
    assert.equal(tenant.outcome(IDP, { sub: 'x', team: 'red' }, { tenant: 'acme' }), 'q/r');
  });
});

describe('policy caveats', () => {
  const errors = (...caveats: string[]) =>
    errorsOf({ clusterTrustPolicies: [oidc('p', [rule('r', { claims: { sub: 'x' } }, { issue: { caveats } })])] }, 'p');

  it('state facts in the form key = value, each key once', () => {
    assert.deepEqual(errors('department = research', 'cost_center = eng-ai', 'a.b = {{ .Claims.x }}'), []);
    assert.deepEqual(errors('department = a', 'department = b'), ['DuplicateCaveat']);
    for (const text of [
      'department',
      'department=a',
      'Department = a',
      'department in a,b',
      'department  = a',
      'department = ',
      '{{ .Claims.k }} = a',
      'department = a\nb',
      'department = é',
    ])
      assert.deepEqual(errors(text), ['InvalidCaveat'], text);
    assert.deepEqual(errors('department = {{ .Claims.a'), ['InvalidTemplate']);
  });

  it('P23: cannot write the keys that Trustmint places itself', () => {
    for (const key of ['time', 'aud', 'tenant', 'scope', 'tool', 'method', 'path', 'budget_credits', 'label', 'note']) {
      assert.deepEqual(errors(`${key} = x`), ['ReservedCaveat'], key);
      assert.deepEqual(errors(`${key} <= 5`), ['ReservedCaveat'], key);
    }
  });
});
