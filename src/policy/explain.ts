/** Why a decision is what it is: every rule of the identity's anchors, predicate by predicate, in the one order. */
import type { VerifiedIdentity } from '../identity.ts';
import { acceptsAudience, consider, heedsAudience, listsResource, type Question } from './match.ts';
import type { CompiledRule } from './model.ts';
import { holds, type Predicate, patternsOf, readValue } from './predicate.ts';
import { renderTenant } from './tenancy.ts';
import { shown } from './text.ts';
import type { Decision, PredicateTrace, RuleTrace } from './types.ts';

/** @param rules of the identities' anchors, in the one order */
export function traceRules(
  rules: readonly CompiledRule[],
  identities: readonly VerifiedIdentity[],
  question: Question,
): { readonly decision?: Decision; readonly rules: readonly RuleTrace[] } {
  let decision: Decision | undefined;
  const traces: RuleTrace[] = [];
  for (const rule of rules) {
    for (const identity of identities) {
      if (!rule.policy.anchors.some(({ id }) => id === identity.anchor)) continue;
      let verdict: RuleTrace['verdict'] = 'not_reached';
      if (!decision) {
        decision = consider(rule, identity, question);
        verdict = decision ? (decision.allowed ? 'granted' : 'denied') : 'no_match';
      }
      traces.push({
        policy: rule.policy.ref,
        rule: rule.name,
        verdict,
        predicates: tracePredicates(rule, identity, question),
      });
    }
  }
  return { ...(decision && { decision }), rules: traces };
}

function tracePredicates(rule: CompiledRule, identity: VerifiedIdentity, question: Question): PredicateTrace[] {
  const traces = rule.predicates.map((predicate) => tracePredicate(predicate, identity));
  const { policy, issue } = rule;
  if (heedsAudience(rule)) {
    const expected = shown(policy.audience);
    traces.push({
      predicate: 'audience',
      expected,
      ...found(identity.audiences),
      holds: acceptsAudience(rule, identity),
    });
  }
  if (!issue) return traces;
  const { ask, tenant: asked } = question;
  const resource = ask.resource?.name ?? ask.name;
  traces.push({
    predicate: 'resource',
    expected: `one of ${shown(issue.resources)}`,
    ...found(resource),
    holds: listsResource(issue, ask),
  });
  if (asked !== undefined) {
    const tenant = renderTenant(policy.tenant, identity);
    const isTold = 'value' in tenant;
    traces.push({
      predicate: 'tenant',
      expected: isTold ? shown(tenant.value) : `a tenant, but ${tenant.fault}`,
      ...found(asked),
      holds: !isTold || tenant.value === asked,
    });
  }
  return traces;
}

function tracePredicate(predicate: Predicate, identity: VerifiedIdentity): PredicateTrace {
  return {
    predicate: predicate.label,
    expected: expectation(predicate),
    ...found(readValue(predicate.source, identity)),
    holds: holds(predicate, identity),
  };
}

function found(value: unknown): { actual?: string } {
  return value === undefined ? {} : { actual: shown(value) };
}

function expectation(predicate: Predicate): string {
  const values = patternsOf(predicate);
  switch (predicate.operator) {
    case 'In':
      return values.length === 1 ? shown(values[0]) : `one of ${shown(values)}`;
    case 'NotIn':
      return `none of ${shown(values)}`;
    case 'Exists':
      return 'any value';
    case 'DoesNotExist':
      return 'no value';
    case 'IsTrue':
      return 'true';
    case 'IsFalse':
      return 'false';
  }
}
