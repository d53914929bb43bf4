import assert from 'node:assert/strict';
import * as z from 'zod';
import {
  type CrdSchema,
  checkStructural,
  definition,
  type KindEntry,
  patternProblem,
  SchemaError,
  toCrdSchema,
} from '../../hack/crd/index.ts';
import { KINDS } from '../../src/api/v1alpha1/index.ts';

const text: CrdSchema = { type: 'string', maxLength: 10, description: 'd' };
const object = (properties: Record<string, CrdSchema>, more: object = {}): CrdSchema => ({
  type: 'object',
  properties,
  ...more,
});
const rule = (more: object): CrdSchema =>
  object({ a: text }, { 'x-kubernetes-validations': [{ rule: "self.a != ''", message: 'm', ...more }] });

function refused(schema: unknown, about: RegExp, path?: string): void {
  assert.throws(
    () => checkStructural(schema as CrdSchema, '.spec'),
    (error: unknown) => {
      assert.ok(error instanceof SchemaError);
      assert.match(error.message, about);
      if (path !== undefined) assert.equal(error.path, path);
      return true;
    },
  );
}

describe('checkStructural', () => {
  it('accepts what is bounded and structural', () => {
    checkStructural(
      object({
        list: { type: 'array', description: 'd', maxItems: 3, 'x-kubernetes-list-type': 'set', items: text },
        map: { type: 'object', description: 'd', maxProperties: 3, additionalProperties: text },
        word: { type: 'string', description: 'd', enum: ['a', 'b'], default: 'a' },
      }),
      '.spec',
    );
  });

  const list = { type: 'array', maxItems: 3, 'x-kubernetes-list-type': 'atomic', items: text };
  const unfit: [string, unknown, RegExp, string?][] = [
    ['a string without maxLength', object({ a: { type: 'string', description: 'd' } }), /maxLength/, '.spec.a'],
    ['a list without maxItems', { ...list, maxItems: undefined }, /maxItems/],
    ['a list without items', { ...list, items: undefined }, /items/],
    ['a list without list type', { ...list, 'x-kubernetes-list-type': undefined }, /list-type/],
    ['a set of objects', { ...list, 'x-kubernetes-list-type': 'set', items: object({ a: text }) }, /scalars/],
    ['a map list without keys', { ...list, 'x-kubernetes-list-type': 'map', items: object({ a: text }) }, /map-keys/],
    [
      'a map list whose key is optional',
      { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'], items: object({ a: text }) },
      /neither required nor defaulted/,
    ],
    ['a map without maxProperties', { type: 'object', additionalProperties: text }, /maxProperties/],
    ['additionalProperties: false', { type: 'object', additionalProperties: false, maxProperties: 1 }, /not a schema/],
    ['properties beside additionalProperties', object({ a: text }, { additionalProperties: text }), /either/],
    ['an object of anything', { type: 'object' }, /either/],
    ['no type', {}, /type is undefined/],
    ['$ref', { ...text, $ref: '#' }, /\$ref/],
    ['anyOf', { ...text, anyOf: [] }, /anyOf/],
    ['nullable', { ...text, nullable: true }, /nullable/],
    ['uniqueItems', { ...list, uniqueItems: true }, /uniqueItems/],
    ['preserve-unknown-fields', object({ a: text }, { 'x-kubernetes-preserve-unknown-fields': true }), /preserve/],
    ['an unknown format', { ...text, format: 'cidrv4' }, /cidrv4/],
    ['a format of another type', { ...text, format: 'int32' }, /int32/],
    ['an integer without format', { type: 'integer' }, /int32 or int64/],
    ['bounds beyond the format', { type: 'integer', format: 'int32', maximum: 2 ** 40 }, /exceed/],
    ['a default of another type', { ...text, default: 1 }, /default/],
    ['a default outside enum', { ...text, enum: ['a'], default: 'b' }, /enum/],
    ['a default against the pattern', { ...text, pattern: '^a$', default: 'b' }, /pattern/],
    ['an enum that repeats', { ...text, enum: ['a', 'a'] }, /repeats/],
    ['an enum of another type', { ...text, enum: [1] }, /no string/],
    ['a look-ahead', { ...text, pattern: '^(?=a)a$' }, /RE2/],
    ['required without property', object({ a: text }, { required: ['b'] }), /no property: b/],
    ['a property without description', object({ a: { type: 'boolean' } }), /description/, '.spec.a'],
    ['a CEL rule without message', rule({ message: '' }), /message/],
    ['a CEL message of two lines', rule({ message: 'a\nb' }), /one line/],
    ['a CEL rule with an unknown member', rule({ optionalOldSelf: true }), /optionalOldSelf/],
    ['an unknown reason', rule({ reason: 'Bad' }), /no such reason/],
    ['the reason that hides its message', rule({ reason: 'FieldValueDuplicate' }), /no such reason/],
    ['a fieldPath to nowhere', rule({ fieldPath: '.b' }), /no such field/],
    ['a fieldPath without dot', rule({ fieldPath: 'a' }), /no such field/],
    ['a CEL rule about no property', rule({ rule: "self.b != ''" }), /no such property: b/],
    ['an unescaped CEL keyword', rule({ rule: 'self.all(r, r.namespace)' }), /__namespace__/],
    [
      'oldSelf inside an atomic list',
      { ...list, items: { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'm' }] } },
      /oldSelf/,
    ],
  ];
  for (const [what, schema, about, path] of unfit) it(`refuses ${what}`, () => refused(schema, about, path));
});

describe('toCrdSchema', () => {
  const lossy: [string, z.ZodType, RegExp][] = [
    [
      'a refinement',
      z
        .string()
        .max(5)
        .refine(() => true),
      /refinement/,
    ],
    ['a transform', z.string().transform((s) => s.length), /pipe|transform/],
    ['trim', z.string().trim(), /transform/],
    ['a union', z.union([z.string(), z.int()]), /union/],
    ['nullable', z.string().nullable(), /nullable/],
    ['a regex flag', z.string().regex(/a/i), /flags/],
    ['two patterns', z.string().regex(/^a$/).regex(/^b$/), /two patterns/],
    ['an id', z.string().meta({ id: 'x' }), /id becomes/],
    ['a map with chosen keys', z.record(z.enum(['a']), z.string()), /keys of a map/],
    [
      'a loss deep inside',
      z.object({ a: z.array(z.object({ b: z.string().nullable() })) }),
      /a\.items\.properties\.b|nullable/,
    ],
  ];
  for (const [what, schema, about] of lossy) {
    it(`refuses ${what}, which the JSON schema would lose`, () => {
      assert.throws(() => toCrdSchema(schema, '.spec'), { code: 'crd_schema', message: about });
    });
  }

  it('does not require what has a default', () => {
    const schema = toCrdSchema(z.object({ a: z.string().default('x'), b: z.string() }), '');
    assert.deepEqual(schema.required, ['b']);
  });
});

describe('definition', () => {
  const kind = KINDS.get('TrustPolicy')! as KindEntry;

  it('refuses printer columns that share a name, or that kubectl cannot print', () => {
    const column = kind.meta.columns[0]!;
    const withColumns = (...columns: (typeof column)[]) => ({ ...kind, meta: { ...kind.meta, columns } });
    assert.throws(() => definition(withColumns(column, column)), { message: /one name/ });
    assert.throws(() => definition(withColumns({ ...column, jsonPath: 'spec.issuer' })), { message: /jsonPath/ });
    const ahead = { name: 'Until', type: 'date', jsonPath: '.spec.until' } as const;
    assert.throws(() => definition(withColumns(ahead)), { message: /may lie ahead/ });
  });
});

describe('patternProblem', () => {
  for (const good of [
    '^a$',
    '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    '^(a|b)$',
    '^(?:a|b){1,5}$',
    '^https?:\\/\\/x$',
    '^[!#-+\\--[\\]-~]+$',
  ]) {
    it(`passes ${good}`, () => assert.equal(patternProblem(good), undefined));
  }
  for (const [bad, about] of [
    ['a', /anchored/],
    ['^a|b$', /outside a group/],
    ['^(?!a)b$', /RE2/],
    ['^(?<n>a)$', /RE2/],
    ['^(a)\\1$', /escape/],
    ['^\\d+$', /escape/],
    ['^a{1,2000}$', /1000/],
    ['^a++$', /possessive/],
    ['^[[:alpha:]]$', /class/],
    ['^ä$', /ASCII/],
    ['^(a$', /not a regular expression/],
  ] as const) {
    it(`refuses ${bad}`, () => assert.match(patternProblem(bad) ?? '', about));
  }
});
