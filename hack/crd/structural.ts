/**
 * The strict look at a CRD schema before it is written: structural (KEP-1979), bounded (CEL's cost estimate is made
 * from the bounds), and nothing that an API server refuses, ignores or reads otherwise than zod does.
 */
import { checkRules } from './cel-rules.ts';
import { SchemaError } from './errors.ts';
import { patternProblem } from './re2.ts';
import type { CrdSchema, SchemaType } from './types.ts';

const COMMON = ['type', 'description', 'default', 'enum', 'x-kubernetes-validations'];

/** What may stand beside each type. All else is forbidden: `$ref`, `anyOf`, `nullable`, `uniqueItems`, `id`… */
const KEYWORDS: Record<SchemaType, readonly string[]> = {
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  array: ['items', 'minItems', 'maxItems', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: ['minimum', 'maximum', 'format'],
  number: ['minimum', 'maximum', 'format'],
  boolean: [],
};

const FORMATS = new Map<string, SchemaType>([
  ['int32', 'integer'],
  ['int64', 'integer'],
  ['double', 'number'],
  ['date-time', 'string'],
]);

interface Place {
  readonly path: string;
  /** Whether an API server can find the old value of this place. */
  readonly correlatable: boolean;
}

/**
 * @param path Where the schema stands in the CRD, as `.spec`.
 * @throws SchemaError at the first thing wrong.
 */
export function checkStructural(schema: CrdSchema, path: string): void {
  check(schema, { path, correlatable: true });
}

function check(schema: CrdSchema, place: Place): void {
  const { path } = place;
  const { type } = schema;
  if (type === undefined || !Object.hasOwn(KEYWORDS, type)) throw new SchemaError(path, `type is ${type}`);
  const allowed = new Set([...COMMON, ...KEYWORDS[type]]);
  for (const key of Object.keys(schema)) {
    if (!allowed.has(key)) throw new SchemaError(path, `${key} is not allowed beside type ${type}`);
  }
  if (schema.enum) checkEnum(schema, path);
  if (schema.format !== undefined && FORMATS.get(schema.format) !== type) {
    throw new SchemaError(path, `the format ${schema.format} is unknown to an API server, or not of type ${type}`);
  }
  if (type === 'string') checkString(schema, path);
  if (type === 'integer') checkInteger(schema, path);
  if (type === 'array') checkArray(schema, place);
  if (type === 'object') checkObject(schema, place);
  if (Object.hasOwn(schema, 'default')) checkDefault(schema, path);
  checkRules(schema, path, place.correlatable);
}

function checkEnum({ enum: values = [], type }: CrdSchema, path: string): void {
  if (values.length === 0 || new Set(values).size !== values.length) throw new SchemaError(path, 'enum repeats itself');
  if (values.some((value) => typeof value !== type)) throw new SchemaError(path, `enum holds what is no ${type}`);
}

function checkString(schema: CrdSchema, path: string): void {
  if (!schema.enum && schema.maxLength === undefined) throw new SchemaError(path, 'a string needs maxLength');
  if ((schema.minLength ?? 0) > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw new SchemaError(path, 'minLength exceeds maxLength');
  }
  const problem = schema.pattern === undefined ? undefined : patternProblem(schema.pattern);
  if (problem) throw new SchemaError(path, `the pattern ${schema.pattern} ${problem}`);
}

function checkInteger(schema: CrdSchema, path: string): void {
  if (!schema.format) throw new SchemaError(path, 'an integer needs a format, int32 or int64');
  const most = schema.format === 'int32' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  if ((schema.maximum ?? 0) > most || (schema.minimum ?? 0) < -most - 1) {
    throw new SchemaError(path, `the bounds exceed ${schema.format}`);
  }
}

function checkArray(schema: CrdSchema, { path, correlatable }: Place): void {
  const { items } = schema;
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!items) throw new SchemaError(path, 'a list needs items');
  if (schema.maxItems === undefined) throw new SchemaError(path, 'a list needs maxItems');
  if (listType === undefined) throw new SchemaError(path, 'a list needs x-kubernetes-list-type');
  if ((keys !== undefined) !== (listType === 'map')) {
    throw new SchemaError(path, 'x-kubernetes-list-map-keys goes with list type map, and only with it');
  }
  if (listType === 'set' && (items.type === 'object' || items.type === 'array')) {
    throw new SchemaError(path, 'a set holds scalars');
  }
  for (const key of keys ?? []) {
    const member = items.properties?.[key];
    if (!member || member.type === 'object' || member.type === 'array') {
      throw new SchemaError(path, `the map key ${key} is not a scalar property of the items`);
    }
    if (!items.required?.includes(key) && !Object.hasOwn(member, 'default')) {
      throw new SchemaError(path, `the map key ${key} is neither required nor defaulted`);
    }
  }
  check(items, { path: `${path}[]`, correlatable: correlatable && listType === 'map' });
}

function checkObject(schema: CrdSchema, { path, correlatable }: Place): void {
  const { properties, additionalProperties } = schema;
  if ((properties === undefined) === (additionalProperties === undefined)) {
    throw new SchemaError(path, 'an object has either properties or additionalProperties');
  }
  if (additionalProperties !== undefined) {
    if (typeof additionalProperties !== 'object') throw new SchemaError(path, 'additionalProperties is not a schema');
    if (schema.maxProperties === undefined) throw new SchemaError(path, 'a map needs maxProperties');
    check(additionalProperties, { path: `${path}{}`, correlatable });
    return;
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(properties!, name)) throw new SchemaError(path, `required names no property: ${name}`);
  }
  for (const [name, member] of Object.entries(properties!)) {
    if (!member.description) throw new SchemaError(`${path}.${name}`, 'a property needs a description');
    check(member, { path: `${path}.${name}`, correlatable });
  }
}

function checkDefault(schema: CrdSchema, path: string): void {
  const value = schema.default;
  const fits =
    schema.type === 'integer'
      ? Number.isSafeInteger(value)
      : ['string', 'boolean', 'number'].includes(schema.type ?? '') && typeof value === schema.type;
  if (!fits) throw new SchemaError(path, 'the default is no scalar of its type');
  if (schema.enum && !schema.enum.some((allowed) => allowed === value)) {
    throw new SchemaError(path, 'the default is not in enum');
  }
  if (typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)) {
    throw new SchemaError(path, 'the default does not match the pattern');
  }
}
