/** What a policy of provider spiffe trusts: a trust domain, its bundle, and how its paths are read. */
import * as z from 'zod';
import { type CelRule, cel, pem } from './common.ts';

/** Attributes that every SPIFFE identity has: the fields of a path template have other names. */
export const SPIFFE_ATTRIBUTES = ['id', 'trustDomain'] as const;

/** Fields of a path template that a registration has; an identity with any other one is no agent's. */
export const AGENT_FIELDS = ['tenantId', 'userId', 'agentType', 'agentId'] as const;

const https = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^https?:\/\/[!-~]+$/, 'give an https URL');

const configMapRef = z
  .object({
    name: z.string().min(1).max(253).describe('The name of the ConfigMap.'),
    key: z
      .string()
      .min(1)
      .max(253)
      .default('bundle.spiffe')
      .describe('The key of its data that holds the bundle, in the SPIFFE format.'),
  })
  .describe("A ConfigMap in the operator's namespace that holds the bundle, as SPIRE publishes it.");

const bundle = z
  .object({
    endpoint: z
      .object({ url: https.describe('The URL of the bundle endpoint. https only, redirects are refused.') })
      .optional()
      .describe('A SPIFFE bundle endpoint of profile https_web.'),
    jwksUrl: https
      .optional()
      .describe('The URL of a JWK Set, as an OIDC discovery provider of the trust domain serves it. https only.'),
    configMapRef: configMapRef.optional(),
    inline: z.string().min(1).max(65_536).optional().describe('A bundle in the SPIFFE format, as JSON text.'),
    caBundle: pem.optional(),
    allowPrivate: z
      .boolean()
      .optional()
      .describe('Whether its URL may resolve to private addresses. Link-local ones are always refused.'),
  })
  .describe("Where the trust domain's keys come from: exactly one of endpoint, jwksUrl, configMapRef and inline.")
  .meta(
    cel(
      {
        rule: '[has(self.endpoint), has(self.jwksUrl), has(self.configMapRef), has(self.inline)].filter(x, x).size() == 1',
        message: 'give exactly one of endpoint, jwksUrl, configMapRef and inline',
        reason: 'FieldValueInvalid',
      },
      {
        rule: "(!has(self.endpoint) || self.endpoint.url.startsWith('https://')) && (!has(self.jwksUrl) || self.jwksUrl.startsWith('https://'))",
        message: 'the URL of a bundle is https',
        reason: 'FieldValueInvalid',
      },
    ),
  );

const own = SPIFFE_ATTRIBUTES.map((name) => `'{${name}}'`).join(', ');

export const spiffe = z
  .object({
    trustDomain: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[a-z0-9._-]+$/, 'a trust domain is lower-case letters, digits, dots, dashes and underscores')
      .describe('The trust domain, without spiffe://. Only it decides which keys a proof is verified with.'),
    pathTemplate: z
      .string()
      .min(2)
      .max(256)
      .regex(
        /^(\/([A-Za-z0-9._-]+|\{[A-Za-z][A-Za-z0-9_]{0,62}\}))+$/,
        'a path template is segments, each /literal or /{field}',
      )
      .optional()
      .describe('How the path of an ID is read, as /agent/{tenantId}/{agentId}: the whole of it, a field a segment.')
      .meta(
        cel(
          {
            rule: "!self.split('/').exists(s, s in ['.', '..'])",
            message: 'a path has no dot segments',
            reason: 'FieldValueInvalid',
          },
          {
            rule: "self.split('/').all(s, !s.startsWith('{') || self.indexOf(s) == self.lastIndexOf(s))",
            message: 'a path template has each field once',
            reason: 'FieldValueInvalid',
          },
          {
            rule: `!self.split('/').exists(s, s in [${own}])`,
            message: `every identity has ${SPIFFE_ATTRIBUTES.join(' and ')} already: name the field otherwise`,
            reason: 'FieldValueInvalid',
          },
        ),
      ),
    bundle,
  })
  .describe('provider spiffe: whose JWT-SVIDs are trusted, by which keys.');

export type Spiffe = z.infer<typeof spiffe>;
export type SpiffeBundle = Spiffe['bundle'];

const ACTS_FOR_NOBODY = 'self.trustRules.all(r, !has(r.issue) || !has(r.issue.actsFor))';

/** What a policy of provider spiffe may and may not say beside it, and who can be a registered agent at all. */
export const SPIFFE_RULES: readonly CelRule[] = [
  {
    rule: "has(self.spiffe) == (self.provider == 'spiffe')",
    message: 'provider spiffe needs spec.spiffe, and no other provider has it',
    reason: 'FieldValueInvalid',
    fieldPath: '.provider',
  },
  {
    rule: "self.provider != 'spiffe' || !(has(self.issuer) || has(self.keys))",
    message: 'the issuer of an SVID is its trust domain, and its keys are the bundle: issuer and keys are for others',
    reason: 'FieldValueForbidden',
    fieldPath: '.provider',
  },
  {
    rule: "self.provider != 'spiffe' || !has(self.algorithms) || !self.algorithms.exists(a, a in ['EdDSA', 'Ed25519'])",
    message: 'JWT-SVIDs are never signed with EdDSA',
    reason: 'FieldValueInvalid',
    fieldPath: '.algorithms',
  },
  {
    rule: "self.trustRules.all(r, !has(r.match.path) || (has(self.spiffe) && has(self.spiffe.pathTemplate) && r.match.path.all(k, self.spiffe.pathTemplate.contains('/{' + k + '}'))))",
    message: 'match.path names fields of spec.spiffe.pathTemplate',
    reason: 'FieldValueInvalid',
    fieldPath: '.trustRules',
  },
  {
    rule: `self.provider in ['kubernetes', 'spiffe'] || ${ACTS_FOR_NOBODY}`,
    message: 'actsFor goes with the providers spiffe and kubernetes, whose identities agents are registered by',
    reason: 'FieldValueInvalid',
    fieldPath: '.trustRules',
  },
  {
    rule: `!has(self.spiffe) || ${ACTS_FOR_NOBODY} || (has(self.spiffe.pathTemplate) && self.spiffe.pathTemplate.contains('/{agentId}') && self.spiffe.pathTemplate.split('/').all(s, !s.startsWith('{') || s in [${AGENT_FIELDS.map((field) => `'{${field}}'`).join(', ')}]))`,
    message: `actsFor needs a path template with {agentId}, and with no fields but ${AGENT_FIELDS.join(', ')}`,
    reason: 'FieldValueInvalid',
    fieldPath: '.trustRules',
  },
];
