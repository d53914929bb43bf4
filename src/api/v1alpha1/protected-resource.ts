/** ProtectedResource: what a token is for. */
import * as z from 'zod';
import { cel, conditions, duration, type KindMeta, manifest, type Resource } from './common.ts';

export const protectedResourceSpec = z
  .object({
    audience: z.string().min(1).max(512).describe('The audience of the tokens minted for this resource.'),
    resourceUris: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('RFC 8707 resource indicators that mean this resource.'),
    tokenType: z.enum(['JWT', 'Macaroon']).default('Macaroon'),
    scopes: z
      .array(
        z
          .string()
          .min(1)
          .max(128)
          .regex(/^[!#-+\--[\]-~]+$/),
      )
      .max(64)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'The scopes this resource owns (RFC 6749 §3.3), without commas. No other resource may own one of them.',
      ),
    scopeFormat: z.enum(['String', 'Array']).default('String'),
    signingAlgorithm: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256'),
    limits: z
      .object({
        maxTtl: duration.optional(),
        maxBudgetCredits: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({ format: 'int64' }),
      })
      .optional()
      .describe('Cap every grant, whoever wrote it.'),
    grantableFrom: z
      .object({
        namespaces: z
          .array(z.string().min(1).max(63))
          .max(64)
          .optional()
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe('Namespaces, or globs of them, whose TrustPolicies may give tokens for this resource.'),
      })
      .optional(),
    verifiers: z
      .array(z.object({ namespace: z.string().min(1).max(63), serviceAccount: z.string().min(1).max(253) }))
      .max(32)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Service accounts that may ask whether a token is good, and for the keys to find out themselves.'),
  })
  .meta(
    cel({
      rule: "!has(self.limits) || !has(self.limits.maxBudgetCredits) || self.tokenType == 'Macaroon'",
      message: 'a JWT resource cannot limit budgets',
      reason: 'FieldValueInvalid',
    }),
  );

export const protectedResourceStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }),
  conditions: conditions.optional(),
});

export const protectedResource = manifest('ProtectedResource', protectedResourceSpec);

export type ProtectedResourceSpec = z.infer<typeof protectedResourceSpec>;
export type ProtectedResource = Resource<'ProtectedResource', ProtectedResourceSpec>;

export const protectedResourceMeta: KindMeta = {
  kind: 'ProtectedResource',
  plural: 'protectedresources',
  singular: 'protectedresource',
  shortNames: ['pres'],
  scope: 'Cluster',
  description: 'What a token is for: its audience, kind of token, scopes, limits and verifiers.',
  columns: [
    { name: 'Accepted', type: 'string', jsonPath: ".status.conditions[?(@.type=='Accepted')].status" },
    { name: 'Audience', type: 'string', jsonPath: '.spec.audience' },
    { name: 'Token', type: 'string', jsonPath: '.spec.tokenType' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Accepted')].message", priority: 1 },
  ],
};
