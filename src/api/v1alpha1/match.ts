/** What a rule says of the identities it is for. */
import * as z from 'zod';
import { cel } from './common.ts';

const value = z.string().min(1).max(512);

const expression = z
  .object({
    key: z
      .string()
      .min(1)
      .max(256)
      .describe('A field of the provider, else the name of a claim; `/…` is a JSON Pointer.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'IsTrue', 'IsFalse'])
      .describe('How the value found is judged; a missing or empty one is met by DoesNotExist alone.'),
    values: z
      .array(value)
      .min(1)
      .max(32)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('What In and NotIn compare with; globs as elsewhere.'),
  })
  .describe('One requirement, as in label selectors.')
  .meta(
    cel({
      rule: "has(self.values) == (self.operator in ['In', 'NotIn'])",
      message: 'values goes with the operators In and NotIn, and only with them',
      reason: 'FieldValueInvalid',
    }),
  );

/** The own fields of each provider, by the names that stand in `match`, in attributes and in templates. */
export const MATCH_FIELDS = {
  kubernetes: ['namespace', 'serviceAccount'],
  github: [
    'owner',
    'ownerId',
    'repository',
    'repositoryId',
    'ref',
    'environment',
    'eventName',
    'workflowRef',
    'jobWorkflowRef',
    'runnerEnvironment',
  ],
  oidc: [],
  /** Beside them stand, under `path`, the fields of the policy's own path template. */
  spiffe: ['id'],
} as const;

const field = (description: string) => value.optional().describe(description);

export const match = z
  .object({
    namespace: field("kubernetes: the service account's namespace."),
    serviceAccount: field("kubernetes: the service account's name."),
    owner: field('github: the repository owner. Names can be recycled: prefer ownerId.'),
    ownerId: field('github: the immutable id of the owner.'),
    repository: field('github: owner/name. Names can be recycled: prefer repositoryId.'),
    repositoryId: field('github: the immutable id of the repository.'),
    ref: field('github: the full git ref, as refs/heads/main.'),
    environment: field('github: the deployment environment.'),
    eventName: field('github: the event that started the workflow.'),
    workflowRef: field('github: the ref of the workflow file.'),
    jobWorkflowRef: field('github: the ref of a reusable workflow, with @ref.'),
    runnerEnvironment: field('github: github-hosted or self-hosted.'),
    id: z.string().min(1).max(2048).optional().describe('spiffe: the SPIFFE ID, as spiffe://cluster.local/agent/**.'),
    path: z
      .record(z.string().min(1).max(63), value)
      .optional()
      .meta({
        maxProperties: 8,
        ...cel({
          rule: "self.all(k, k.matches('^[A-Za-z][A-Za-z0-9_]{0,62}$'))",
          message: 'the name of a field is a letter, then letters, digits and _',
          reason: 'FieldValueInvalid',
        }),
      })
      .describe("spiffe: fields of the policy's path template by their names."),
    claims: z
      .record(z.string().min(1).max(256), value)
      .optional()
      .meta({
        maxProperties: 16,
        ...cel({
          rule: 'self.all(k, size(k) >= 1 && size(k) <= 256)',
          message: 'the name of a claim has 1 to 256 characters',
          reason: 'FieldValueInvalid',
        }),
      })
      .describe('Claims by literal name; a name that begins with / is a JSON Pointer.'),
    expressions: z
      .array(expression)
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Requirements that all must hold.'),
  })
  .describe(
    'All predicates must hold. Strings are exact unless they hold * (any run of characters but / and :) or ** (any run).',
  );

export type Match = z.infer<typeof match>;
export type MatchExpression = z.infer<typeof expression>;
