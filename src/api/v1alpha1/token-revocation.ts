/** TokenRevocation: this token, grant, agent or policy is dead. */
import * as z from 'zod';
import {
  cel,
  conditions,
  type KindMeta,
  manifest,
  observedGeneration,
  type Resource,
  reportedBy,
  timestamp,
} from './common.ts';

const id = (description: string) => z.string().min(1).max(128).optional().describe(description);

export const REVOCATION_TARGETS = ['token', 'derivedFrom', 'grant', 'agent', 'policy'] as const;

export const tokenRevocationSpec = z
  .object({
    token: id('The jti of one token.'),
    derivedFrom: id("SHA-256, base64url, of a macaroon's signature: kills it and all that was appended to it."),
    grant: id('A grant id (gid): kills every token of that grant.'),
    agent: id('The uid of an AgentRegistration.'),
    policy: id('The uid of a TrustPolicy or ClusterTrustPolicy.'),
    tenant: id(
      "Only tokens of this tenant die. In the operator's namespace alone; elsewhere it may only be the namespace's own.",
    ),
    issuedBefore: timestamp.optional().describe('Kills only tokens issued up to this time. Absent: all.'),
    reason: z.string().max(512).optional().describe('Why, for people.'),
    expiresAt: timestamp
      .optional()
      .describe('When this object may go: it stays in force at least 24 h, and an hour beyond its end.'),
  })
  .meta(
    cel(
      {
        rule: `[${REVOCATION_TARGETS.map((t) => `has(self.${t})`).join(', ')}].filter(x, x).size() == 1`,
        message: `give exactly one of ${REVOCATION_TARGETS.join(', ')}`,
        reason: 'FieldValueInvalid',
      },
      { rule: 'self == oldSelf', message: 'a TokenRevocation cannot be changed', reason: 'FieldValueForbidden' },
    ),
  );

export const tokenRevocationStatus = z.object({
  observedGeneration,
  reportedBy,
  conditions: conditions.optional(),
});

export const tokenRevocation = manifest('TokenRevocation', tokenRevocationSpec);

export type TokenRevocationSpec = z.infer<typeof tokenRevocationSpec>;
export type TokenRevocation = Resource<'TokenRevocation', TokenRevocationSpec>;

export const tokenRevocationMeta: KindMeta = {
  kind: 'TokenRevocation',
  plural: 'tokenrevocations',
  singular: 'tokenrevocation',
  shortNames: ['trev'],
  scope: 'Namespaced',
  description: 'This token, grant, agent or policy is dead.',
  columns: [
    { name: 'Accepted', type: 'string', jsonPath: ".status.conditions[?(@.type=='Accepted')].status" },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', priority: 1 },
  ],
};
