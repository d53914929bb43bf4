/** Pieces that several kinds share. Every string, list and map is bounded: CEL's cost estimate and etcd need it. */
import * as z from 'zod';

export const GROUP = 'trustmint.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A CEL rule of a CRD (`x-kubernetes-validations`). Its twin for use without an API server stands in `policy/`. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired';
  readonly fieldPath?: string;
}

/** Attaches CEL rules to a schema; the CRD generator copies the member as it is. */
export function cel(...rules: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': rules };
}

/** What the CRD of a kind says beside its schema. */
export interface KindMeta {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly priority?: 0 | 1;
  readonly description?: string;
}

export const label63 = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and inner - only');

/** A Go-style duration of whole hours, minutes and seconds: `8h`, `90m`, `1h30m`. */
export const duration = z
  .string()
  .min(2)
  .max(20)
  .regex(/^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$/, 'give a duration, as 8h, 90m or 1h30m');

/** RFC 3339 §5.6, as `2026-01-31T12:00:00Z`. */
export const timestamp = z
  .string()
  .max(64)
  .regex(
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/,
    'give a time, as 2026-01-31T12:00:00Z',
  )
  .meta({ format: 'date-time' });

/** An absolute http(s) URL without user, query or fragment: what an issuer is (RFC 8414 §2). */
export const issuerUrl = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^https?:\/\/[!"$->A-~]+$/, 'give a URL without user, query and fragment');

export const pem = z.string().max(65_536).describe('PEM certificates that replace the system trust store.');

const metadata = z.object({
  name: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and inner - and . only'),
  namespace: label63.optional(),
  uid: z.string().max(128).optional(),
  generation: z.number().int().optional(),
  resourceVersion: z.string().max(256).optional(),
  creationTimestamp: z.string().max(64).optional(),
  deletionTimestamp: z.string().max(64).optional(),
  labels: z.record(z.string().max(317), z.string().max(63)).optional(),
  annotations: z.record(z.string().max(317), z.string().max(262_144)).optional(),
  finalizers: z.array(z.string().max(317)).max(64).optional(),
});

export type ObjectMeta = z.infer<typeof metadata>;

/** A whole object of one kind, as it stands in a manifest or on the API server. */
export interface Resource<Kind extends string, Spec> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
}

/** The schema of a manifest: type meta, object meta and the kind's spec. A `status` in a manifest is ignored. */
export function manifest<Kind extends string, Spec extends z.ZodType>(kind: Kind, spec: Spec) {
  return z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata,
    spec,
    status: z.unknown().optional(),
  });
}

export const condition = z
  .object({
    type: z.string().max(316).describe('Accepted, ResolvedRefs, Ready or Revoked.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
    reason: z.string().max(1024).describe('Why, in one stable CamelCase word.'),
    message: z.string().max(32_768).describe('Why, for people.'),
    observedGeneration: z
      .int()
      .min(0)
      .optional()
      .meta({ format: 'int64' })
      .describe('The metadata.generation that the condition is about.'),
    lastTransitionTime: timestamp.describe('When status last changed.'),
  })
  .describe('One aspect of the current state (KEP-1623).');

export const conditions = z
  .array(condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('Where the object stands.');

export const observedGeneration = z
  .int()
  .min(0)
  .optional()
  .meta({ format: 'int64' })
  .describe('The metadata.generation that this status is about.');

export const reportedBy = z
  .string()
  .max(63)
  .optional()
  .describe('The namespace of the operator that writes this status, where it serves only some namespaces.');

/** For `safeParse`: says of a member that is not there that it is missing, and no more. */
export const sayingRequired = {
  error: ({ code, input }: { readonly code?: string; readonly input?: unknown }): string | undefined =>
    code === 'invalid_type' && input === undefined ? 'required' : undefined,
};
