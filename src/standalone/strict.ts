/** What an API server refuses in a document and zod does not: unknown fields, repeated members of sets, impossible times. */
import { parseTimestamp } from '../revocation/index.ts';
import { type ManifestCode, printable } from './errors.ts';
import { type FieldSchema, type KindName, METADATA_FIELDS, specSchema, TOP_FIELDS } from './schema.ts';
import { suggestion } from './suggest.ts';

/** Where in a document: member names and list indexes. */
export type Path = readonly (string | number)[];

export interface Finding {
  readonly path: Path;
  readonly code: ManifestCode;
  readonly message: string;
}

/** @param document A parsed document of the kind; whatever has the wrong type is zod's to report. */
export function* strictFindings(kind: KindName, document: Readonly<Record<string, unknown>>): Generator<Finding> {
  yield* unknownNames(document, TOP_FIELDS, []);
  if (isRecord(document.metadata)) yield* unknownNames(document.metadata, METADATA_FIELDS, ['metadata']);
  yield* walk(document.spec, specSchema(kind), ['spec']);
}

function* walk(value: unknown, schema: FieldSchema, path: Path): Generator<Finding> {
  if (Array.isArray(value)) {
    if (schema['x-kubernetes-list-type'] === 'set') yield* repeated(value, path);
    if (schema.items) for (const [i, item] of value.entries()) yield* walk(item, schema.items, [...path, i]);
  } else if (isRecord(value)) {
    if (schema.properties) yield* members(value, schema.properties, path);
    else if (typeof schema.additionalProperties === 'object') yield* entries(value, path);
  } else if (schema.format === 'date-time' && typeof value === 'string' && parseTimestamp(value) === undefined) {
    yield { path, code: 'invalid_field', message: 'no such time' };
  }
}

function* members(
  value: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, FieldSchema>>,
  path: Path,
): Generator<Finding> {
  yield* unknownNames(value, Object.keys(properties), path);
  for (const [name, schema] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) yield* walk(value[name], schema, [...path, name]);
  }
}

/** A name that JavaScript libraries drop or mistake must not silently vanish from a rule. */
function* entries(value: Readonly<Record<string, unknown>>, path: Path): Generator<Finding> {
  if (Object.hasOwn(value, '__proto__')) {
    yield { path: [...path, '__proto__'], code: 'invalid_field', message: 'this name cannot be used' };
  }
}

function* repeated(list: readonly unknown[], path: Path): Generator<Finding> {
  const seen = new Set<unknown>();
  for (const [i, item] of list.entries()) {
    if (seen.has(item)) yield { path: [...path, i], code: 'invalid_field', message: 'stands twice in the list' };
    seen.add(item);
  }
}

/** Findings for members whose names are none of `known`. */
export function* unknownNames(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: Path,
): Generator<Finding> {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const message = `unknown field ${JSON.stringify(printable(name))}${suggestion(name, known)}`;
    yield { path: [...path, printable(name)], code: 'unknown_field', message };
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `spec.trustRules[1].issue`. */
export function pathText(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}
