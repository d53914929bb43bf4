/** The JSON schemas of the kinds, for what zod leaves open: unknown fields, and lists that are sets. */
import * as z from 'zod';
import { KINDS } from '../api/v1alpha1/index.ts';

export interface FieldSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly items?: FieldSchema;
  readonly format?: string;
  readonly 'x-kubernetes-list-type'?: string;
}

export type KindName = typeof KINDS extends ReadonlyMap<infer Name, unknown> ? Name : never;

const schemas = new Map<KindName, FieldSchema>();

/** The schema of a kind's spec. */
export function specSchema(kind: KindName): FieldSchema {
  let schema = schemas.get(kind);
  if (!schema) {
    schema = z.toJSONSchema(KINDS.get(kind)!.spec as z.ZodType, { target: 'openapi-3.0', io: 'input' }) as FieldSchema;
    schemas.set(kind, schema);
  }
  return schema;
}

/** What may stand in metadata: all that an API server writes there. */
export const METADATA_FIELDS: readonly string[] = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'uid',
  'generation',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'generateName',
  'managedFields',
  'ownerReferences',
  'selfLink',
];

export const TOP_FIELDS: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];
