/** ProtectedResource: what a token is for. */
import * as z from 'zod';
import {
  cel,
  conditions,
  duration,
  type KindMeta,
  manifest,
  observedGeneration,
  type Resource,
  reportedBy,
} from './common.ts';

export const protectedResourceSpec = z
  .object({
    audience: z.string().min(1).max(512).describe('The audience of the tokens minted for this resource.'),
    resourceUris: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('RFC 8707 resource indicators that mean this resource.'),
    tokenType: z
      .enum(['JWT', 'Macaroon'])
      .default('Macaroon')
      .describe('What is minted: a macaroon, which can be attenuated and carries budgets, or a JWT access token.'),
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
    scopeFormat: z
      .enum(['String', 'Array'])
      .default('String')
      .describe("How a JWT's scope claim is written: one space-separated string (RFC 9068 §2.2.3) or a JSON array."),
    signingAlgorithm: z
      .enum(['ES256', 'RS256', 'EdDSA'])
      .default('ES256')
      .describe('How JWTs for this resource are signed.'),
    limits: z
      .object({
        maxTtl: duration.optional().describe('The longest that a token lives, 1m to 24h.'),
        maxBudgetCredits: z
          .int()
          .min(0)
          .max(Number.MAX_SAFE_INTEGER)
          .optional()
          .meta({ format: 'int64' })
          .describe('The most credits of one grant; also the budget of a rule that states none.'),
      })
      .meta(
        cel({
          rule: "!has(self.maxTtl) || (duration(self.maxTtl) >= duration('1m') && duration(self.maxTtl) <= duration('24h'))",
          message: 'maxTtl is 1m to 24h',
          reason: 'FieldValueInvalid',
          fieldPath: '.maxTtl',
        }),
      )
      .optional()
      .describe('Cap every grant, whoever wrote it.'),
    grantableFrom: z
      .object({
        namespaces: z
          .array(
            z
              .string()
              .min(1)
              .max(63)
              .regex(/^[-a-z0-9*]+$/),
          )
          .max(64)
          .optional()
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe('Namespaces, or globs of them, whose TrustPolicies may give tokens for this resource.'),
      })
      .optional()
      .describe('Who may give tokens for this resource, beside ClusterTrustPolicies. Absent: nobody.'),
    verifiers: z
      .array(
        z.object({
          namespace: z.string().min(1).max(63).describe("The service account's namespace."),
          serviceAccount: z.string().min(1).max(253).describe("The service account's name."),
        }),
      )
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
  observedGeneration,
  reportedBy,
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
