/** One rule of a policy: whom it is for, and what they get. */
import * as z from 'zod';
import { cel, duration } from './common.ts';
import { match } from './match.ts';

/** Text that may hold `{{ … }}`. */
export const template = z.string().min(1).max(256);

/** Caveat keys that Trustmint places or checks itself; a policy cannot write them. */
export const RESERVED_CAVEAT_KEYS = [
  'time',
  'aud',
  'tenant',
  'scope',
  'tool',
  'method',
  'path',
  'budget_credits',
  'label',
  'note',
] as const;

/** How the subjects of our tokens begin, and the client ids that we make ourselves: no rule may write one of those. */
export const RESERVED_CLIENT_PREFIXES = [
  'user:',
  'trustmint:',
  'system:',
  'spiffe:',
  'k8s:',
  'github:',
  'arn:',
  'oidc:',
] as const;

const reservedPrefixes = RESERVED_CLIENT_PREFIXES.map((p) => `'${p}'`).join(', ');
const reservedKeys = RESERVED_CAVEAT_KEYS.map((k) => `'${k}'`).join(', ');

export const issue = z
  .object({
    ttl: duration.optional().describe('How long the token lives, 1m to 24h. Default 1h.'),
    ttlFromProof: z.boolean().optional().describe('Whether the token also ends with the proof it was made from.'),
    budgetCredits: z
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ format: 'int64' })
      .describe('What the token may spend, in credits; the gateway that serves the calls counts.'),
    budgetWindow: z
      .string()
      .min(2)
      .max(20)
      .regex(/^(Lifetime|([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?)$/, 'give a duration, as 24h, or Lifetime')
      .optional()
      .describe('How long one budget lasts before a new one starts; default the ttl. Lifetime: it never does.'),
    budgetPer: z
      .enum(['Subject', 'Instance', 'Rule'])
      .optional()
      .describe('Who shares a budget: one workload, one running instance of it, or all that the rule matches.'),
    caveats: z
      .array(
        z
          .string()
          .min(1)
          .max(256)
          .regex(
            /^[a-z][a-z0-9_.]{0,62} = [!-~]([ -~]*[!-~])?$/,
            'a caveat is `key = value`, one space each side of =',
          ),
      )
      .max(16)
      .optional()
      .meta({
        'x-kubernetes-list-type': 'atomic',
        ...cel(
          {
            rule: `self.all(c, !(c.split(' ')[0] in [${reservedKeys}]))`,
            message: `Trustmint places these caveats itself: ${RESERVED_CAVEAT_KEYS.join(', ')}`,
            reason: 'FieldValueForbidden',
          },
          {
            rule: "self.all(c, self.exists_one(d, d.startsWith(c.substring(0, c.indexOf(' ') + 1))))",
            message: 'an attribute is stated once',
            reason: 'FieldValueInvalid',
          },
        ),
      })
      .describe('Attributes in the form `key = value`; values may hold templates.'),
    clientId: template
      .optional()
      .meta(
        cel({
          rule: `![${reservedPrefixes}].exists(p, self.startsWith(p))`,
          message: `a client id does not begin as subjects do: ${RESERVED_CLIENT_PREFIXES.join(' ')}`,
          reason: 'FieldValueInvalid',
        }),
      )
      .describe('The client_id of JWTs. Default: trustmint:<namespace or ->/<policy>/<rule>.'),
    actsFor: z
      .enum(['RegisteredUser'])
      .optional()
      .describe(
        'RegisteredUser: the token is for the user that the workload is registered for; without a registration it is refused.',
      ),
    delegation: z
      .object({
        maxDepth: z
          .int()
          .min(1)
          .max(4)
          .meta({ format: 'int32' })
          .describe('How often what is given may be handed on, 1 to 4.'),
      })
      .optional()
      .describe('Whether the workload may hand on what it gets; of JWT resources only.'),
    labelTemplate: template.optional().describe('A name for the token, as ci-{{ .Claims.run_id }}.'),
    resources: z
      .array(z.string().min(1).max(253))
      .min(1)
      .max(32)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('Names of ProtectedResources that the token may be for. Default: [default].'),
    scopes: z
      .array(z.string().min(1).max(128))
      .max(64)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe("The resource's scopes that the token carries; of a resource with scopes, no others."),
  })
  .describe('What a matching identity gets.')
  .meta(
    cel(
      {
        rule: "!has(self.ttl) || (duration(self.ttl) >= duration('1m') && duration(self.ttl) <= duration('24h'))",
        message: 'ttl is 1m to 24h',
        reason: 'FieldValueInvalid',
        fieldPath: '.ttl',
      },
      {
        rule: '!has(self.delegation) || !(has(self.budgetCredits) || has(self.caveats))',
        message: 'what is delegated is a JWT, which carries no budget and no caveats',
        reason: 'FieldValueForbidden',
        fieldPath: '.delegation',
      },
      {
        rule: "!has(self.budgetWindow) || self.budgetWindow == 'Lifetime' || duration(self.budgetWindow) >= duration('1m')",
        message: 'budgetWindow is at least 1m, or Lifetime',
        reason: 'FieldValueInvalid',
        fieldPath: '.budgetWindow',
      },
    ),
  );

export const trustRule = z
  .object({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and inner - only')
      .describe('Unique in its policy. Grant ids hold it: a renamed rule is a new budget.'),
    match,
    deny: z.literal(true).optional().describe('Refuse what matches, whatever it asks for.'),
    issue: issue.optional(),
  })
  .meta(
    cel({
      rule: 'has(self.issue) != has(self.deny)',
      message: 'a rule has either issue or deny: true',
      reason: 'FieldValueInvalid',
    }),
  );

export type TrustRule = z.infer<typeof trustRule>;
export type Issue = z.infer<typeof issue>;
