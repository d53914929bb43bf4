/** A zod schema as the schema of a CRD. What cannot be said there throws, rather than being lost. */
import * as z from 'zod';
import { SchemaError } from './errors.ts';
import type { CrdSchema } from './types.ts';

/** Kinds of zod schema that toJSONSchema drops, or turns into something else than they check. */
const LOSSY = new Set(['transform', 'pipe', 'custom', 'nullable', 'lazy', 'catch', 'tuple', 'union', 'intersection']);

/**
 * The JSON schema of what a writer may send (`io: 'input'`: defaults are not required), keys in one order.
 * @param path Where the schema stands, for errors.
 * @throws SchemaError where zod checks what a CRD schema cannot state: refinements, transforms, unions, regex flags, ids.
 */
export function toCrdSchema(schema: z.ZodType, path: string): CrdSchema {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    cycles: 'throw',
    reused: 'inline',
    unrepresentable: 'throw',
    override: ({ zodSchema, path: inside }) => refuseLossy(zodSchema, `${path}.${inside.join('.')}`),
  });
  return sorted(json) as CrdSchema;
}

function refuseLossy(schema: z.core.$ZodTypes, path: string): void {
  const { def } = schema._zod;
  if (LOSSY.has(def.type)) throw new SchemaError(path, `zod's ${def.type} has no structural form`);
  if (def.type === 'record' && def.keyType._zod.def.type !== 'string') {
    throw new SchemaError(path, 'the keys of a map are strings');
  }
  if (z.globalRegistry.get(schema)?.id !== undefined) throw new SchemaError(path, 'an id becomes a $ref');
  let patterns = 0;
  for (const check of def.checks ?? []) {
    const checked = check._zod.def as { check: string; pattern?: RegExp };
    if (checked.check === 'custom') throw new SchemaError(path, 'a refinement is lost: write a CEL rule');
    if (checked.check === 'overwrite') throw new SchemaError(path, 'a transform is lost');
    if (!checked.pattern) continue;
    patterns += 1;
    if (checked.pattern.flags) throw new SchemaError(path, `the flags of ${checked.pattern} are lost`);
  }
  if (patterns > 1) throw new SchemaError(path, 'two patterns become allOf: write one');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
