/** TrustPolicy and ClusterTrustPolicy: which identities get which tokens. */
import * as z from 'zod';
import {
  type CelRule,
  cel,
  conditions,
  duration,
  issuerUrl,
  type KindMeta,
  manifest,
  observedGeneration,
  type Resource,
  reportedBy,
  timestamp,
} from './common.ts';
import { algorithm, keys } from './keys.ts';
import { MATCH_FIELDS } from './match.ts';
import { SPIFFE_RULES, spiffe } from './spiffe.ts';
import { template, trustRule } from './trust-rule.ts';

/** CEL's keywords cannot be selected as they are: Kubernetes escapes them. */
const CEL_ESCAPED = new Map([['namespace', '__namespace__']]);

/** The own fields of every provider but this one must be absent from each rule. */
function onlyFor(provider: keyof typeof MATCH_FIELDS): CelRule | undefined {
  // The fields of a path template have names of their own choice.
  const fields = provider === 'spiffe' ? [...MATCH_FIELDS.spiffe, 'path'] : MATCH_FIELDS[provider];
  if (fields.length === 0) return undefined;
  const absent = fields.map((f) => `!has(r.match.${CEL_ESCAPED.get(f) ?? f})`).join(' && ');
  return {
    rule: `self.provider == '${provider}' || self.trustRules.all(r, ${absent})`,
    message: `match fields ${fields.join(', ')} go with provider ${provider}`,
    reason: 'FieldValueForbidden',
  };
}

const shared = {
  provider: z.enum(['kubernetes', 'oidc', 'github', 'spiffe']).describe('Where the proofs come from.'),
  issuer: issuerUrl
    .optional()
    .describe('The exact `iss` of the proofs. kubernetes: absent means this cluster. github: default github.com.'),
  issuerTenants: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Entra tenant ids that take the place of {tenantid} in the issuer.'),
  audience: z.string().min(1).max(512).describe('The audience that a proof must be made for: exact.'),
  keys: keys.optional(),
  spiffe: spiffe.optional(),
  algorithms: z
    .array(algorithm)
    .min(1)
    .max(11)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe("How proofs may be signed; default: the provider's."),
  proofCheck: z
    .enum(['Signature', 'TokenReview'])
    .optional()
    .describe("kubernetes: whether this cluster's API server is also asked. Default for this cluster: TokenReview."),
  maxProofAge: duration.optional().describe('How old a proof may be, from its iat.'),
  state: z
    .enum(['Active', 'Suspended', 'Revoked'])
    .default('Active')
    .describe('Suspended stops issuance; Revoked also kills what was issued, and is terminal.'),
  revokeIssuedBefore: timestamp.optional().describe('Kills every token issued up to this time.'),
  deletionPolicy: z.enum(['Drain', 'Revoke']).optional().describe('Whether deletion also kills issued tokens.'),
  trustRules: z
    .array(trustRule)
    .min(1)
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('The first rule that matches wins.'),
};

/** Credentials for AWS: whoever is handed one could use it there. */
export const FOREIGN_AUDIENCES = ['sts.amazonaws.com', 'pods.eks.amazonaws.com'] as const;

/** What `policy/` also asks of claims and expressions is left to it: here a rule that has none is judged. */
const GITHUB_NARROW = [
  ...['owner', 'ownerId', 'repositoryId'].map((f) => `(has(r.match.${f}) && !r.match.${f}.contains('*'))`),
  "(has(r.match.repository) && r.match.repository.matches('^[^*/]+(/|$)'))",
].join(' || ');

const KUBERNETES_NARROW = ['__namespace__', 'serviceAccount']
  .map((f) => `(has(r.match.${f}) && r.match.${f}.matches('[^*]'))`)
  .join(' || ');

const sharedRules: CelRule[] = [
  {
    rule: "self.provider != 'oidc' || has(self.issuer)",
    message: 'provider oidc needs an issuer',
    reason: 'FieldValueRequired',
    fieldPath: '.issuer',
  },
  {
    rule: "!has(self.issuer) || self.issuer.startsWith('https://')",
    message: 'an issuer is https',
    reason: 'FieldValueInvalid',
    fieldPath: '.issuer',
  },
  {
    rule: "!self.audience.contains('*')",
    message: 'an audience is exact: it has no wildcards',
    reason: 'FieldValueInvalid',
    fieldPath: '.audience',
  },
  {
    rule: `!(self.audience in [${FOREIGN_AUDIENCES.map((a) => `'${a}'`).join(', ')}])`,
    message: 'proofs for AWS are credentials there: choose another audience',
    reason: 'FieldValueForbidden',
    fieldPath: '.audience',
  },
  {
    rule: `self.provider != 'github' || self.trustRules.all(r, has(r.deny) || has(r.match.claims) || has(r.match.expressions) || ${GITHUB_NARROW})`,
    message: 'GitHub signs for anybody: a rule names an owner or repository, the owner without wildcards',
    reason: 'FieldValueInvalid',
    fieldPath: '.trustRules',
  },
  {
    rule: 'self.trustRules.all(r, self.trustRules.exists_one(s, s.name == r.name))',
    message: 'rule names must be unique',
    reason: 'FieldValueInvalid',
    fieldPath: '.trustRules',
  },
  {
    rule: "!has(self.issuerTenants) || (has(self.issuer) && self.issuer.contains('{tenantid}'))",
    message: 'issuerTenants needs an issuer with {tenantid}',
    reason: 'FieldValueInvalid',
  },
  {
    rule: "!has(self.proofCheck) || self.proofCheck != 'TokenReview' || self.provider == 'kubernetes'",
    message: 'proofCheck TokenReview goes with provider kubernetes',
    reason: 'FieldValueInvalid',
  },
  {
    rule: "!has(self.proofCheck) || self.proofCheck != 'TokenReview' || !has(self.keys)",
    message: 'TokenReview is about this cluster, and keys are of another',
    reason: 'FieldValueInvalid',
  },
  {
    rule: "self.provider != 'kubernetes' || !has(self.keys) || has(self.issuer)",
    message: 'keys of another cluster need its issuer',
    reason: 'FieldValueRequired',
    fieldPath: '.issuer',
  },
  {
    rule: "!has(self.maxProofAge) || (duration(self.maxProofAge) >= duration('1s') && duration(self.maxProofAge) <= duration('24h'))",
    message: 'maxProofAge is 1s to 24h',
    reason: 'FieldValueInvalid',
    fieldPath: '.maxProofAge',
  },
  {
    rule: "oldSelf.state != 'Revoked' || self.state == 'Revoked'",
    message:
      'Revoked is terminal: create a policy of another name, and delete this one, to trust these identities again',
    reason: 'FieldValueForbidden',
    fieldPath: '.state',
  },
  ...SPIFFE_RULES,
  ...(['kubernetes', 'github', 'spiffe'] as const).map((p) => onlyFor(p)).filter((r) => r !== undefined),
];

export const trustPolicySpec = z.object(shared).meta(cel(...sharedRules));

export const clusterTrustPolicySpec = z
  .object({
    ...shared,
    tenant: template.optional().describe("The tenant of every token. Required but for this cluster's own accounts."),
    priority: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .default(0)
      .meta({ format: 'int32' })
      .describe('From 0 on before every TrustPolicy, below 0 after them; higher first.'),
  })
  .meta(
    cel(...sharedRules, {
      rule: `self.provider != 'kubernetes' || self.trustRules.all(r, has(r.deny) || has(r.match.claims) || has(r.match.expressions) || ${KUBERNETES_NARROW})`,
      message: 'a rule names a namespace or a service account: * alone is every account there is',
      reason: 'FieldValueInvalid',
      fieldPath: '.trustRules',
    }),
  );

const status = z.object({
  observedGeneration,
  reportedBy,
  phase: z
    .enum(['Pending', 'Active', 'Invalid', 'Suspended', 'Revoked'])
    .optional()
    .describe('The conditions in one word, for people.'),
  conditions: conditions.optional(),
  rules: z.int().min(0).max(64).optional().meta({ format: 'int32' }).describe('How many rules are served.'),
  revokedAt: timestamp.optional().describe('When the policy was revoked.'),
  tokensValidUntil: timestamp.optional().describe('When the last token that it gave has run out.'),
  longestTtl: duration.optional().describe('The longest ttl that its rules ever gave.'),
  effectiveEverywhereBy: timestamp.optional().describe('When every replica refuses, at the latest.'),
});

export const trustPolicyStatus = status;

export const trustPolicy = manifest('TrustPolicy', trustPolicySpec);
export const clusterTrustPolicy = manifest('ClusterTrustPolicy', clusterTrustPolicySpec);

export type TrustPolicySpec = z.infer<typeof trustPolicySpec>;
export type ClusterTrustPolicySpec = z.infer<typeof clusterTrustPolicySpec>;
export type TrustPolicy = Resource<'TrustPolicy', TrustPolicySpec>;
export type ClusterTrustPolicy = Resource<'ClusterTrustPolicy', ClusterTrustPolicySpec>;

const columns: KindMeta['columns'] = [
  { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
  { name: 'Proof-Aud', type: 'string', jsonPath: '.spec.audience' },
  { name: 'Rules', type: 'integer', jsonPath: '.status.rules' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Issuer', type: 'string', jsonPath: '.spec.issuer', priority: 1 },
  { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].message", priority: 1 },
];

export const trustPolicyMeta: KindMeta = {
  kind: 'TrustPolicy',
  plural: 'trustpolicies',
  singular: 'trustpolicy',
  shortNames: ['tpol'],
  scope: 'Namespaced',
  description: "Which of this namespace's identities get which tokens.",
  columns,
};

export const clusterTrustPolicyMeta: KindMeta = {
  kind: 'ClusterTrustPolicy',
  plural: 'clustertrustpolicies',
  singular: 'clustertrustpolicy',
  shortNames: ['ctpol'],
  scope: 'Cluster',
  description: 'Which identities, of any namespace and issuer, get which tokens: written by the platform team.',
  columns,
};
