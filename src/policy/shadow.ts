/** Rules that can never win, because an earlier one matches all that they do. */
import type { VerifiedIdentity } from '../identity.ts';
import { compileGlob, hasWildcard } from './glob.ts';
import { heedsAudience } from './match.ts';
import type { CompiledPolicy, CompiledRule, TenantSource } from './model.ts';
import { type Predicate, patternsOf, sameSource } from './predicate.ts';
import { type Entry, RuleIndex } from './rule-index.ts';

interface Unreachable {
  readonly rule: CompiledRule;
  readonly by: CompiledRule;
}

/**
 * Each unreachable rule with the first that covers it, policy by policy. Conservative: what it names is unreachable, it
 * may miss some.
 */
export function* findUnreachable(policies: readonly CompiledPolicy[]): Generator<readonly Unreachable[]> {
  const byAnchor = new Map<string, CompiledRule[]>();
  for (const { anchors, rules } of policies) {
    for (const { id } of anchors) {
      const all = byAnchor.get(id) ?? [];
      all.push(...rules);
      byAnchor.set(id, all);
    }
  }
  const indexes = new Map([...byAnchor].map(([id, rules]) => [id, new RuleIndex(rules)]));
  for (const { rules, anchors } of policies) {
    // A rule of several issuers is unreachable only if it is so for each; one that covers it for all is enough.
    const index = indexes.get(anchors[0]!.id);
    yield rules.flatMap((rule) => {
      const by = index && firstCovering(rule, index);
      return by ? [{ rule, by }] : [];
    });
  }
}

function firstCovering(rule: CompiledRule, index: RuleIndex): CompiledRule | undefined {
  let best: CompiledRule | undefined;
  // Whatever covers the rule also matches an identity that has just what the rule demands exactly.
  index.collect(specimen(rule), (chain) => {
    for (let entry: Entry | undefined = chain; entry && entry.ordinal < rule.ordinal; entry = entry.next)
      if ((!best || entry.ordinal < best.ordinal) && covers(entry.rule, rule)) best = entry.rule;
  });
  return best;
}

function specimen({ predicates, policy }: CompiledRule): VerifiedIdentity {
  const attributes = new Map<string, string>();
  const claims: Record<string, unknown> = Object.create(null);
  for (const { source, operator, exact } of predicates) {
    const [value] = exact;
    if (operator !== 'In' || value === undefined) continue;
    if (source.kind === 'attribute') attributes.set(source.name, value);
    else place(claims, source.path, value);
  }
  const anchor = policy.anchors[0]!;
  return {
    anchor: anchor.id,
    provider: policy.provider,
    issuer: anchor.issuer,
    subject: '',
    audiences: [policy.audience],
    claims,
    attributes,
    holder: { subject: '' },
    issuedAt: 0,
    expiresAt: 0,
  };
}

function place(claims: Record<string, unknown>, path: readonly string[], value: string): void {
  let at = claims;
  for (const name of path.slice(0, -1)) {
    const inner = at[name];
    if (typeof inner !== 'object' || inner === null) at[name] = Object.create(null);
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1) ?? ''] = value;
}

/** Whether `early` decides whatever `late` would. */
function covers(early: CompiledRule, late: CompiledRule): boolean {
  if (late.policy.anchors.some(({ id }) => !early.policy.anchors.some((anchor) => anchor.id === id))) return false;
  if (heedsAudience(early) && (!heedsAudience(late) || early.policy.audience !== late.policy.audience)) return false;
  if (early.issue) {
    // A deny decides for every resource and tenant, and so is never covered by what decides for some.
    if (!late.issue) return false;
    const { resources } = early.issue;
    if (!late.issue.resources.every((name) => resources.includes(name))) return false;
    if (!sameTenant(early.policy.tenant, late.policy.tenant)) return false;
  }
  return early.predicates.every((wanted) => late.predicates.some((given) => implies(given, wanted)));
}

function sameTenant(a: TenantSource, b: TenantSource): boolean {
  if (a.kind === 'fixed' && b.kind === 'fixed') return a.tenant === b.tenant;
  if (a.kind === 'template' && b.kind === 'template') return a.template.text === b.template.text;
  return a.kind === b.kind;
}

/** Whether whatever fulfils `given` fulfils `wanted`. */
function implies(given: Predicate, wanted: Predicate): boolean {
  if (!sameSource(given.source, wanted.source)) return false;
  switch (wanted.operator) {
    case 'In':
      return given.operator === 'In' && patternsOf(given).every((pattern) => isWithin(pattern, wanted));
    case 'NotIn': {
      const refused = new Set(patternsOf(given));
      return given.operator === 'NotIn' && patternsOf(wanted).every((pattern) => refused.has(pattern));
    }
    case 'Exists':
      return given.operator !== 'DoesNotExist';
    default:
      return given.operator === wanted.operator;
  }
}

function isWithin(pattern: string, { exact, globs }: Predicate): boolean {
  if (exact.includes(pattern) || globs.some((glob) => glob.pattern === pattern)) return true;
  if (globs.some((glob) => glob.pattern === '**')) return true;
  return !hasWildcard(pattern) && globs.some((glob) => compileGlob(glob.pattern).matches(pattern));
}
