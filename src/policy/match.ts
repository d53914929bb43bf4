/** Whether one rule decides, and what. Deciding and explaining both ask here, so they cannot disagree. */
import type { VerifiedIdentity } from '../identity.ts';
import { clientIdFault } from './client-id.ts';
import type { CompiledIssue, CompiledRule, ResourceGrant } from './model.ts';
import { holds, type Predicate } from './predicate.ts';
import type { Ask } from './resources.ts';
import { type Rendered, renderTemplate } from './template.ts';
import { renderTenant } from './tenancy.ts';
import { shown } from './text.ts';
import type { Attribute, Decision, DenyReason } from './types.ts';

/** What is asked: for what, and in which tenant if that was said. */
export interface Question {
  readonly ask: Ask;
  readonly tenant?: string;
}

/**
 * What the rule decides, or undefined: it is passed over.
 *
 * @param unproven the predicates that are not yet known to hold
 */
export function consider(
  rule: CompiledRule,
  identity: VerifiedIdentity,
  question: Question,
  unproven: readonly Predicate[] = rule.predicates,
): Decision | undefined {
  for (const predicate of unproven) if (!holds(predicate, identity)) return undefined;
  if (heedsAudience(rule) && !acceptsAudience(rule, identity)) return undefined;
  const { issue } = rule;
  if (!issue) return refuse(rule, 'denied_by_rule', 'the rule denies');
  if (!listsResource(issue, question.ask)) return undefined;
  if (question.tenant !== undefined) {
    const tenant = renderTenant(rule.policy.tenant, identity);
    // A tenant that cannot be told may be the one asked for: it refuses rather than falls through.
    if ('value' in tenant && tenant.value !== question.tenant) return undefined;
  }
  if (rule.policy.state === 'Suspended') return refuse(rule, 'policy_suspended', 'the policy is suspended');
  if (rule.policy.state === 'Revoked') return refuse(rule, 'policy_revoked', 'the policy is revoked');
  return grant(rule, issue, identity, question.ask);
}

/** A guardrail of the platform team holds for every proof, whatever it was made for. */
export function heedsAudience(rule: CompiledRule): boolean {
  return rule.issue !== undefined || rule.policy.ref.kind === 'TrustPolicy';
}

export function acceptsAudience(rule: CompiledRule, identity: VerifiedIdentity): boolean {
  return identity.audiences.includes(rule.policy.audience);
}

export function listsResource(issue: CompiledIssue, { resource, name }: Ask): boolean {
  const asked = resource?.name ?? name;
  return asked !== undefined && issue.resources.includes(asked);
}

function refuse(rule: CompiledRule, reason: DenyReason, detail: string): Decision {
  return { allowed: false, reason, detail, policy: rule.policy.ref, rule: rule.name, used: rule.used };
}

function grant(rule: CompiledRule, issue: CompiledIssue, identity: VerifiedIdentity, ask: Ask): Decision {
  const { policy } = rule;
  const given: ResourceGrant | undefined = issue.grants.find(({ resource }) => resource === ask.resource);
  if (!given) return refuse(rule, 'nothing_left', 'the resource that the rule names is not served');
  if (given.scopes?.length === 0)
    return refuse(rule, 'nothing_left', `the rule names none of the scopes of ${given.resource.name}`);
  const failed = (what: string, fault: string) => refuse(rule, 'template_failed', `${what}: ${fault}`);
  const tenant = renderTenant(policy.tenant, identity);
  if ('fault' in tenant) return failed('tenant', tenant.fault);
  let label: string | undefined;
  if (issue.label) {
    const rendered = renderTemplate(issue.label, identity);
    if ('fault' in rendered) return failed('labelTemplate', rendered.fault);
    label = rendered.value;
  }
  let clientId: string | undefined;
  if (issue.clientId) {
    const rendered = renderTemplate(issue.clientId, identity);
    const fault = 'fault' in rendered ? rendered.fault : clientIdFault(rendered.value);
    if (fault !== undefined) return failed('clientId', fault);
    if ('value' in rendered) clientId = rendered.value;
  }
  let caveats = issue.caveats as readonly Attribute[];
  if (!issue.hasFixedCaveats) {
    const rendered: Attribute[] = [];
    for (const { key, value } of issue.caveats) {
      const text: Rendered = typeof value === 'string' ? { value } : renderTemplate(value, identity);
      if ('fault' in text) return failed(`caveat ${key}`, text.fault);
      rendered.push({ key, value: text.value });
    }
    caveats = rendered;
  }
  return {
    allowed: true,
    terms: {
      identity,
      policy: policy.ref,
      rule: rule.name,
      tenant: tenant.value,
      resource: given.resource,
      ttl: given.ttl,
      ttlFromProof: issue.ttlFromProof,
      maxProofAge: policy.maxProofAge,
      ...(given.scopes && { scopes: given.scopes }),
      ...(given.budgetCredits !== undefined && { budgetCredits: given.budgetCredits }),
      budgetPer: issue.budgetPer,
      budgetWindow: issue.budgetWindow,
      caveats,
      ...(label !== undefined && { label }),
      ...(clientId !== undefined && { clientId }),
      ...(issue.actsFor && { actsFor: issue.actsFor }),
      ...(issue.delegation && { delegation: issue.delegation }),
      used: rule.used,
    },
  };
}

/**
 * Why nothing matched.
 *
 * @param audiencesOf the audiences that policies of an anchor accept
 */
export function nothingMatched(
  identities: readonly VerifiedIdentity[],
  { ask }: Question,
  audiencesOf: (anchor: string) => ReadonlySet<string> | undefined,
): Decision {
  const none = (reason: DenyReason, detail: string): Decision => ({ allowed: false, reason, detail, used: [] });
  const anyAudience = identities.some(({ anchor, audiences }) => {
    const accepted = audiencesOf(anchor);
    return accepted !== undefined && audiences.some((audience) => accepted.has(audience));
  });
  if (identities.length > 0 && !anyAudience)
    return none('wrong_audience', 'no policy that trusts this issuer accepts an audience of the proof');
  if (ask.fault === 'resource_mismatch')
    return none('resource_mismatch', 'resource, audience and scopes are not of one resource');
  if (ask.fault === 'unknown_resource')
    return none(
      'unknown_resource',
      `no such resource is served${ask.name === undefined ? '' : `: ${shown(ask.name, 80)}`}`,
    );
  return none('no_rule', 'no rule matches');
}
