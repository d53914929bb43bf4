/** How a policy says where its issuer's public keys are. */
import * as z from 'zod';
import { cel, pem } from './common.ts';

const configMapRef = z
  .object({
    name: z.string().min(1).max(253).describe('The name of the ConfigMap.'),
    key: z.string().min(1).max(253).default('jwks.json').describe('The key of its data that holds the JWK Set.'),
  })
  .describe("A ConfigMap in the operator's namespace that holds a JWK Set.");

export const keys = z
  .object({
    jwksUrl: z
      .string()
      .min(1)
      .max(2048)
      .regex(/^https?:\/\/[!-~]+$/, 'give an https URL')
      .optional()
      .describe('The URL of a JWK Set (RFC 7517 §5). https only.'),
    configMapRef: configMapRef.optional(),
    inline: z.string().min(1).max(65_536).optional().describe('A JWK Set as JSON text.'),
    caBundle: pem.optional(),
    allowPrivate: z
      .boolean()
      .optional()
      .describe('Whether key URLs may resolve to private addresses. Link-local ones are always refused.'),
  })
  .describe("Where the issuer's public keys come from. Absent: OpenID Connect discovery.")
  .meta(
    cel(
      {
        rule: '[has(self.jwksUrl), has(self.configMapRef), has(self.inline)].filter(x, x).size() <= 1',
        message: 'give at most one of jwksUrl, configMapRef and inline',
        reason: 'FieldValueInvalid',
      },
      {
        rule: "!has(self.jwksUrl) || self.jwksUrl.startsWith('https://')",
        message: 'a key URL is https',
        reason: 'FieldValueInvalid',
        fieldPath: '.jwksUrl',
      },
    ),
  );

export const algorithm = z.enum([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]);
