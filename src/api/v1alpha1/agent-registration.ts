/** AgentRegistration: this agent acts for this user, and is active. */
import * as z from 'zod';
import {
  cel,
  conditions,
  issuerUrl,
  type KindMeta,
  label63,
  manifest,
  observedGeneration,
  type Resource,
  reportedBy,
  timestamp,
} from './common.ts';

/** As a segment of a SPIFFE path, and never what a subject looks like. */
const agentType = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'letters, digits and inner . _ - only');

/** One word that holds no colon, slash or percent sign, so that `user:<userId>` is no other subject. */
const userId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+|=-]*$/, 'letters, digits and . _ @ + | = - only');

const accountName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and inner - and . only');

const identity = z
  .object({
    spiffe: z
      .object({
        trustDomain: z
          .string()
          .min(1)
          .max(255)
          .regex(/^[a-z0-9._-]+$/, 'a-z, 0-9 and . _ - only, without spiffe://')
          .describe('The trust domain of its SPIFFE ID.'),
        tenantId: z
          .string()
          .min(1)
          .max(128)
          .regex(/^[A-Za-z0-9._-]+$/, 'letters, digits and . _ - only')
          .optional()
          .describe('The tenantId of its path, and the tenant of its tokens.'),
      })
      .optional()
      .describe("A SPIFFE ID whose path has this object's name as agentId, and every other field as it stands here."),
    serviceAccount: z
      .object({
        issuer: issuerUrl.optional().describe("The issuer of another cluster's tokens. Absent: this cluster."),
        namespace: label63.describe('The namespace of the service account.'),
        name: accountName.describe('The name of the service account.'),
        podUid: z
          .string()
          .min(36)
          .max(36)
          .regex(/^[0-9a-f-]{36}$/, 'give the uid of a pod')
          .optional()
          .describe('Only the pod of this uid. Absent: every pod of the account.'),
      })
      .optional()
      .describe('A Kubernetes service account.'),
  })
  .describe('What the agent proves itself as: exactly one.')
  .meta(
    cel({
      rule: 'has(self.spiffe) != has(self.serviceAccount)',
      message: 'give exactly one of spiffe and serviceAccount',
      reason: 'FieldValueInvalid',
    }),
  );

export const agentRegistrationSpec = z
  .object({
    agentType: agentType.describe('What kind of agent it is: the client_id of its JWTs.'),
    userId: userId.describe('The user it acts for: its tokens have the subject user:<userId>.'),
    identity,
    scopes: z
      .array(z.string().min(1).max(128))
      .min(1)
      .max(64)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe("Its tokens carry no other scopes. Absent: the rule's."),
    expiresAt: timestamp.optional().describe('When it ends; no token outlives it.'),
    state: z
      .enum(['Active', 'Suspended', 'Revoked'])
      .default('Active')
      .describe('Suspended stops issuance; Revoked also kills what was issued, and is terminal.'),
    revokeIssuedBefore: timestamp.optional().describe('Kills every token issued up to this time.'),
    deletionPolicy: z.enum(['Drain', 'Revoke']).optional().describe('Whether deletion also kills issued tokens.'),
  })
  .meta(
    cel(
      {
        rule: 'self.agentType == oldSelf.agentType && self.userId == oldSelf.userId && self.identity == oldSelf.identity',
        message: 'whom an agent acts for, and what it is, cannot be changed: register another agent',
        reason: 'FieldValueForbidden',
      },
      {
        rule: "oldSelf.state != 'Revoked' || self.state == 'Revoked'",
        message: 'Revoked is terminal: register another agent, and delete this one',
        reason: 'FieldValueForbidden',
        fieldPath: '.state',
      },
    ),
  );

export const agentRegistrationStatus = z.object({
  observedGeneration,
  reportedBy,
  phase: z
    .enum(['Active', 'Invalid', 'Suspended', 'Revoked', 'Expired'])
    .optional()
    .describe('The conditions in one word, for people.'),
  conditions: conditions.optional(),
  lastSeen: timestamp
    .optional()
    .describe('When a token was last given to it, by the replica that leads: to the hour, and perhaps later since.'),
  revokedAt: timestamp.optional().describe('When the registration was revoked.'),
  tokensValidUntil: timestamp.optional().describe('When the last token that was given to it has run out.'),
  effectiveEverywhereBy: timestamp.optional().describe('When every replica refuses, at the latest.'),
});

export const agentRegistration = manifest('AgentRegistration', agentRegistrationSpec);

export type AgentRegistrationSpec = z.infer<typeof agentRegistrationSpec>;
export type AgentRegistration = Resource<'AgentRegistration', AgentRegistrationSpec>;

export const agentRegistrationMeta: KindMeta = {
  kind: 'AgentRegistration',
  plural: 'agentregistrations',
  singular: 'agentregistration',
  shortNames: ['areg'],
  scope: 'Namespaced',
  description: 'This agent acts for this user. It counts only in a namespace that is an agent registry.',
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Type', type: 'string', jsonPath: '.spec.agentType' },
    { name: 'User', type: 'string', jsonPath: '.spec.userId' },
    { name: 'Last-Seen', type: 'date', jsonPath: '.status.lastSeen' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Accepted')].message", priority: 1 },
  ],
};
